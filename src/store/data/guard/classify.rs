//! What a statement is, from its words alone: which lane it takes (reader or writer).

use crate::protocol::{error::Result, request::Kind};

/// `invalid_sql` for nothing, for more than one statement, and for what is never allowed
/// (DDL, PRAGMA, ATTACH, transactions, EXPLAIN).
pub fn classify(_sql: &str) -> Result<Kind> {
    unimplemented!()
}
