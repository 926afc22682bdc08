//! What others hold of the executor.

use std::{ops::ControlFlow, path::Path, sync::Arc, time::Duration, time::Instant};

use actix::Addr;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{
    Executor,
    job::{Job, LogPage, MirrorUser, Reply, WriteAudit},
    local::LocalReader,
    messages::{Backup, Shutdown},
    reader::{Reader, ReaderOptions},
    readers::{Inspect, Read, Readers},
    reply::Promise,
    shared::{Shared, WriterLink, busy},
    writer::{Control, Message, Task},
};
use crate::{
    domain::{Change, Epoch, Schema},
    protocol::{
        error::{Code, Error, Result},
        result::Body,
    },
    store::data::{
        audit_outbox,
        error::from_sqlite,
        log,
        notification_outbox::{self, Fired},
    },
};

/// How long the hub's own requests wait for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A read takes a further permit for each so many bytes it holds, so that the queue is bounded in both.
const BYTES_PER_PERMIT: usize = 64 << 10;

/// Visits the changes of one commit, in order, until it breaks.
pub type Visit = Box<dyn FnMut(&Change) -> ControlFlow<()> + Send + 'static>;

#[derive(Clone)]
pub struct ExecutorHandle {
    shared: Arc<Shared>,
    writer: WriterLink,
    readers: Readers,
    local: ReaderOptions,
    executor: Addr<Executor>,
}

impl ExecutorHandle {
    pub(super) fn new(
        shared: Arc<Shared>,
        writer: WriterLink,
        readers: Readers,
        local: ReaderOptions,
        executor: Addr<Executor>,
    ) -> Self {
        Self {
            shared,
            writer,
            readers,
            local,
            executor,
        }
    }

    /// Hands over a job. `reply` is always called exactly once, with `busy` at once where the queue is full.
    /// Jobs of the writer run and are answered in the order submitted.
    pub fn submit(&self, job: Job, reply: Reply) {
        let promise = Promise::new(reply);
        if !job.work.is_read() {
            return self.writer.submit(Task::Run(job), promise);
        }
        if !self.shared.is_accepting() {
            return promise.keep(Err(Error::of(Code::Unavailable)));
        }
        match self.readers.permits.clone().try_acquire_many_owned(permits(&job)) {
            Ok(permit) => self.readers.read(Read {
                job,
                promise,
                since: Instant::now(),
                permit,
            }),
            Err(_) => promise.keep(Err(busy())),
        }
    }

    /// [`ExecutorHandle::submit`] as a future.
    pub async fn run(&self, job: Job) -> Result<Body> {
        let (sender, receiver) = oneshot::channel();
        let reply = move |outcome| {
            let _ = sender.send(outcome); // whoever asked may be gone
        };
        self.submit(job, Box::new(reply));
        receiver.await.map_err(Error::internal)?
    }

    /// For a network worker: connections of its own, for reads that are known to be quick.
    pub fn local_reader(&self) -> LocalReader {
        LocalReader::new(self.local.clone())
    }

    /// The last durable commit.
    pub fn head(&self) -> u64 {
        self.shared.head()
    }

    pub fn epoch(&self) -> Epoch {
        self.shared.epoch
    }

    /// The schema as of the last time it changed.
    pub fn schema(&self) -> Arc<Schema> {
        self.shared.schema()
    }

    /// Commits after `after` that were answered, at most about `max_bytes` of them.
    pub async fn read_log(&self, after: u64, max_bytes: usize) -> Result<LogPage> {
        let mut page = self
            .inspect(move |reader| {
                let shapes = &mut reader.shapes;
                let (page, _) = reader
                    .connections
                    .full(|conn, _| log::page(conn, shapes, after, max_bytes).map_err(from_sqlite))?;
                Ok(page)
            })
            .await?;
        page.end_at(self.shared.answered(page.head).await);
        Ok(page)
    }

    /// Visits the changes of a commit that is `Changes::Stored`. `not_found` once it is past retention.
    pub async fn visit_commit(&self, n: u64, mut visit: Visit) -> Result<()> {
        self.inspect_at(Readers::inspect_slowly, move |reader| {
            let shapes = &mut reader.shapes;
            let (found, _) = reader
                .connections
                .full(|conn, _| log::visit_commit(conn, shapes, n, &mut visit).map_err(from_sqlite))?;
            if found {
                Ok(())
            } else {
                Err(Error::of(Code::NotFound))
            }
        })
        .await
    }

