//! What others hold of the audit.

use serde::Serialize;

use crate::protocol::error::Result;

/// Something to be audited. Never holds a password, a token or a parameter value.
#[derive(Debug, Clone, Default)]
pub struct Entry {
    pub at_ms: i64,
    /// `login`, `login_failed`, `logout`, `refused`, `admin`, `write`, …
    pub action: String,
    pub user_id: Option<i64>,
    pub username: Option<String>,
    pub address: Option<String>,
    pub session: Option<String>,
    /// What it was about: function, route, account.
    pub subject: Option<String>,
    /// Statement text without values, or other detail.
    pub detail: Option<String>,
    pub tables: Option<String>,
    pub rows_affected: Option<i64>,
    pub commit: Option<i64>,
    /// `ok` or the error code.
    pub outcome: String,
}

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
    pub since_ms: Option<i64>,
    pub until_ms: Option<i64>,
    pub limit: i64,
}

#[derive(Clone)]
pub struct AuditHandle {}

impl AuditHandle {
    /// Hands over an entry without waiting (refusals). Never blocks; a full queue is counted and logged.
    pub fn record(&self, _entry: Entry) {
        unimplemented!()
    }

    /// Stores an entry; answers when it is durable (logins, administrators' acts).
    pub async fn record_durably(&self, _entry: Entry) -> Result<()> {
        unimplemented!()
    }

    pub async fn list(&self, _filter: AuditFilter) -> Result<Vec<AuditRecord>> {
        unimplemented!()
    }
}
