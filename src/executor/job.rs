//! What the executor is asked to do.

use std::{net::IpAddr, sync::Arc};

use uuid::Uuid;

use crate::{
    domain::{Commit, Role, TableRequest},
    pack::Function,
    protocol::{SqlValue, error::Result, request::Kind, result::Body, value::Params},
};

/// On whose behalf a job runs, for rights, authorship and audit.
#[derive(Debug, Clone)]
pub struct Origin {
    pub user_id: i64,
    pub username: Arc<str>,
    pub role: Arc<Role>,
    /// The socket; `None` over HTTP.
    pub session: Option<Uuid>,
    pub address: IpAddr,
}

#[derive(Debug, Clone)]
pub struct Statement {
    pub sql: String,
    /// From [`crate::store::data::guard::classify`].
    pub kind: Kind,
    pub params: Params,
    pub expect_affected: Option<u64>,
}

#[derive(Debug, Clone)]
pub enum Work {
    /// Answers `{columns, rows, rows_affected, last_insert_id, truncated, commit}`.
    Query(Statement),
    /// Answers `{results, commit}`.
    Batch(Vec<Statement>),
    /// Answers `{data, commit}`. Arguments in the order of the function's parameters, typed and defaulted.
    Call {
        function: Arc<Function>,
        args: Vec<SqlValue>,
    },
    /// Answers a plain array (List), object (Get, Insert, Update) or `null` (Delete). Nothing found: `not_found`.
    Table(TableRequest),
}

impl Work {
    /// Whether a reader can do it.
    pub fn is_read(&self) -> bool {
        match self {
            Self::Query(statement) => statement.kind == Kind::Select,
            Self::Batch(statements) => statements.iter().all(|s| s.kind == Kind::Select),
            Self::Call { function, .. } => function.read_only,
            Self::Table(request) => request.action.is_read(),
        }
    }
}

/// `idempotency_key` and what it was sent with.
#[derive(Debug, Clone)]
pub struct Idempotency {
    pub key: String,
    /// SHA-256 of the request's meaning: another body under the same key is `conflict`.
    pub body: [u8; 32],
}

#[derive(Debug, Clone)]
pub struct Job {
    pub origin: Origin,
    pub work: Work,
    pub idempotency: Option<Idempotency>,
}

/// Called once, on a thread of the executor, before the commit reaches the feed. Must not block.
pub type Reply = Box<dyn FnOnce(Result<Body>) + Send + 'static>;

/// An account as `_comptoir_user` mirrors it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorUser {
    pub id: i64,
    pub username: String,
    pub display_name: String,
    pub role: String,
    pub active: bool,
}

/// A stretch of the change log.
#[derive(Debug)]
pub struct LogPage {
    /// In order, all `> after`; large ones as `Changes::Stored`.
    pub commits: Vec<Commit>,
    /// The last commit of the log when this page was read; the page is complete up to it where `more` is false.
    pub head: u64,
    pub more: bool,
    /// The first commit that the log still holds is `oldest`; `after + 1 < oldest` means expired.
    pub oldest: u64,
}
