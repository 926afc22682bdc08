//! Copies and checks of the hub's own database.

use std::path::Path;

use diesel::{
    Connection, QueryDsl, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection,
    sql_query, sql_types::Text,
};

use super::{audit, notifications, schema::files};

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

/// Files up to this size are looked through in full at a start, bytes: some tens of milliseconds.
const QUICK: u64 = 64 << 20;

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Quick {
    #[diesel(sql_type = Text)]
    quick_check: String,
}

/// Looks through the tables and their structure, but for the audit in a large file.
pub(super) fn quick_check(conn: &mut SqliteConnection, path: &Path) -> Result<(), Error> {
    let large = std::fs::metadata(path).is_ok_and(|file| file.len() > QUICK);
    let tables: Vec<Named> =
        sql_query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            .load(conn)?;
    for Named { name } in tables {
        if large && name == "audit" {
            continue;
        }
        // A pragma takes no parameters; the name is of our own migrations.
        let found: Quick = sql_query(format!("PRAGMA quick_check(\"{name}\")")).get_result(conn)?;
        if found.quick_check != "ok" {
            return Err(Error::Damaged(found.quick_check));
        }
    }
    Ok(())
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
        Some(fault) => Err(Error::Damaged(format!(
            "audit entry {}: {}",
            fault.id, fault.what
        ))),
    }
}

/// A file as its row describes it.
pub struct Recorded {
    /// Name on the disk.
    pub stored: String,
    pub bytes: u64,
    pub sha256: Vec<u8>,
}

/// What must be on the disk beside the database; nothing where it was written before there were files.
///
/// # Errors
/// Where the database cannot be read.
pub fn recorded_files(path: &Path) -> Result<Vec<Recorded>, Error> {
    let mut conn = open(path)?;
    let tables: Vec<Named> =
        sql_query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'files'")
            .load(&mut conn)?;
    if tables.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, i64, Vec<u8>)> = files::table
        .select((files::stored, files::size, files::sha256))
        .load(&mut conn)?;
    Ok(rows
        .into_iter()
        .map(|(stored, size, sha256)| Recorded {
            stored,
            bytes: size.unsigned_abs(),
            sha256,
        })
        .collect())
}

/// For `restore`: the business database has a new epoch and goes on numbering its write audits and notifications behind
/// `ends`. What was copied from it under `old_epoch` is not copied again.
///
/// # Errors
/// Where the file cannot be written.
pub fn rebase_shipped(path: &Path, old_epoch: &str, new_epoch: &str, ends: (i64, i64)) -> Result<(), Error> {
    let mut conn = open(path)?;
    super::write(&mut conn, |conn| {
        audit::rebase_shipped(conn, old_epoch, new_epoch, ends.0)?;
        // A backup of an older version has no notifications; it is migrated when it is served.
        if ends.1 > 0 {
            notifications::rebase_shipped(conn, old_epoch, new_epoch, ends.1)?;
        }
        Ok(())
    })
    .map_err(|cause| Error::Audit(cause.to_string()))
}

fn open(path: &Path) -> Result<SqliteConnection, Error> {
    let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
    conn.batch_execute("PRAGMA busy_timeout = 10000")?;
    Ok(conn)
}
