//! What others hold of the ledger.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, oneshot};

use super::{
    OnPosted,
    thread::{Job, Ledger, Message},
    tx::Tx,
};
use crate::{
    config,
    executor::shared::busy,
    protocol::error::{Code, Error, Result},
    store::hub::{self, Connection, HubStore, events},
    telemetry::Metrics,
};

/// Pieces of work that may wait.
const QUEUE: usize = 1_024;
/// Reads at a time, and how long one waits for its turn.
const READS: usize = 12;
const READ_PATIENCE: Duration = Duration::from_secs(5);
/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone)]
pub struct LedgerHandle {
    sender: crossbeam_channel::Sender<Message>,
    store: HubStore,
    reads: Arc<Semaphore>,
    head: Arc<AtomicU64>,
}

impl LedgerHandle {
    /// Starts the thread.
    pub fn start(
        store: HubStore,
        keep: config::Changes,
        metrics: Metrics,
        on_posted: OnPosted,
    ) -> Result<Self> {
        let head = Arc::new(AtomicU64::new(store.read(events::head)?));
        let (sender, receiver) = crossbeam_channel::bounded(QUEUE);
        let ledger = Ledger {
            store: store.clone(),
            receiver,
            head: head.clone(),
            keep,
            metrics,
            on_posted,
            connection: None,
            trim_at: Instant::now(),
        };
        thread::Builder::new()
            .name("ledger".into())
            .spawn(move || ledger.run())
            .map_err(Error::internal)?;
        Ok(Self {
            sender,
            store,
            reads: Arc::new(Semaphore::new(READS)),
            head,
        })
    }

    /// The last durable event.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// A reader saw the log up to here: the thread may not have said so yet.
    pub fn saw(&self, n: u64) {
        self.head.fetch_max(n, Ordering::AcqRel);
    }

    /// Hands over a piece of work, in the order of the calls, and waits until it is durable. `work` may be run more
    /// than once, each time in a transaction without what it did before.
    pub fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> hub::Result<T> + Send + 'static,
    ) -> impl Future<Output = Result<T>> + Send + 'static {
        let (done, answer) = oneshot::channel();
        let sent = self.sender.try_send(Message::Work(Box::new(Work {
            work,
            outcome: None,
            done,
            since: Instant::now(),
        })));
        async move {
            match sent {
                Ok(()) => {}
                Err(crossbeam_channel::TrySendError::Full(_)) => return Err(busy()),
                Err(crossbeam_channel::TrySendError::Disconnected(_)) => {
                    return Err(Error::of(Code::Unavailable));
                }
            }
            match tokio::time::timeout(PATIENCE, answer).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(Error::of(Code::Unavailable)),
                Err(_) => Err(Error::of(Code::Timeout)),
            }
        }
    }

    /// Runs `work` on one snapshot, on a thread that may block.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> hub::Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = tokio::time::timeout(READ_PATIENCE, self.reads.clone().acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(|_| Error::of(Code::Unavailable))?;
        let store = self.store.clone();
        tokio::task::spawn_blocking(move || {
            let read = store.read(work);
            drop(permit);
            read
        })
        .await
        .map_err(Error::internal)?
        .map_err(Error::from)
    }

    /// Runs what is queued, and nothing after it; answers when the database was let go of.
    pub async fn shutdown(&self) {
        let (done, stopped) = oneshot::channel();
        let sender = self.sender.clone();
        let stop = move || sender.send_timeout(Message::Stop(done), Duration::from_secs(2));
        let _ = tokio::task::spawn_blocking(stop).await; // where it does not take it, `done` is dropped
        let _ = stopped.await;
    }
}

struct Work<T, F> {
    work: F,
    outcome: Option<Result<T>>,
    done: oneshot::Sender<Result<T>>,
    since: Instant,
}

impl<T: Send, F: FnMut(&mut Tx<'_>) -> hub::Result<T> + Send> Job for Work<T, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> hub::Result<()> {
        self.outcome = Some(Ok((self.work)(tx)?));
        Ok(())
    }

    fn fail(&mut self, error: Error) {
        self.outcome = Some(Err(error));
    }

    fn answer(self: Box<Self>) {
        let outcome = self
            .outcome
            .unwrap_or_else(|| Err(Error::internal("a piece of work was not run")));
        let _ = self.done.send(outcome); // whoever asked may be gone
    }

    fn waited(&self) -> Duration {
        self.since.elapsed()
    }
}
