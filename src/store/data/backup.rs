//! Online copies of the business database, each at one recorded commit.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, backup::Backup};

use super::{books, check};

/// Why a copy was not made. For the console and the log: may name files.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0} is there already")]
    Exists(PathBuf),
    #[error("the copy is damaged: {0}")]
    Damaged(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// Copies the database at `from` to `to` (which must not be there), also beside a running server, and
/// verifies the copy. Answers the commit it stands at. It appears under its name only when it is whole.
pub fn copy(from: &Path, to: &Path) -> Result<u64, BackupError> {
    if to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let partial = partial_name(to);
    let _ = std::fs::remove_file(&partial); // what an interrupted backup left
    let done = copy_to(from, &partial);
    if done.is_ok() {
        std::fs::rename(&partial, to)?;
        sync_directory(to)?;
    } else {
        let _ = std::fs::remove_file(&partial);
    }
    done
}

fn copy_to(from: &Path, to: &Path) -> Result<u64, BackupError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    source.busy_timeout(std::time::Duration::from_secs(10))?;
    let mut copy = Connection::open(to)?;
    // One step: in WAL mode that is one snapshot, and writers go on meanwhile.
    Backup::new(&source, &mut copy)?.step(-1)?;
    // One file, without a log beside it.
    copy.query_row("PRAGMA journal_mode=DELETE", [], |_| Ok(()))?;
    let problems = check::problems(&copy)?;
    if let Some(first) = problems.into_iter().next() {
        return Err(BackupError::Damaged(first));
    }
    // A database that no hub has served yet, or that the first start was killed over: its copy can be restored like any.
    if !books::exist(&copy)? {
        let books = copy.transaction()?;
        books::create(&books).map_err(|cause| BackupError::Damaged(cause.to_string()))?;
        books.commit()?;
    }
    let n = books::position(&copy)?.n;
    copy.close().map_err(|(_, cause)| cause)?;
    File::open(to)?.sync_all()?;
    Ok(n)
}

/// The epoch of the database at `path`.
pub fn epoch(path: &Path) -> Result<uuid::Uuid, BackupError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(books::epoch(&conn)?)
}

/// Gives the database at `path` a new epoch: what a restored copy needs before it is served.
pub fn renew_epoch(path: &Path) -> Result<uuid::Uuid, BackupError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Ok(books::renew_epoch(&conn)?)
}

/// The last write audit and the last notification that the database at `path` has numbered; 0 where there is none.
pub fn outbox_ends(path: &Path) -> Result<(i64, i64), BackupError> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let end = |table: &str| -> Result<i64, BackupError> {
        // A database of an older version may be without it.
        if !conn.table_exists(Some("main"), table)? {
            return Ok(0);
        }
        Ok(
            conn.query_row(&format!("SELECT coalesce(max(seq), 0) FROM {table}"), [], |row| {
                row.get(0)
            })?,
        )
    };
    Ok((end("_comptoir_audit")?, end("_comptoir_notification")?))
}

fn partial_name(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    to.with_file_name(name)
}

#[cfg(unix)]
fn sync_directory(of: &Path) -> std::io::Result<()> {
    match of.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn sync_directory(_of: &Path) -> std::io::Result<()> {
    Ok(()) // directories cannot be synced there, and need not be
}
