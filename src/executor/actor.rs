//! The actor that owns the executor's threads.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    thread,
    time::Duration,
};

use actix::{Actor, AsyncContext, Context, Handler, ResponseFuture};
use tokio::sync::{Semaphore, oneshot};

use super::{
    ExecutorHandle, ExecutorOptions, StartError, Started,
    messages::{Backup, Shutdown},
    reader::ReaderOptions,
    readers::Readers,
    shared::{READER_QUEUE, Shared, WRITER_QUEUE, WriterLink, file_size},
    writer::{Keep, Message, WriterThread},
};
use crate::{
    protocol::error::{Code, Error, Result},
    store::data::{
        backup,
        open::{self, OpenOptions},
        rules::Rules,
        statement::RunLimits,
        writer::Writer,
    },
};

/// Between two looks at the sizes of files and queues.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);
/// How long a shutdown waits for reads, and then for the writer.
const READERS_END: Duration = Duration::from_secs(3);
const WRITER_ENDS: Duration = Duration::from_secs(6);

/// The database executor.
pub struct Executor {
    shared: Arc<Shared>,
    writer: WriterLink,
    reads: Arc<Semaphore>,
    /// Told when the writer has closed the file.
    closed: Option<oneshot::Receiver<()>>,
    copying: Arc<Semaphore>,
}

impl Executor {
    /// Opens the business database (blocking) and starts the threads. Within a running actix system.
    pub fn start(options: ExecutorOptions) -> Result<Started, StartError> {
        let opened = open::open(&OpenOptions {
            path: &options.path,
            migrations: &options.migrations,
            users: options.users.as_deref(),
            seed: options.seed.as_ref(),
        })?;
        let (not_captured, migrated, seeded) = (opened.not_captured.clone(), opened.migrated, opened.seeded);
        let limits = RunLimits {
            max_rows: options.limits.max_rows,
            max_result_bytes: options.limits.max_result_bytes,
        };
        let largest_value = options
            .limits
            .max_result_bytes
            .max(options.limits.max_frame_bytes);
        let timeout = Duration::from_millis(options.limits.statement_timeout_ms);
        let rules = Rules::new(options.rules, &options.internal_roles, options.metrics.clone());
        let writer = Writer::new(opened, rules, limits, largest_value).map_err(StartError::Database)?;
        let epoch = writer.epoch().map_err(StartError::Database)?;
        let shared = Arc::new(Shared::new(
            options.path,
            epoch,
            writer.head(),
            writer.schema().clone(),
            options.metrics,
        ));
        let (sender, receiver) = crossbeam_channel::bounded(WRITER_QUEUE);
        let link = WriterLink {
            sender,
            waiting_bytes: Arc::new(AtomicUsize::new(0)),
            shared: shared.clone(),
        };
        let (close, closed) = oneshot::channel();
        let thread = WriterThread {
            writer,
            receiver,
            waiting_bytes: link.waiting_bytes.clone(),
            link: shared.clone(),
            statement_timeout: timeout,
            keep: Keep::new(&options.changes, &options.idempotency),
            on_commit: options.on_commit,
        };
        thread::Builder::new().name("writer".into()).spawn(move || {
            thread.run();
            let _ = close.send(()); // nobody waits where the hub is not shutting down
        })?;
        let reader = ReaderOptions {
            shared: shared.clone(),
            writer: link.clone(),
            limits,
            largest_value,
            timeout,
        };
        let readers = Readers::start(reader_threads(options.readers), &reader)?;
        let executor = Self {
            shared: shared.clone(),
            writer: link.clone(),
            reads: readers.permits.clone(),
            closed: Some(closed),
            copying: Arc::new(Semaphore::new(1)),
        }
        .start();
        Ok(Started {
            handle: ExecutorHandle::new(shared, link, readers, reader, executor),
            not_captured,
            migrated,
            seeded,
        })
    }

    fn sample(&mut self, _: &mut Context<Self>) {
        let metrics = &self.shared.metrics;
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        metrics.writer_queue.set(gauge(self.writer.sender.len() as u64));
        let reading = READER_QUEUE.saturating_sub(self.reads.available_permits());
        metrics.reader_queue.set(gauge(reading as u64));
        metrics.data_db_bytes.set(gauge(file_size(&self.shared.path, "")));
        metrics
            .data_wal_bytes
            .set(gauge(file_size(&self.shared.path, "-wal")));
    }
}

fn reader_threads(configured: usize) -> usize {
    match configured {
        0 => thread::available_parallelism().map_or(2, |n| n.get().max(2)),
        n => n,
    }
}

impl Actor for Executor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(SAMPLE_EVERY, Self::sample);
    }
}

impl Handler<Backup> for Executor {
    type Result = ResponseFuture<Result<u64>>;

    fn handle(&mut self, message: Backup, _: &mut Self::Context) -> Self::Result {
        let Ok(permit) = self.copying.clone().try_acquire_owned() else {
            return Box::pin(async { Err(super::shared::busy()) });
        };
        let from = self.shared.path.clone();
        let copy = tokio::task::spawn_blocking(move || {
            let copied = backup::copy(&from, &message.to);
            drop(permit);
            copied
        });
        Box::pin(async move {
            copy.await
                .map_err(Error::internal)?
                .map_err(|cause| Error::of(Code::Unavailable).caused_by(cause))
        })
    }
}

impl Handler<Shutdown> for Executor {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Shutdown, _: &mut Self::Context) -> Self::Result {
        self.shared.stop_accepting();
        let (writer, reads, closed) = (self.writer.clone(), self.reads.clone(), self.closed.take());
        Box::pin(async move {
            // Reads may still hand the writer an answer to keep, so they end first.
            let all = u32::try_from(READER_QUEUE).unwrap_or(u32::MAX);
            let _ = tokio::time::timeout(READERS_END, reads.acquire_many(all)).await;
            let sent = tokio::task::spawn_blocking(move || {
                writer.sender.send_timeout(Message::Stop, READERS_END).is_ok()
            })
            .await;
            if let (Ok(true), Some(closed)) = (sent, closed) {
                let _ = tokio::time::timeout(WRITER_ENDS, closed).await;
            }
        })
    }
}
