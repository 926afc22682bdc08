//! Where the audit of writes comes from: the executor, seen through what the shipper needs of it.

use std::{future::Future, pin::Pin};

use crate::{
    executor::{ExecutorHandle, WriteAudit},
    protocol::error::Result,
    store::hub::audit::NewRow,
};

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

impl WriteAuditSource for ExecutorHandle {
    fn epoch(&self) -> String {
        ExecutorHandle::epoch(self).to_string()
    }

    fn page(&self, after: i64, limit: usize) -> Answer<'_, Vec<WriteAudit>> {
        Box::pin(self.audit_page(after, limit))
    }

    fn trim(&self, up_to: i64) -> Answer<'_, ()> {
        Box::pin(self.audit_trim(up_to))
    }
}

impl From<WriteAudit> for NewRow {
    fn from(write: WriteAudit) -> Self {
        Self {
            at_ms: write.at_ms,
            action: "write".into(),
            user_id: Some(write.user_id),
            username: Some(write.username),
            address: Some(write.address),
            session: write.session,
            subject: write.subject,
            detail: write.detail,
            tables: write.tables,
            rows_affected: Some(write.rows_affected),
            commit: write.commit,
            outcome: "ok".into(),
        }
    }
}
