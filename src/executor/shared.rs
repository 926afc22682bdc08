//! What the threads of the executor and its handles have in common.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::{Sender, TrySendError};
use parking_lot::RwLock;
use tokio::sync::{Notify, watch};

use super::{
    local::QuickStatements,
    reply::Promise,
    writer::{Message, Pending, Task},
};
use crate::{
    domain::{Epoch, Schema},
    protocol::error::{Code, Error},
    telemetry::Metrics,
};

/// Jobs that may wait for the writer.
pub const WRITER_QUEUE: usize = 1_024;
/// Bytes of jobs that may wait for the writer: a thousand frames of the largest size would be a gigabyte.
const WRITER_QUEUE_BYTES: usize = 64 << 20;
/// Reads that may wait or run.
pub const READER_QUEUE: usize = 1_024;
/// A job that waited longer than this is answered `busy` without being run.
pub const MAX_WAIT: Duration = Duration::from_secs(10);
/// How long the answers of a group that is committed may take.
const ANSWERS_TAKE: Duration = Duration::from_secs(1);
const RETRY_AFTER_MS: u64 = 200;

/// State that changes while the executor runs.
pub struct Shared {
    pub path: PathBuf,
    pub epoch: Epoch,
    head: AtomicU64,
    answered: watch::Sender<u64>,
    schema: RwLock<Arc<Schema>>,
    accepting: AtomicBool,
    pub quick: QuickStatements,
    /// Told after a COMMIT in which notification rules fired.
    pub fired: Notify,
    pub metrics: Metrics,
}

impl Shared {
    pub fn new(path: PathBuf, epoch: Epoch, head: u64, schema: Arc<Schema>, metrics: Metrics) -> Self {
        Self {
            path,
            epoch,
            head: AtomicU64::new(head),
            answered: watch::Sender::new(head),
            schema: RwLock::new(schema),
            accepting: AtomicBool::new(true),
            quick: QuickStatements::default(),
            fired: Notify::new(),
            metrics,
        }
    }

    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub fn set_head(&self, head: u64) {
        self.head.store(head, Ordering::Release);
    }

    /// Waits until the authors of all commits up to this one were answered: until then nobody is told of it,
    /// because an author hears the result first (PROTOCOL section 3, guarantee 4). Answers how far that is;
    /// a writer that is held up is no reason to wait for long.
    pub async fn answered(&self, commit: u64) -> u64 {
        let mut answered = self.answered.subscribe();
        let waited = tokio::time::timeout(ANSWERS_TAKE, answered.wait_for(|n| *n >= commit)).await;
        drop(waited);
        *self.answered.borrow()
    }

    pub fn set_answered(&self, commit: u64) {
        self.answered.send_replace(commit);
    }

    pub fn schema(&self) -> Arc<Schema> {
        self.schema.read().clone()
    }

    pub fn set_schema(&self, schema: Arc<Schema>) {
        *self.schema.write() = schema;
    }

    pub fn is_accepting(&self) -> bool {
        self.accepting.load(Ordering::Acquire)
    }

    pub fn stop_accepting(&self) {
        self.accepting.store(false, Ordering::Release);
    }
}

/// The way to the writer thread.
#[derive(Clone)]
pub struct WriterLink {
    pub sender: Sender<Message>,
    pub waiting_bytes: Arc<AtomicUsize>,
    pub shared: Arc<Shared>,
}

impl WriterLink {
    /// Queues a task; where that cannot be, it is answered at once.
    pub fn submit(&self, task: Task, promise: Promise) {
        if !self.shared.is_accepting() {
            return promise.keep(Err(Error::of(Code::Unavailable)));
        }
        let bytes = task.weight();
        if self.waiting_bytes.fetch_add(bytes, Ordering::AcqRel) > WRITER_QUEUE_BYTES {
            self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
            return promise.keep(Err(busy()));
        }
        let pending = Box::new(Pending::new(task, promise, Instant::now(), bytes));
        let (pending, error) = match self.sender.try_send(Message::Member(pending)) {
            Ok(()) => return,
            Err(TrySendError::Full(Message::Member(pending))) => (pending, busy()),
            Err(TrySendError::Disconnected(Message::Member(pending))) => {
                (pending, Error::of(Code::Unavailable))
            }
            Err(_) => return, // what was sent is a member
        };
        self.waiting_bytes.fetch_sub(bytes, Ordering::AcqRel);
        pending.answer(Err(error));
    }
}

/// A bounded queue is full.
pub fn busy() -> Error {
    Error::of(Code::Busy).retry_after_ms(RETRY_AFTER_MS)
}

/// The size of the database file, or of a file beside it; 0 where it is not there.
pub fn file_size(path: &std::path::Path, suffix: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    std::fs::metadata(name).map_or(0, |file| file.len())
}
