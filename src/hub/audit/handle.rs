//! What others hold of the audit.

use std::{sync::Arc, time::Duration};

use actix::{Actor as _, Addr};
use parking_lot::Mutex;
use serde::Serialize;
use tokio::{sync::oneshot, time::timeout};

use super::{
    actor::Shipper,
    messages::{ShipNow, Stop},
    source::WriteAuditSource,
    writer::{Task, Writer},
};
use crate::{
    domain::timestamp::rfc3339,
    protocol::error::{Code, Error, Result},
    store::hub::{
        HubStore,
        audit::{self, Filter, Row},
    },
    telemetry::Metrics,
};

pub use crate::store::hub::audit::NewRow as Entry;

/// An entry as stored.
#[derive(Debug, Clone, Serialize)]
pub struct AuditRecord {
    pub id: i64,
    pub at: String,
    pub action: String,
    pub user_id: Option<i64>,
    pub username: Option<String>,
    pub address: Option<String>,
    pub session: Option<String>,
    pub subject: Option<String>,
    pub detail: Option<String>,
    pub tables: Option<String>,
    pub rows_affected: Option<i64>,
    pub commit: Option<i64>,
    pub outcome: String,
}

#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    pub before_id: Option<i64>,
    pub user: Option<String>,
    pub action: Option<String>,
    pub outcome: Option<String>,
    /// Anywhere in what was written about it, without regard to ASCII case.
    pub text: Option<String>,
    pub since_ms: Option<i64>,
    pub until_ms: Option<i64>,
    pub limit: i64,
}

/// How long an entry may wait for the disk.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most entries of one [`AuditHandle::list`].
const MOST_LISTED: i64 = 1_000;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct AuditHandle {
    store: HubStore,
    writer: Writer,
    shipper: Arc<Mutex<Option<Addr<Shipper>>>>,
}

impl AuditHandle {
    /// Starts the writer thread.
    pub fn start(store: HubStore, metrics: &Metrics) -> Result<Self> {
        Ok(Self {
            writer: Writer::start(store.clone(), metrics.audit_pending.clone())?,
            store,
            shipper: Arc::default(),
        })
    }

    /// Begins to copy the audit of writes from the business database; within an actix system.
    pub fn ship_from(&self, source: Arc<dyn WriteAuditSource>) {
        let shipper = Shipper::new(source, self.store.clone(), self.writer.clone()).start();
        *self.shipper.lock() = Some(shipper);
    }

    /// Hands over an entry without waiting (refusals). Never blocks; a full queue is counted and logged.
    pub fn record(&self, entry: Entry) {
        self.writer.try_send(Task::Record(entry));
    }

    /// Stores an entry; answers when it is durable (logins, administrators' acts).
    pub async fn record_durably(&self, entry: Entry) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.writer.send(Task::RecordDurably(entry, answer)).await?;
        timeout(PATIENCE, answered)
            .await
            .map_err(|_| Error::of(Code::Unavailable))?
            .map_err(Error::internal)?
    }

    /// The newest entries that match, newest first; at most 1,000.
    pub async fn list(&self, filter: AuditFilter) -> Result<Vec<AuditRecord>> {
        let store = self.store.clone();
        let limit = filter.limit.clamp(1, MOST_LISTED);
        let filter = Filter {
            before_id: filter.before_id,
            username: filter.user,
            action: filter.action,
            outcome: filter.outcome,
            text: filter.text,
            since_ms: filter.since_ms,
            until_ms: filter.until_ms,
        };
        let rows = tokio::task::spawn_blocking(move || store.read(|conn| audit::list(conn, &filter, limit)));
        let rows = rows.await.map_err(Error::internal)??;
        Ok(rows.into_iter().map(AuditRecord::from).collect())
    }

    /// Copies what the business database has not handed over yet; answers when it is stored.
    pub async fn ship_now(&self) -> Result<()> {
        let shipper = self.shipper.lock().clone();
        match shipper {
            Some(shipper) => timeout(PATIENCE, shipper.send(ShipNow))
                .await
                .map_err(|_| Error::of(Code::Unavailable))?
                .map_err(Error::internal)?,
            None => Ok(()),
        }
    }

    /// Copies what is left (the executor must still answer), stores what is queued, stops the shipper.
    /// What the shipper cannot get now it gets after the next start: nothing is lost.
    pub async fn shutdown(&self) {
        if let Err(error) = self.ship_now().await {
            tracing::warn!(%error, "the audit of the last writes is copied at the next start");
        }
        let shipper = self.shipper.lock().take();
        if let Some(shipper) = shipper {
            let _ = shipper.send(Stop).await; // it may be gone already
        }
        let (answer, answered) = oneshot::channel();
        if self.writer.send(Task::Flush(answer)).await.is_ok() {
            let _ = timeout(PATIENCE, answered).await; // logged by the writer
        }
    }

    /// Entries that [`AuditHandle::record`] could not queue since the start.
    pub fn dropped(&self) -> u64 {
        self.writer.dropped()
    }
}

impl From<Row> for AuditRecord {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: rfc3339(row.at_ms),
            action: row.action,
            user_id: row.user_id,
            username: row.username,
            address: row.address,
            session: row.session,
            subject: row.subject,
            detail: row.detail,
            tables: row.tables,
            rows_affected: row.rows_affected,
            commit: row.commit_n,
            outcome: row.outcome,
        }
    }
}
