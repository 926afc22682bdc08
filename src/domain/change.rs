//! Changes: row effects of committed writes, and commits: all changes of one transaction.

use std::sync::Arc;

use uuid::Uuid;

use crate::protocol::SqlValue;

use super::schema::Key;

/// The columns of a table as they were when rows were captured. A schema change makes a new shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub id: i64,
    pub table: Arc<str>,
    pub columns: Vec<Arc<str>>,
    pub key: Key,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    Insert,
    Update,
    Delete,
}

impl Op {
    pub const fn as_str(self) -> &'static str {
        match self {
            Op::Insert => "insert",
            Op::Update => "update",
            Op::Delete => "delete",
        }
    }
}

/// The values of a row in the order of its shape's columns.
pub type Row = Vec<SqlValue>;

/// One captured row effect. `old` for update and delete, `new` for insert and update.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub shape: Arc<Shape>,
    pub op: Op,
    /// The rowid, where the table has no primary key (0 otherwise). Of `new` for an insert, of `old` otherwise.
    pub rowid: i64,
    pub old: Option<Row>,
    pub new: Option<Row>,
}

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    pub user_id: i64,
    pub username: Arc<str>,
    /// The socket; `None` for a write over HTTP.
    pub session: Option<Uuid>,
    pub function: Option<Arc<str>>,
}

/// The changes of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Changes {
    Inline(Vec<Change>),
    /// Too many to hold: read them from the log, one by one.
    Stored {
        rows: u64,
    },
}

/// One transaction that changed at least one row of the business tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Commit {
    /// Rises by one with each commit of an epoch.
    pub n: u64,
    pub at_ms: i64,
    /// `None`: made by another program on the file.
    pub by: Option<Author>,
    pub changes: Changes,
}
