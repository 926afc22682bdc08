//! Copies and checks of the hub's own database.

use std::path::Path;

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_query,
    sql_types::Text,
};

use super::audit;
use crate::domain::Epoch;

/// Why a copy or a check failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Open(#[from] diesel::ConnectionError),
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
    #[error("the database is damaged: {0}")]
    Damaged(String),
    #[error("the audit cannot be read: {0}")]
    Audit(String),
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Text)]
    integrity_check: String,
}

/// Copies the database at `from` to the new file `to`, as of one moment, and checks the copy.
///
/// # Errors
/// Where either cannot be read or written, or the copy is damaged.
pub fn backup_to(from: &Path, to: &Path) -> Result<(), Error> {
    let mut conn = open(from)?;
    sql_query("VACUUM INTO ?")
        .bind::<Text, _>(to.to_string_lossy())
        .execute(&mut conn)?;
    check(to)
}

/// Checks the whole file.
///
/// # Errors
/// [`Error::Damaged`] with what SQLite found.
pub fn check(path: &Path) -> Result<(), Error> {
    let mut conn = open(path)?;
    let found: Found = sql_query("PRAGMA integrity_check(1)").get_result(&mut conn)?;
    if found.integrity_check == "ok" {
        Ok(())
    } else {
        Err(Error::Damaged(found.integrity_check))
    }
}

/// Walks the audit's chain of hashes; answers how many entries it holds.
///
/// # Errors
/// Names the first entry that was edited, removed or moved.
pub fn verify_audit(path: &Path) -> Result<u64, Error> {
    let mut conn = open(path)?;
    let verdict = super::read(&mut conn, audit::verify).map_err(|cause| Error::Audit(cause.to_string()))?;
    match verdict.fault {
        None => Ok(verdict.good.unsigned_abs()),
        Some(fault) => Err(Error::Damaged(format!("audit entry {}: {}", fault.id, fault.what))),
    }
}

/// Carries the position up to which writes were copied into the audit over to the epoch of a restored
/// business database, so that none is copied twice.
///
/// # Errors
/// Where the database cannot be written.
pub fn rebase_audit(path: &Path, old: Epoch, new: Epoch) -> Result<(), Error> {
    let mut conn = open(path)?;
    // A backup's `hub.db` is older than its `data.db`: what was copied is there, whatever its number.
    super::write(&mut conn, |conn| {
        audit::rebase_shipped(conn, &old.to_string(), &new.to_string(), i64::MAX)
    })
    .map_err(|cause| Error::Audit(cause.to_string()))
}

fn open(path: &Path) -> Result<SqliteConnection, Error> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    conn.batch_execute("PRAGMA busy_timeout = 10000")?;
    Ok(conn)
}
