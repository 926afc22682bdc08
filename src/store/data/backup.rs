//! Copies of the business database: online, beside a running server or without one.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, OptionalExtension, backup};
use uuid::Uuid;

use crate::domain::Epoch;

/// Pages copied before other programs get their turn.
const PAGES_PER_STEP: std::ffi::c_int = 4096;

/// Between two steps. The copy restarts where another process wrote meanwhile, so it must not dawdle.
const PAUSE: Duration = Duration::from_millis(1);

/// Why a copy or a check failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("the database is damaged: {0}")]
    Damaged(String),
}

/// Copies the database at `from` to the new file `to` as of one commit, checks the copy, and answers
/// that commit.
///
/// # Errors
/// Where either cannot be read or written, or the copy is damaged.
pub fn copy(from: &Path, to: &Path) -> Result<u64, Error> {
    let source = open_read_only(from)?;
    let mut target = Connection::open(to)?;
    backup::Backup::new(&source, &mut target)?.run_to_completion(PAGES_PER_STEP, PAUSE, None)?;
    // A single file, without -wal beside it.
    target.pragma_update(None, "journal_mode", "DELETE")?;
    drop(target);
    check(to)
}

/// Checks the whole file, and answers its last commit.
///
/// # Errors
/// [`Error::Damaged`] with what SQLite found.
pub fn check(path: &Path) -> Result<u64, Error> {
    let conn = open_read_only(path)?;
    let found: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(Error::Damaged(found));
    }
    if !has_table(&conn, "_comptoir_commit")? {
        return Ok(0);
    }
    let last: Option<i64> = conn.query_row("SELECT max(n) FROM _comptoir_commit", [], |row| row.get(0))?;
    Ok(last.map_or(0, |n| n.unsigned_abs()))
}

/// Gives a restored database its new identity, so that no terminal resumes in a past that was undone.
///
/// # Errors
/// Where it cannot be written.
pub fn new_epoch(path: &Path) -> Result<Epoch, Error> {
    let conn = Connection::open(path)?;
    let epoch = Uuid::new_v4();
    if has_table(&conn, "_comptoir_meta")? {
        conn.execute(
            "UPDATE _comptoir_meta SET value = ?1 WHERE key = 'epoch'",
            [epoch.to_string()],
        )?;
    }
    Ok(epoch)
}

fn has_table(conn: &Connection, name: &str) -> Result<bool, Error> {
    Ok(conn
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1",
            [name],
            |_| Ok(()),
        )
        .optional()?
        .is_some())
}

fn open_read_only(path: &Path) -> Result<Connection, Error> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(Duration::from_secs(10))?;
    Ok(conn)
}
