//! Threads of their own for bcrypt: few and of low priority, so that a morning's thirty logins at once do
//! not slow down those who are already at work. Who waits is bounded in number and time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Sender, bounded};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    time::timeout,
};

use super::password;
use crate::protocol::error::{Code, Error, Result};

/// How many may wait for a thread.
const MOST_WAITING: usize = 256;
/// How long one may wait for a thread.
const PATIENCE: Duration = Duration::from_secs(30);
/// Below everything else that the hub does, yet not starved on a busy machine.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

type Work = Box<dyn FnOnce() + Send + 'static>;

/// The threads. They end when the last clone is dropped.
#[derive(Clone)]
pub struct PasswordPool {
    work: Sender<Work>,
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

/// The right to use one of the threads once.
pub struct Slot {
    work: Sender<Work>,
    permit: OwnedSemaphorePermit,
}

impl PasswordPool {
    /// One thread, or two where there are cores to spare.
    pub fn start() -> Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::with_threads((cores / 2).clamp(1, 2))
    }

    fn with_threads(threads: usize) -> Result<Self> {
        // Every job holds a slot, so the channel never holds more than there are threads.
        let (work, jobs) = bounded::<Work>(threads);
        for n in 0..threads {
            let jobs = jobs.clone();
            thread::Builder::new()
                .name(format!("bcrypt-{n}"))
                .spawn(move || {
                    lower_priority();
                    for job in jobs {
                        job();
                    }
                })
                .map_err(Error::internal)?;
        }
        Ok(Self {
            work,
            slots: Arc::new(Semaphore::new(threads)),
            waiting: Arc::new(AtomicUsize::new(0)),
        })
    }

    /// Waits for a thread to be free, in the order of asking; `busy` where too many wait already.
    pub async fn slot(&self) -> Result<Slot> {
        let waiting = Waiting::enter(&self.waiting)?;
        let permit = timeout(PATIENCE, Arc::clone(&self.slots).acquire_owned())
            .await
            .map_err(|_| busy())?
            .map_err(Error::internal)?;
        drop(waiting);
        Ok(Slot {
            work: self.work.clone(),
            permit,
        })
    }

    /// Hashes a new password.
    pub async fn hash(&self, password: String, cost: u32) -> Result<String> {
        self.slot()
            .await?
            .run(move || password::hash(&password, cost))
            .await?
    }
}

impl Slot {
    /// Whether the password is the one of the hash.
    pub async fn verify(self, password: String, hash: String) -> Result<bool> {
        self.run(move || password::verify(&password, &hash)).await
    }

    async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let Self { work: queue, permit } = self;
        let job: Work = Box::new(move || {
            // Nobody may be listening any more: the client went away.
            let _ = answer.send(work());
            drop(permit);
        });
        queue.try_send(job).map_err(|_| busy())?;
        timeout(PATIENCE, answered)
            .await
            .map_err(|_| busy())?
            .map_err(Error::internal)
    }
}

/// One that waits; leaves when dropped, cancelled or not.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn enter(count: &'a AtomicUsize) -> Result<Self> {
        if count.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING {
            count.fetch_sub(1, Ordering::Relaxed);
            return Err(busy());
        }
        Ok(Self(count))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn busy() -> Error {
    Error::of(Code::Busy).retry_after_ms(1_000)
}

#[cfg(target_os = "linux")]
fn lower_priority() {
    // On Linux "this process" means the calling thread alone. A refusal costs speed, nothing else.
    if let Err(cause) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%cause, "the password threads keep their priority");
    }
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn verifies_off_the_calling_thread() {
        let pool = PasswordPool::with_threads(1).unwrap();
        let hash = pool.hash("a password".into(), 4).await.unwrap();
        let slot = pool.slot().await.unwrap();
        assert!(slot.verify("a password".into(), hash.clone()).await.unwrap());
        let slot = pool.slot().await.unwrap();
        assert!(!slot.verify("another".into(), hash).await.unwrap());
    }

    #[tokio::test]
    async fn is_busy_rather_than_without_bound() {
        let pool = PasswordPool::with_threads(1).unwrap();
        let held = pool.slot().await.unwrap();
        let asked = MOST_WAITING + 10;
        let waiting: Vec<_> = (0..asked)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move { pool.slot().await.map(drop) })
            })
            .collect();
        // All are polled once before this one goes on: those beyond the bound have their answer.
        tokio::task::yield_now().await;
        drop(held);
        let refused = join_all(waiting)
            .await
            .into_iter()
            .filter(|r| matches!(r, Ok(Err(e)) if e.code == Code::Busy))
            .count();
        assert_eq!(refused, asked - MOST_WAITING);
    }

    #[tokio::test]
    async fn one_that_stops_waiting_frees_his_place() {
        let pool = PasswordPool::with_threads(1).unwrap();
        let held = pool.slot().await.unwrap();
        let gave_up = timeout(Duration::from_millis(1), pool.slot()).await;
        assert!(gave_up.is_err());
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
        drop(held);
        assert!(pool.slot().await.is_ok());
    }
}
