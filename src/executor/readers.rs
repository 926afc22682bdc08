//! The reader threads and their two queues. Every read begins on a quick thread with a short budget; one that
//! needs longer begins again on a slow thread with its full time. So a point read never waits behind reports,
//! however many of them somebody sends.

use std::{
    io,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Job,
    fair_queue::FairQueue,
    reader::{Pace, Reader, ReaderOptions},
    reply::Promise,
    shared::READER_QUEUE,
};

/// How long a read may hold a quick thread.
const QUICK: Duration = Duration::from_millis(25);

/// Whose turn the hub's own long work takes; accounts have positive ids.
const THE_HUB: i64 = 0;

/// Threads for what needs longer.
const SLOW_THREADS: usize = 2;

/// A job that a reader can do.
pub struct Read {
    pub job: Job,
    pub promise: Promise,
    pub since: Instant,
    /// Held until the job is answered: it bounds both queues.
    pub permit: OwnedSemaphorePermit,
}

/// Anything else to be done on a reader thread: the log, the audit outbox.
pub type Inspect = Box<dyn FnOnce(&mut Reader) + Send>;

#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are reads, and a box each would be an allocation each"
)]
enum Task {
    Read(Read),
    Inspect(Inspect, OwnedSemaphorePermit),
}

/// What the handle holds of the reader threads.
#[derive(Clone)]
pub struct Readers {
    quick: Sender<Task>,
    slow: Arc<FairQueue<Task>>,
    pub permits: Arc<Semaphore>,
}

impl Readers {
    /// Starts `threads` quick threads and the slow ones. They end with the last handle, or with the process.
    pub fn start(threads: usize, options: &ReaderOptions) -> io::Result<Self> {
        let (quick, queue) = crossbeam_channel::bounded(READER_QUEUE);
        let slow = Arc::new(FairQueue::default());
        for _ in 0..threads {
            let (options, queue, slow) = (options.clone(), queue.clone(), slow.clone());
            thread::Builder::new()
                .name("reader".into())
                .spawn(move || run_quick(Reader::new(options), &queue, &slow))?;
        }
        for _ in 0..SLOW_THREADS {
            let (options, slow) = (options.clone(), slow.clone());
            thread::Builder::new()
                .name("slow reader".into())
                .spawn(move || run_slow(Reader::new(options), &slow))?;
        }
        Ok(Self {
            quick,
            slow,
            permits: Arc::new(Semaphore::new(READER_QUEUE)),
        })
    }

    pub fn read(&self, read: Read) {
        self.send(Task::Read(read));
    }

    pub fn inspect(&self, work: Inspect, permit: OwnedSemaphorePermit) {
        self.send(Task::Inspect(work, permit));
    }

    /// As [`Readers::inspect`], for what may take long: in turn with everybody's long reads.
    pub fn inspect_slowly(&self, work: Inspect, permit: OwnedSemaphorePermit) {
        self.slow.push(THE_HUB, Task::Inspect(work, permit));
    }

    /// Never blocks: there are as many places as permits. A task that finds no thread answers by being dropped.
    fn send(&self, task: Task) {
        if self.quick.try_send(task).is_err() {
            tracing::error!("the readers have stopped");
        }
    }
}

fn run_quick(mut reader: Reader, queue: &Receiver<Task>, slow: &FairQueue<Task>) {
    for task in queue {
        match task {
            Task::Read(read) => {
                if let Some(read) = reader.answer(read, Pace::Within(QUICK)) {
                    slow.push(read.job.origin.user_id, Task::Read(read));
                }
            }
            Task::Inspect(work, permit) => {
                reader.inspect(work);
                drop(permit);
            }
        }
    }
}

fn run_slow(mut reader: Reader, slow: &FairQueue<Task>) {
    loop {
        match slow.pop() {
            Task::Read(read) => drop(reader.answer(read, Pace::Full)),
            Task::Inspect(work, permit) => {
                reader.inspect(work);
                drop(permit);
            }
        }
    }
}
