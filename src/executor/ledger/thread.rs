//! The thread: takes what waits, runs it in one transaction, answers, tells of the events and the counts.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::oneshot;

use super::{
    OnPosted,
    tx::{Telling, Tx},
};
use crate::{
    config,
    domain::{Posted, timestamp},
    executor::shared::{MAX_WAIT, busy},
    protocol::error::Error as Public,
    store::hub::{self, Connection, HubStore, Lent, events},
    telemetry::Metrics,
};

/// Pieces of work in one transaction at most.
const MAX_GROUP: usize = 256;
/// A group ends once it has taken this long: the answers of its members wait for its COMMIT.
const GROUP_BUDGET: Duration = Duration::from_millis(100);
/// Between two looks at what is past retention; sooner where there was more than went at once.
const TRIM_EVERY: Duration = Duration::from_secs(5);
const TRIM_MORE: Duration = Duration::from_millis(250);
/// Events forgotten at once, so that nobody waits for it.
const TRIM_AT_ONCE: i64 = 5_000;

/// A piece of work, its outcome, and who waits for it.
pub(super) trait Job: Send {
    /// Runs the work; keeps what it answers.
    fn run(&mut self, tx: &mut Tx<'_>) -> hub::Result<()>;
    /// Its outcome is this error, whatever it was before.
    fn fail(&mut self, error: Public);
    fn answer(self: Box<Self>);
    fn waited(&self) -> Duration;
}

pub(super) enum Message {
    Work(Box<dyn Job>),
    /// Nothing after this is run; dropped when the thread has let go of the database.
    Stop(oneshot::Sender<()>),
}

pub(super) struct Ledger {
    pub store: HubStore,
    pub receiver: Receiver<Message>,
    pub head: Arc<AtomicU64>,
    pub keep: config::Changes,
    pub metrics: Metrics,
    pub on_posted: OnPosted,
    /// Held as long as it works: a checkout for each group would be a statement more.
    pub connection: Option<Lent>,
    /// When it looks for what is past retention again.
    pub trim_at: Instant,
}

impl Ledger {
    /// Until [`Message::Stop`] or until no handle is left.
    pub fn run(mut self) {
        let mut stopped = None;
        loop {
            let mut jobs = Vec::new();
            let mut stop = false;
            match self.receiver.recv_deadline(self.trim_at) {
                Ok(Message::Work(job)) => jobs.push(job),
                Ok(Message::Stop(done)) => (stop, stopped) = (true, Some(done)),
                Err(RecvTimeoutError::Disconnected) => stop = true,
                Err(RecvTimeoutError::Timeout) => {}
            }
            while !stop && !jobs.is_empty() && jobs.len() < MAX_GROUP {
                match self.receiver.try_recv() {
                    Ok(Message::Work(job)) => jobs.push(job),
                    Ok(Message::Stop(done)) => (stop, stopped) = (true, Some(done)),
                    Err(_) => break,
                }
            }
            self.metrics
                .ledger_queue
                .set(i64::try_from(self.receiver.len()).unwrap_or(i64::MAX));
            self.run_group(jobs);
            self.trim();
            if stop {
                break;
            }
        }
        for message in self.receiver.try_iter() {
            if let Message::Work(mut job) = message {
                job.fail(Public::of(crate::protocol::error::Code::Unavailable));
                job.answer();
            }
        }
        self.connection = None;
        drop(stopped);
    }

    fn run_group(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        while !jobs.is_empty() {
            let begun = Instant::now();
            match self.attempt(&mut jobs) {
                Ok((done, posted)) => {
                    self.metrics.ledger_seconds.observe(begun.elapsed().as_secs_f64());
                    self.metrics.ledger_group_size.observe(done as f64);
                    self.finish(jobs.drain(..done), posted);
                }
                Err(error) => {
                    // The connection may be in the middle of something.
                    self.connection = None;
                    self.one_by_one(&mut jobs, error);
                }
            }
        }
    }

