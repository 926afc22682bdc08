//! The shape of the business database.

use std::sync::Arc;

/// What kind of object a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    Table,
    View,
    /// A virtual table (FTS5, …) or a shadow table of one: cannot be captured.
    Virtual,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// As declared; empty where it is not.
    pub declared_type: String,
    pub not_null: bool,
    pub has_default: bool,
    /// Computed by SQLite (`GENERATED ALWAYS`): readable, never written.
    pub generated: bool,
    /// `None`: of a view, or not one of SQLite's own.
    pub collation: Option<Collation>,
}

/// How texts of a column are compared and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collation {
    Binary,
    /// The letters of ASCII without regard to case.
    Nocase,
    /// Without the spaces at the end.
    Rtrim,
}

impl Collation {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "BINARY",
            Self::Nocase => "NOCASE",
            Self::Rtrim => "RTRIM",
        }
    }
}

/// What identifies a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// Indexes into `columns`, in key order.
    Columns(Vec<usize>),
    /// No primary key: `{"rowid": n}`.
    Rowid,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub kind: TableKind,
    pub columns: Vec<Column>,
    pub key: Key,
    pub without_rowid: bool,
    /// The single `INTEGER PRIMARY KEY` column, which is the rowid.
    pub rowid_alias: Option<usize>,
}

impl Table {
    pub fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns
            .iter()
            .enumerate()
            .find(|(_, c)| c.name.eq_ignore_ascii_case(name))
    }
}

/// Tables and views of the business database; the hub's own `_comptoir_*` and SQLite's are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    pub tables: Vec<Arc<Table>>,
    /// Names of triggers and views: SQLite's authorizer reports accesses under them.
    pub triggers: Vec<String>,
}

impl Schema {
    pub fn table(&self, name: &str) -> Option<&Arc<Table>> {
        self.tables.iter().find(|t| t.name.eq_ignore_ascii_case(name))
    }
}
