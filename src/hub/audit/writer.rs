//! The one thread that appends: what waits is stored in one transaction, so that a burst of logins or
//! refusals costs one fsync.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use prometheus::IntGauge;
use tokio::{
    sync::{
        mpsc::{
            self,
            error::{TryRecvError, TrySendError},
        },
        oneshot,
    },
    time::timeout,
};

use crate::{
    executor::WriteAudit,
    protocol::error::{Code, Error, Result},
    store::hub::{
        Connection, HubStore,
        audit::{self, NewRow},
    },
};

/// Tasks that may wait.
const QUEUE: usize = 4_096;
/// Tasks of one transaction.
const GROUP: usize = 512;
/// Refusals that wait in memory while the disk takes none.
const BACKLOG: usize = 4_096;
/// Between two tries to store what waits.
const RETRY: Duration = Duration::from_millis(250);
/// How long a durable entry may wait for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(5);

type Answer = oneshot::Sender<Result<()>>;

/// What the writer does.
pub enum Task {
    Record(NewRow),
    RecordDurably(NewRow, Answer),
    /// Rows of the business database, in order.
    Ship {
        epoch: String,
        rows: Vec<WriteAudit>,
        answer: Answer,
    },
    /// Answered when everything before it is stored.
    Flush(Answer),
}

/// The way to the thread, which ends with the last clone.
#[derive(Clone)]
pub struct Writer {
    tasks: mpsc::Sender<Task>,
    pending: IntGauge,
    dropped: Arc<AtomicU64>,
}

impl Writer {
    pub fn start(store: HubStore, pending: IntGauge) -> Result<Self> {
        let (tasks, mut waiting) = mpsc::channel(QUEUE);
        let dropped = Arc::new(AtomicU64::new(0));
        let mut appender = Appender {
            store,
            backlog: Vec::new(),
            failing: false,
            pending: pending.clone(),
            dropped: dropped.clone(),
        };
        thread::Builder::new()
            .name("audit".into())
            .spawn(move || {
                while let Some(group) = appender.next_group(&mut waiting) {
                    appender.store_group(group);
                }
            })
            .map_err(Error::internal)?;
        Ok(Self {
            tasks,
            pending,
            dropped,
        })
    }

    /// Never waits; what does not fit is counted and logged.
    pub fn try_send(&self, task: Task) {
        self.pending.inc();
        if let Err(refused) = self.tasks.try_send(task) {
            self.pending.dec();
            let why = match refused {
                TrySendError::Full(_) => "its queue is full",
                TrySendError::Closed(_) => "it has stopped",
            };
            drop_one(&self.dropped, why);
        }
    }

    /// Waits a bounded time for a place in the queue.
    pub async fn send(&self, task: Task) -> Result<()> {
        let place = timeout(PATIENCE, self.tasks.reserve())
            .await
            .map_err(|_| Error::of(Code::Busy).retry_after_ms(1_000))?
            .map_err(|_| Error::of(Code::Unavailable))?;
        self.pending.inc();
        place.send(task);
        Ok(())
    }

    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn drop_one(dropped: &AtomicU64, why: &str) {
    let dropped = dropped.fetch_add(1, Ordering::Relaxed) + 1;
    // Powers of two: a flood of refusals must not become a flood of log lines.
    if dropped.is_power_of_two() {
        tracing::error!(dropped, "the audit loses entries of refusals: {why}");
    }
}

/// The thread's own state.
struct Appender {
    store: HubStore,
    /// Entries that nobody waits for and that could not be stored: they go first when the disk takes them again.
    backlog: Vec<NewRow>,
    failing: bool,
    pending: IntGauge,
    dropped: Arc<AtomicU64>,
}

impl Appender {
    /// What is to be stored next; empty when only the backlog is to be tried again, `None` at the end.
    fn next_group(&self, waiting: &mut mpsc::Receiver<Task>) -> Option<Vec<Task>> {
        let mut group = Vec::new();
        if self.backlog.is_empty() {
            if waiting.blocking_recv_many(&mut group, GROUP) == 0 {
                return None;
            }
        } else {
            #[allow(clippy::disallowed_methods)] // nothing announces that a disk has space again
            thread::sleep(RETRY);
            while group.len() < GROUP {
                match waiting.try_recv() {
                    Ok(task) => group.push(task),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) if group.is_empty() => return None,
                    Err(TryRecvError::Disconnected) => break,
                }
            }
        }
        self.pending.sub(i64::try_from(group.len()).unwrap_or(0));
        Some(group)
    }

    fn store_group(&mut self, group: Vec<Task>) {
        let outcome = self.append(&group).map_err(|cause| {
            if !self.failing {
                tracing::error!(%cause, "audit entries cannot be stored; it is tried again");
            }
            Error::from(cause)
        });
        if outcome.is_ok() {
            self.backlog = Vec::new();
            if self.failing {
                tracing::info!("audit entries are stored again");
            }
        }
        self.failing = outcome.is_err();
        for task in group {
            match task {
                Task::Record(row) if outcome.is_err() => {
                    if self.backlog.len() < BACKLOG {
                        self.backlog.push(row);
                    } else {
                        drop_one(&self.dropped, "they cannot be stored");
                    }
                }
                Task::Record(_) => {}
                Task::RecordDurably(_, answer) | Task::Ship { answer, .. } | Task::Flush(answer) => {
                    let _ = answer.send(outcome.clone()); // who asked may have gone
                }
            }
        }
    }

    /// One transaction for the backlog and the group.
    fn append(&self, group: &[Task]) -> crate::store::hub::Result<()> {
        self.store.write(|conn| {
            // Single entries are appended together: one move of the chain's end for all of them.
            let mut entries = self.backlog.clone();
            for task in group {
                match task {
                    Task::Record(row) | Task::RecordDurably(row, _) => entries.push(row.clone()),
                    Task::Ship { epoch, rows, .. } => ship(conn, epoch, rows)?,
                    Task::Flush(_) => {}
                }
            }
            if !entries.is_empty() {
                audit::append(conn, &entries)?;
            }
            Ok(())
        })
    }
}

/// Appends what was not copied yet. Where the position moved since the page was read (a server beside this
/// one, a repeated page), the rows up to it are there already.
fn ship(conn: &mut Connection, epoch: &str, rows: &[WriteAudit]) -> crate::store::hub::Result<()> {
    let shipped = audit::shipped(conn, epoch)?;
    let fresh: Vec<NewRow> = rows
        .iter()
        .filter(|row| row.seq > shipped)
        .map(|row| NewRow::from(row.clone()))
        .collect();
    let Some(last) = rows.last().map(|row| row.seq).filter(|last| *last > shipped) else {
        return Ok(());
    };
    audit::append(conn, &fresh)?;
    audit::set_shipped(conn, epoch, last)
}