    /// The whole transaction was lost: perhaps one is guilty, so each is tried by itself.
    fn one_by_one(&mut self, jobs: &mut Vec<Box<dyn Job>>, error: hub::Error) {
        if jobs.len() == 1 {
            let error = Public::from(error);
            jobs.iter_mut().for_each(|job| job.fail(error.clone()));
            return self.finish(jobs.drain(..), Posted::default());
        }
        for mut job in jobs.drain(..) {
            if job.waited() > MAX_WAIT {
                // Where a lock is held for long, each attempt waits for it.
                job.fail(busy());
                job.answer();
                continue;
            }
            let mut alone = vec![job];
            match self.attempt(&mut alone) {
                Ok((_, posted)) => self.finish(alone.drain(..), posted),
                Err(error) => {
                    self.connection = None;
                    let error = Public::from(error);
                    alone.iter_mut().for_each(|job| job.fail(error.clone()));
                    self.finish(alone.drain(..), Posted::default());
                }
            }
        }
    }

    /// Runs the first jobs in one transaction: how many, and what they tell. An error: nothing of them was kept.
    fn attempt(&mut self, jobs: &mut [Box<dyn Job>]) -> hub::Result<(usize, Posted)> {
        let conn: &mut Connection = match &mut self.connection {
            Some(conn) => conn,
            none => none.insert(self.store.connection()?),
        };
        hub::write(conn, |conn| {
            // Not before: waiting for whoever else writes would leave groups of one, and more waiting.
            let begun = Instant::now();
            let mut telling = Telling::default();
            let mut done = 0;
            for job in jobs {
                if done > 0 && begun.elapsed() > GROUP_BUDGET {
                    break;
                }
                done += 1;
                if job.waited() > MAX_WAIT {
                    job.fail(busy());
                    continue;
                }
                match run_one(conn, job.as_mut()) {
                    Ok(more) => telling.append(more),
                    Err(error) if error.is_of_the_request() => job.fail(Public::from(error)),
                    Err(error) => return Err(error),
                }
            }
            Ok((done, telling.into_posted()))
        })
    }

    fn finish(&self, jobs: impl Iterator<Item = Box<dyn Job>>, posted: Posted) {
        if let Some(last) = posted.events.last() {
            self.head.fetch_max(last.n, Ordering::AcqRel);
        }
        jobs.for_each(Job::answer);
        if !posted.is_empty() && catch_unwind(AssertUnwindSafe(|| (self.on_posted)(posted))).is_err() {
            tracing::error!("the feed panicked");
        }
    }

    /// Forgets events past retention, now and then.
    fn trim(&mut self) {
        if Instant::now() < self.trim_at {
            return;
        }
        self.trim_at = Instant::now() + TRIM_EVERY;
        let age_ms = i64::try_from(self.keep.retention_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let before_ms = timestamp::now_ms().saturating_sub(age_ms);
        let most = i64::try_from(self.keep.retention_rows).unwrap_or(i64::MAX);
        let Some(conn) = &mut self.connection else {
            return;
        };
        // Looked up first: a transaction would wait for whoever else writes.
        let trimmed = events::past(conn, before_ms, most, TRIM_AT_ONCE).and_then(|past| match past {
            Some(upto) => hub::write(conn, |conn| events::forget(conn, upto)).map(|()| true),
            None => Ok(false),
        });
        match trimmed {
            Ok(true) => self.trim_at = Instant::now() + TRIM_MORE,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "events past retention could not be forgotten; it is tried again");
            }
        }
    }
}

/// Within a savepoint: an error of the work undoes it alone.
fn run_one(conn: &mut Connection, job: &mut dyn Job) -> hub::Result<Telling> {
    let now_ms = timestamp::now_ms();
    hub::savepoint(conn, |conn| {
        let mut tx = Tx::new(conn, now_ms);
        catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)))
            .unwrap_or_else(|_| Err(Public::internal("a piece of work panicked").into()))?;
        Ok(tx.into_telling())
    })
}
