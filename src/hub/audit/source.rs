//! Where the audit of writes comes from: the executor, seen through what the shipper needs of it.

use std::{future::Future, pin::Pin};

use crate::{protocol::error::Result, store::hub::audit::NewRow};

/// The audit of one write, stored beside it in the business database.
#[derive(Debug, Clone, Default)]
pub struct WriteAudit {
    /// Rises by at least one with each, never reused.
    pub seq: i64,
    pub at_ms: i64,
    pub user_id: Option<i64>,
    pub username: Option<String>,
    pub address: Option<String>,
    pub session: Option<String>,
    /// Function or route.
    pub subject: Option<String>,
    /// Statement text without values.
    pub detail: Option<String>,
    pub tables: Option<String>,
    pub rows_affected: Option<i64>,
    pub commit: Option<i64>,
}

pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// The executor's side of the copying.
pub trait WriteAuditSource: Send + Sync + 'static {
    /// Identity of the business database: positions of another one mean nothing.
    fn epoch(&self) -> String;

    /// At most `limit` rows with `seq > after`, in order.
    fn page(&self, after: i64, limit: usize) -> Answer<'_, Vec<WriteAudit>>;

    /// Rows up to `up_to` are stored elsewhere and may go.
    fn trim(&self, up_to: i64) -> Answer<'_, ()>;
}

impl From<WriteAudit> for NewRow {
    fn from(write: WriteAudit) -> Self {
        Self {
            at_ms: write.at_ms,
            action: "write".into(),
            user_id: write.user_id,
            username: write.username,
            address: write.address,
            session: write.session,
            subject: write.subject,
            detail: write.detail,
            tables: write.tables,
            rows_affected: write.rows_affected,
            commit: write.commit,
            outcome: "ok".into(),
        }
    }
}