    /// Makes `_comptoir_user` equal to `users`.
    pub async fn mirror_users(&self, users: Vec<MirrorUser>) -> Result<()> {
        self.control(|done| Control::MirrorUsers { users, done }).await
    }

    /// Audited writes after `after_seq`, in order, at most `limit`.
    pub async fn audit_page(&self, after_seq: i64, limit: usize) -> Result<Vec<WriteAudit>> {
        self.inspect(move |reader| {
            let (page, _) = reader
                .connections
                .full(|conn, _| audit_outbox::page(conn, after_seq, limit).map_err(from_sqlite))?;
            Ok(page)
        })
        .await
    }

    /// Forgets audited writes up to `up_to_seq` (but never the newest), once they are copied.
    pub async fn audit_trim(&self, up_to_seq: i64) -> Result<()> {
        self.control(|done| Control::TrimAudit {
            up_to: up_to_seq,
            done,
        })
        .await
    }

    /// Waits until notification rules fired in a commit. One waiter at a time; what happened while nobody waited counts.
    pub async fn notifications_fired(&self) {
        self.shared.fired.notified().await;
    }

    /// What rules said after `after_seq`, in order, at most `limit`.
    pub async fn notifications_page(&self, after_seq: i64, limit: usize) -> Result<Vec<Fired>> {
        self.inspect(move |reader| {
            let (page, _) = reader
                .connections
                .full(|conn, _| notification_outbox::page(conn, after_seq, limit).map_err(from_sqlite))?;
            Ok(page)
        })
        .await
    }

    /// Forgets what rules said up to `up_to_seq` (but never the newest), once it is copied.
    pub async fn notifications_trim(&self, up_to_seq: i64) -> Result<()> {
        self.control(|done| Control::TrimNotifications {
            up_to: up_to_seq,
            done,
        })
        .await
    }

    /// Copies `data.db` to `path` online; answers the commit it stands at. The copy is verified. `busy` while
    /// another one is made.
    pub async fn backup(&self, path: &Path) -> Result<u64> {
        let to = path.to_owned();
        self.executor
            .send(Backup { to })
            .await
            .map_err(|_| Error::of(Code::Unavailable))?
    }

    /// Answers what is queued, checkpoints, closes. Whatever is submitted from now on is `unavailable`.
    pub async fn shutdown(&self) {
        let _ = self.executor.send(Shutdown).await; // an actor that is gone has nothing to close
    }

    /// For tests: as if the disk were full at this many pages.
    #[doc(hidden)]
    pub async fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        self.control(|done| Control::LimitPages { pages, done }).await
    }

    /// Something of the hub's own on a reader thread.
    async fn inspect<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.inspect_at(Readers::inspect, work).await
    }

    async fn inspect_at<T: Send + 'static>(
        &self,
        queue: impl FnOnce(&Readers, Inspect, OwnedSemaphorePermit),
        work: impl FnOnce(&mut Reader) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = tokio::time::timeout(PATIENCE, self.readers.permits.clone().acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(|_| Error::of(Code::Unavailable))?;
        let (sender, receiver) = oneshot::channel();
        let work = Box::new(move |reader: &mut Reader| {
            let _ = sender.send(work(reader)); // whoever asked may be gone
        });
        queue(&self.readers, work, permit);
        answered(receiver).await
    }

    /// Something of the hub's own on the writer thread. Waits where the queue is full.
    async fn control(&self, make: impl FnOnce(oneshot::Sender<Result<()>>) -> Control) -> Result<()> {
        let (done, receiver) = oneshot::channel();
        let mut message = Message::Control(make(done));
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.writer.sender.try_send(message) {
                Ok(()) => return answered(receiver).await,
                Err(crossbeam_channel::TrySendError::Full(back)) if Instant::now() < deadline => {
                    message = back;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(crossbeam_channel::TrySendError::Full(_)) => return Err(busy()),
                Err(crossbeam_channel::TrySendError::Disconnected(_)) => {
                    return Err(Error::of(Code::Unavailable));
                }
            }
        }
    }
}

/// What a read takes of the readers' permits: one, and more where it is large.
fn permits(job: &Job) -> u32 {
    u32::try_from(job.weight() / BYTES_PER_PERMIT).map_or(1, |n| n.saturating_add(1))
}

async fn answered<T>(receiver: oneshot::Receiver<Result<T>>) -> Result<T> {
    match tokio::time::timeout(PATIENCE, receiver).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Error::of(Code::Unavailable)),
        Err(_) => Err(Error::of(Code::Timeout)),
    }
}
