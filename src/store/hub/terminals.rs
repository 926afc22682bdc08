//! Terminals registered by an administrator: machines that count as clients even where they are the hub's own.

use diesel::prelude::*;

use super::{Connection, Error, Result, schema::terminals};
use crate::protocol::error::{Code, Error as Public};

/// The address of a terminal that is the hub's own machine.
pub const HERE: &str = "here";

/// A registered terminal.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = terminals)]
pub struct Terminal {
    pub name: String,
    /// An IP address, or [`HERE`].
    pub address: String,
    pub created_at_ms: i64,
}

pub fn all(conn: &mut Connection) -> Result<Vec<Terminal>> {
    Ok(terminals::table
        .select(Terminal::as_select())
        .order(terminals::name)
        .load(conn)?)
}

/// `constraint_violation` where the name is taken.
pub fn insert(conn: &mut Connection, terminal: &Terminal) -> Result<()> {
    diesel::insert_into(terminals::table)
        .values(terminal)
        .execute(conn)
        .map(drop)
        .map_err(|cause| {
            let cause = Error::from(cause);
            if cause.is_unique_violation() {
                Public::new(
                    Code::ConstraintViolation,
                    "There is already a terminal of this name.",
                )
                .with("constraint", "terminals.name")
                .into()
            } else {
                cause
            }
        })
}

pub fn remove(conn: &mut Connection, name: &str) -> Result<bool> {
    Ok(diesel::delete(terminals::table.filter(terminals::name.eq(name))).execute(conn)? > 0)
}
