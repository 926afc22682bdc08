//! Requests on one table (PROTOCOL section 4, `/api/tables`).

use rusqlite::Connection;

use crate::{
    domain::{Role, Schema, TableRequest},
    protocol::{error::Result, result::Body},
};

use super::statement::RunLimits;

/// List or Get: a plain array or object.
pub fn read(
    _conn: &Connection,
    _schema: &Schema,
    _role: &Role,
    _user_id: i64,
    _request: &TableRequest,
    _limits: &RunLimits,
) -> Result<Body> {
    unimplemented!()
}

/// What a write of `/api/tables` did. The caller undoes an error.
pub struct Written {
    /// The row (Insert, Update), or `null` (Delete).
    pub body: Body,
    pub rows_affected: u64,
    pub last_insert_id: Option<i64>,
    /// What was run, without values: for the audit.
    pub sql: String,
}

/// Insert, Update or Delete, on the writer's connection, under the hub's authority.
pub fn write(
    _conn: &Connection,
    _schema: &Schema,
    _role: &Role,
    _user_id: i64,
    _request: &TableRequest,
    _limits: &RunLimits,
) -> Result<Written> {
    unimplemented!()
}
