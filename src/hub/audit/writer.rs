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
        mpsc::{self, error::TrySendError},
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
        let gauge = pending.clone();
        thread::Builder::new()
            .name("audit".into())
            .spawn(move || {
                let mut group = Vec::with_capacity(GROUP);
                while waiting.blocking_recv_many(&mut group, GROUP) > 0 {
                    gauge.sub(i64::try_from(group.len()).unwrap_or(0));
                    store_group(&store, std::mem::take(&mut group));
                }
            })
            .map_err(Error::internal)?;
        Ok(Self {
            tasks,
            pending,
            dropped: Arc::default(),
        })
    }

    /// Never waits; what does not fit is counted and logged.
    pub fn try_send(&self, task: Task) {
        self.pending.inc();
        if let Err(refused) = self.tasks.try_send(task) {
            self.pending.dec();
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            let why = match refused {
                TrySendError::Full(_) => "its queue is full",
                TrySendError::Closed(_) => "it has stopped",
            };
            // Powers of two: a flood of refusals must not become a flood of log lines.
            if dropped.is_power_of_two() {
                tracing::error!(dropped, "the audit loses entries of refusals: {why}");
            }
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

fn store_group(store: &HubStore, group: Vec<Task>) {
    let stored = store.write(|conn| {
        // Runs of single entries are appended together: one move of the chain's end for all of them.
        let mut entries = Vec::new();
        for task in &group {
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
    });
    let outcome = stored.map_err(|cause| {
        tracing::error!(%cause, entries = group.len(), "audit entries could not be stored");
        Error::from(cause)
    });
    for task in group {
        match task {
            Task::Record(_) => {}
            Task::RecordDurably(_, answer) | Task::Ship { answer, .. } | Task::Flush(answer) => {
                let _ = answer.send(outcome.clone()); // who asked may have gone
            }
        }
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
