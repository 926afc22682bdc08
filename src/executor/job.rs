//! What the executor is asked to do.

use std::{net::IpAddr, sync::Arc};

use uuid::Uuid;

pub use crate::store::data::{audit_outbox::WriteAudit, log::LogPage, mirror::MirrorUser};
use crate::{
    domain::{Role, TableAction, TableRequest},
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
    /// From [`crate::store::data::guard::classify()`].
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

impl Job {
    /// About what it holds in memory while it waits, bytes.
    pub(super) fn weight(&self) -> usize {
        let value = |value: &SqlValue| match value {
            SqlValue::Text(text) => 32 + text.len(),
            SqlValue::Blob(bytes) => 32 + bytes.len(),
            _ => 32,
        };
        let statement = |statement: &Statement| {
            statement.sql.len()
                + match &statement.params {
                    Params::Positional(values) => values.iter().map(value).sum::<usize>(),
                    Params::Named(values) => values.iter().map(|(name, v)| name.len() + value(v)).sum(),
                }
        };
        let work = match &self.work {
            Work::Query(one) => statement(one),
            Work::Batch(several) => several.iter().map(statement).sum(),
            Work::Call { args, .. } => args.iter().map(value).sum(),
            Work::Table(request) => match &request.action {
                TableAction::Insert { values } | TableAction::Update { values, .. } => {
                    values.iter().map(|(name, v)| name.len() + value(v)).sum()
                }
                _ => 0,
            },
        };
        256 + work
    }
}
