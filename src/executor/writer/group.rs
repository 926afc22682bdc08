//! Group commit: one transaction for whatever waits, a savepoint for each member, one COMMIT, then the answers.
//!
//! Some errors make SQLite roll the whole transaction back (an interrupted write, a full disk, `OR ROLLBACK`,
//! `RAISE(ROLLBACK)`). Then the others are run again without the guilty one. A member that takes long is
//! run again by itself, at its place in the order.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Pending, WriterThread, member};
use crate::{
    domain::Commit,
    executor::shared::{MAX_WAIT, busy},
    protocol::{
        error::{Code, Error, Result},
        result::Body,
    },
};

/// What one member may take of a group's time. Past it, it is run by itself, with its full time.
const MEMBER_BUDGET: Duration = Duration::from_millis(200);
/// A group ends once it has taken this long: the answers of its members wait for its COMMIT.
const GROUP_BUDGET: Duration = Duration::from_millis(250);
/// A group ends once its answers and changes hold this much memory until they can be handed on, bytes.
const GROUP_BYTES: usize = 16 << 20;
/// After this many failures of the disk in one group, each member is tried by itself: one large write may
/// fail where small ones fit, and a full disk must not cost a rerun of all for each of them.
const DISK_FAILURES: usize = 3;

/// What became of a group.
enum Attempt {
    /// The first members were committed, or failed by themselves. At least one.
    Ended {
        outcomes: Vec<Result<Body>>,
        commits: Vec<Arc<Commit>>,
    },
    /// A member took the whole transaction with it.
    Broken { at: usize, error: Error },
    /// A notification rule took the whole transaction with it; it is left out from now on.
    Again,
    /// BEGIN failed: nobody's fault.
    NotBegun(Error),
    /// COMMIT failed: perhaps somebody's.
    NotCommitted(Error),
}

impl WriterThread {
    /// Runs members in order, in as few transactions as can be, and answers them in order.
    pub(super) fn run_members(&mut self, members: Vec<Pending>) {
        let mut queue = VecDeque::from(members);
        let mut disk_failures = 0;
        while !queue.is_empty() {
            let count = match queue.iter().position(|member| member.alone) {
                Some(0) => 1,
                Some(first_alone) => first_alone,
                None => queue.len(),
            };
            match self.attempt(&queue.make_contiguous()[..count]) {
                Attempt::Ended { outcomes, commits } => {
                    let ended = queue.drain(..outcomes.len());
                    for (member, outcome) in ended.zip(outcomes) {
                        member.answer(outcome);
                    }
                    self.link.set_answered(self.writer.head());
                    self.publish(commits);
                }
                Attempt::Broken { at, error } => {
                    let guilty = &mut queue[at];
                    if error.code == Code::Unavailable {
                        disk_failures += 1;
                    }
                    if error.code == Code::Timeout && count > 1 {
                        guilty.alone = true;
                    } else {
                        guilty.refused = Some(error);
                    }
                    if disk_failures >= DISK_FAILURES {
                        queue.iter_mut().for_each(|member| member.alone = true);
                    }
                }
                Attempt::Again => {}
                Attempt::NotCommitted(_) if count > 1 => {
                    queue
                        .iter_mut()
                        .take(count)
                        .for_each(|member| member.alone = true);
                }
                Attempt::NotBegun(error) | Attempt::NotCommitted(error) => {
                    for member in queue.drain(..count) {
                        member.answer(Err(error.clone()));
                    }
                }
            }
        }
    }

    fn attempt(&mut self, members: &[Pending]) -> Attempt {
        if members.iter().all(|member| member.refused.is_some()) {
            return Attempt::Ended {
                outcomes: members
                    .iter()
                    .filter_map(|m| m.refused.clone().map(Err))
                    .collect(),
                commits: Vec::new(),
            };
        }
        let begun = Instant::now();
        let mut commits = match self.writer.begin() {
            Ok(foreign) => Vec::from_iter(foreign.map(Arc::new)),
            Err(error) => return Attempt::NotBegun(error),
        };
        let mut outcomes = Vec::with_capacity(members.len());
        let mut held = 0;
        for (at, member) in members.iter().enumerate() {
            if at > 0 && (begun.elapsed() > GROUP_BUDGET || held > GROUP_BYTES) {
                break;
            }
            match self.run_member(member, members.len() == 1) {
                Ok(Ok(done)) => {
                    held += done.weight();
                    commits.extend(done.commit.map(Arc::new));
                    outcomes.push(Ok(done.body));
                }
                Ok(Err(error)) => outcomes.push(Err(error)),
                Err(Lost(error)) => {
                    self.writer.rollback();
                    if self.writer.take_rule_broke() {
                        return Attempt::Again;
                    }
                    return Attempt::Broken { at, error };
                }
            }
        }
        match self.writer.commit() {
            Ok(new_schema) => {
                if let Some(schema) = new_schema {
                    self.link.set_schema(schema);
                }
                self.link.set_head(self.writer.head());
                self.tell_of_notifications();
                let metrics = &self.link.metrics;
                metrics.commit_seconds.observe(begun.elapsed().as_secs_f64());
                metrics.group_size.observe(outcomes.len() as f64);
                metrics.commits.inc_by(commits.len() as u64);
                Attempt::Ended { outcomes, commits }
            }
            Err(error) => Attempt::NotCommitted(error),
        }
    }

    /// Runs one member within its savepoint. Its own error leaves the transaction as it was before it.
    fn run_member(&mut self, member: &Pending, alone: bool) -> Result<Result<member::Done>, Lost> {
        if let Some(error) = &member.refused {
            return Ok(Err(error.clone()));
        }
        if member.since.elapsed() > MAX_WAIT {
            return Ok(Err(busy()));
        }
        let limit = if alone {
            self.statement_timeout
        } else {
            MEMBER_BUDGET.min(self.statement_timeout)
        };
        let mark = self.writer.savepoint().map_err(Lost)?;
        let ran = catch_unwind(AssertUnwindSafe(|| {
            member::run(&mut self.writer, &member.task, &mark, limit)
        }));
        let error = match ran {
            Ok(Ok(done)) => return Ok(Ok(done)),
            Ok(Err(error)) => error,
            Err(_) => return Err(Lost(Error::internal("a write panicked"))),
        };
        let wants_more_time = error.code == Code::Timeout && !alone;
        if wants_more_time || !self.writer.in_transaction() {
            return Err(Lost(error));
        }
        self.writer.undo(&mark).map_err(Lost)?;
        Ok(Err(error))
    }

    /// Tells of durable commits, after their answers.
    pub(super) fn publish(&self, commits: Vec<Arc<Commit>>) {
        if !commits.is_empty() && catch_unwind(AssertUnwindSafe(|| (self.on_commit)(commits))).is_err() {
            tracing::error!("the feed panicked");
        }
    }
}

/// The transaction is gone, or must go, with this error of one member.
struct Lost(Error);
