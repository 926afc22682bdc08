//! The writer thread: the only one that changes `data.db`.

mod group;
mod housekeeping;
mod member;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use tokio::sync::oneshot;

use super::{Idempotency, Job, MirrorUser, options::OnCommit, reply::Promise, shared::Shared};
use crate::{
    protocol::{
        error::{Code, Error, Result},
        result::Body,
    },
    store::data::writer::Writer,
};
pub use housekeeping::Keep;

/// Members of one group at most.
const MAX_GROUP: usize = 256;
/// Bytes of the jobs of one group at most, about.
const MAX_GROUP_BYTES: usize = 2 << 20;

/// What the writer thread is sent.
pub enum Message {
    Member(Box<Pending>),
    Control(Control),
    /// Nothing after this is run.
    Stop,
}

/// Something to be run within a group.
pub enum Task {
    Run(Job),
    /// Keeps the answer of a read under its key.
    Keep {
        user_id: i64,
        idempotency: Idempotency,
        body: Body,
    },
}

impl Task {
    /// About what it holds in memory while it waits, bytes.
    pub fn weight(&self) -> usize {
        match self {
            Self::Run(job) => job.weight(),
            Self::Keep { body, .. } => 256 + body.0.len(),
        }
    }
}

/// A task that waits for its answer.
pub struct Pending {
    task: Task,
    promise: Promise,
    since: Instant,
    bytes: usize,
    /// To be run in a transaction of its own.
    alone: bool,
    /// It broke its group: not to be run again.
    refused: Option<Error>,
}

impl Pending {
    pub fn new(task: Task, promise: Promise, since: Instant, bytes: usize) -> Self {
        Self {
            task,
            promise,
            since,
            bytes,
            alone: false,
            refused: None,
        }
    }

    pub fn answer(self, outcome: Result<Body>) {
        self.promise.keep(outcome);
    }
}

/// The hub's own writes: a transaction each, between groups.
pub enum Control {
    MirrorUsers {
        users: Vec<MirrorUser>,
        done: oneshot::Sender<Result<()>>,
    },
    TrimAudit {
        up_to: i64,
        done: oneshot::Sender<Result<()>>,
    },
    TrimNotifications {
        up_to: i64,
        done: oneshot::Sender<Result<()>>,
    },
    /// For tests: as if the disk were full at this many pages.
    LimitPages {
        pages: Option<u32>,
        done: oneshot::Sender<Result<()>>,
    },
}

pub struct WriterThread {
    pub writer: Writer,
    pub receiver: Receiver<Message>,
    pub waiting_bytes: Arc<AtomicUsize>,
    pub link: Arc<Shared>,
    pub statement_timeout: Duration,
    pub keep: Keep,
    pub on_commit: OnCommit,
}

impl WriterThread {
    /// Until [`Message::Stop`] or until no handle is left.
    pub fn run(mut self) {
        loop {
            let message = match self.receiver.recv_timeout(housekeeping::TICK) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let stop = catch_unwind(AssertUnwindSafe(|| {
                let stop = message.is_some_and(|message| self.handle(message));
                self.keep_house();
                stop
            }));
            match stop {
                Ok(false) => {}
                Ok(true) => break,
                Err(_) => {
                    tracing::error!("the writer panicked; its transaction is given up");
                    self.writer.rollback();
                }
            }
        }
        self.refuse_the_rest();
        if let Err(cause) = self.writer.checkpoint(Duration::from_secs(2)) {
            tracing::warn!(%cause, "the write-ahead log was not emptied");
        }
    }

    /// Runs a message, and whatever waits behind it. Whether to stop.
    fn handle(&mut self, first: Message) -> bool {
        let mut members = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        loop {
            match next {
                Some(Message::Member(member)) => {
                    bytes += member.bytes;
                    members.push(*member);
                    if members.len() == MAX_GROUP || bytes >= MAX_GROUP_BYTES {
                        self.run_group(members, bytes);
                        return false;
                    }
                }
                Some(Message::Control(control)) => {
                    self.run_group(members, bytes);
                    self.control(control);
                    return false;
                }
                Some(Message::Stop) => {
                    self.run_group(members, bytes);
                    return true;
                }
                None => {
                    self.run_group(members, bytes);
                    return false;
                }
            }
            next = self.receiver.try_recv().ok();
        }
    }

    fn run_group(&mut self, members: Vec<Pending>, bytes: usize) {
        self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.link
            .metrics
            .writer_queue
            .set(i64::try_from(self.receiver.len()).unwrap_or(i64::MAX));
        self.run_members(members);
    }

    fn control(&mut self, control: Control) {
        // Whoever asked may have stopped waiting: then there is nobody to tell.
        let _ = match control {
            Control::MirrorUsers { users, done } => {
                done.send(self.transaction(|writer| writer.mirror_users(&users)))
            }
            Control::TrimAudit { up_to, done } => {
                done.send(self.transaction(|writer| writer.trim_audit(up_to)))
            }
            Control::TrimNotifications { up_to, done } => {
                done.send(self.transaction(|writer| writer.trim_notifications(up_to)))
            }
            Control::LimitPages { pages, done } => done.send(self.writer.limit_pages(pages)),
        };
    }

    /// A transaction of the hub's own. What other programs wrote before it is told as usual.
    fn transaction<T>(&mut self, work: impl FnOnce(&mut Writer) -> Result<T>) -> Result<T> {
        let foreign = self.writer.begin()?;
        let result = work(&mut self.writer);
        if result.is_err() {
            self.writer.rollback();
            return result;
        }
        if let Some(schema) = self.writer.commit()? {
            self.link.set_schema(schema);
        }
        self.link.set_head(self.writer.head());
        self.tell_of_notifications();
        self.link.set_answered(self.writer.head());
        if let Some(foreign) = foreign {
            self.link.metrics.commits.inc();
            self.publish(vec![Arc::new(foreign)]);
        }
        result
    }

    /// Wakes whoever copies what the rules said, where they said something.
    fn tell_of_notifications(&mut self) {
        if self.writer.take_fired() {
            self.link.fired.notify_one();
        }
    }

    fn refuse_the_rest(&mut self) {
        while let Ok(message) = self.receiver.try_recv() {
            if let Message::Member(member) = message {
                member.answer(Err(Error::of(Code::Unavailable)));
            }
        }
    }
}
