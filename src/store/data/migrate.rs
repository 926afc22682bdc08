//! Migrations of a pack: each once, in order, in a transaction, with its checksum.

use std::collections::BTreeMap;

use rusqlite::{Batch, Connection, Result, fallible_iterator::FallibleIterator, params};

use super::{books, capture};
use crate::{
    domain::timestamp,
    pack::{Migration, Source},
};

/// Why the database and the pack do not fit. For the console: may name files.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("{file} was changed after it had been applied: restore it, and write a new migration instead")]
    Changed { file: String },
    #[error("{file} was applied to this database and is missing from the pack")]
    Missing { file: String },
    #[error("the database is newer than the pack: {file} was applied to it and the pack ends before it")]
    Newer { file: String },
    #[error("{file} comes before migrations that were already applied: give it a higher number")]
    OutOfOrder { file: String },
    #[error("{file}{}: {reason}", .line.map(|n| format!(":{n}")).unwrap_or_default())]
    Failed {
        file: String,
        line: Option<usize>,
        reason: String,
    },
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// The migrations of the pack that `conn`'s database still needs, in order.
pub fn pending<'a>(conn: &Connection, pack: &'a [Migration]) -> Result<Vec<&'a Migration>, MigrateError> {
    let applied = applied(conn)?;
    for (version, (file, checksum)) in &applied {
        match pack.iter().find(|m| m.version == *version) {
            Some(found) if found.checksum != *checksum => {
                return Err(MigrateError::Changed {
                    file: found.source.file.clone(),
                });
            }
            Some(_) => {}
            None if pack.iter().all(|m| m.version < *version) => {
                return Err(MigrateError::Newer { file: file.clone() });
            }
            None => return Err(MigrateError::Missing { file: file.clone() }),
        }
    }
    let newest = applied.keys().next_back().copied();
    let mut pending: Vec<&Migration> = pack
        .iter()
        .filter(|m| !applied.contains_key(&m.version))
        .collect();
    pending.sort_by_key(|m| m.version);
    if let Some(early) = pending.iter().find(|m| Some(m.version) < newest) {
        return Err(MigrateError::OutOfOrder {
            file: early.source.file.clone(),
        });
    }
    Ok(pending)
}

/// Applies what is pending; how many were applied. Not in a transaction of the caller.
///
/// The rows that a migration writes are not captured (it may rename what the triggers name): the log is
/// broken instead, so that whoever resumes from before it fetches anew.
pub fn apply(conn: &Connection, pack: &[Migration]) -> Result<usize, MigrateError> {
    let pending = pending(conn, pack)?;
    for migration in &pending {
        transaction(conn, &migration.source, |conn| {
            conn.execute(
                "INSERT INTO _comptoir_migration(version, file, checksum, at_ms) VALUES (?1, ?2, ?3, ?4)",
                params![
                    migration.version,
                    migration.source.file,
                    migration.checksum,
                    timestamp::now_ms()
                ],
            )
            .map(|_| ())
        })?;
    }
    Ok(pending.len())
}

/// Runs the pack's seed, once in the life of a database.
pub fn seed(conn: &Connection, seed: &Source) -> Result<bool, MigrateError> {
    let seeded: bool = conn.query_row(
        "SELECT count(*) FROM _comptoir_meta WHERE key = 'seeded_ms'",
        [],
        |row| row.get(0),
    )?;
    if seeded {
        return Ok(false);
    }
    transaction(conn, seed, |conn| {
        conn.execute(
            "INSERT INTO _comptoir_meta(key, value) VALUES ('seeded_ms', ?1)",
            [timestamp::now_ms()],
        )
        .map(|_| ())
    })?;
    Ok(true)
}

fn applied(conn: &Connection) -> Result<BTreeMap<i64, (String, String)>> {
    conn.prepare("SELECT version, file, checksum FROM _comptoir_migration")?
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect()
}

/// Runs a file and `record` in one transaction, with the foreign keys checked at its end: SQLite's way of
/// changing a table is to build a new one and drop the old, which the keys would forbid half-way.
fn transaction(
    conn: &Connection,
    source: &Source,
    record: impl FnOnce(&Connection) -> Result<()>,
) -> Result<(), MigrateError> {
    conn.execute_batch("PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE")?;
    let done = run(conn, source).and_then(|()| {
        record(conn)?;
        break_log(conn)?;
        conn.execute_batch("COMMIT")?;
        Ok(())
    });
    if !conn.is_autocommit() {
        conn.execute_batch("ROLLBACK")?;
    }
    conn.execute_batch("PRAGMA foreign_keys=ON")?;
    done
}

fn run(conn: &Connection, source: &Source) -> Result<(), MigrateError> {
    let failed = |line, reason: String| MigrateError::Failed {
        file: source.file.clone(),
        line,
        reason,
    };
    capture::remove(conn)?;
    run_statements(conn, &source.text).map_err(|(line, cause)| failed(Some(line), reason_of(&cause)))?;
    if conn.is_autocommit() {
        return Err(failed(
            None,
            "it ends its own transaction; a migration always runs in one".into(),
        ));
    }
    let broken: Option<String> = conn
        .prepare("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1")?
        .query_map([], |row| row.get(0))?
        .next()
        .transpose()?;
    match broken {
        Some(table) => Err(failed(
            None,
            format!("afterwards a row of {table} refers to one that is not there"),
        )),
        None => Ok(()),
    }
}

/// Forgets the changes before here, leaving out a number so that no cursor from before can go on.
pub(super) fn break_log(conn: &Connection) -> Result<()> {
    let at = books::position(conn)?;
    if at.n == 0 {
        return Ok(());
    }
    conn.execute(
        "INSERT INTO _comptoir_commit(n, last_seq, at_ms) VALUES (?1, ?2, ?3)",
        params![at.n + 2, at.last_seq, timestamp::now_ms()],
    )?;
    conn.execute("DELETE FROM _comptoir_commit WHERE n <= ?1", [at.n])?;
    conn.execute(
        "INSERT OR REPLACE INTO _comptoir_meta(key, value) VALUES ('trimmed_seq', ?1)",
        [at.last_seq],
    )?;
    Ok(())
}

/// Runs the statements of a file one by one; an error comes with the line its statement begins on.
fn run_statements(conn: &Connection, text: &str) -> Result<(), (usize, rusqlite::Error)> {
    let mut statements = Batch::new(conn, text);
    let mut at = 0;
    loop {
        let mut ran = || -> Result<Option<usize>> {
            let Some(mut statement) = statements.next()? else {
                return Ok(None);
            };
            let len = statement.expanded_sql().map_or(0, |sql| sql.len());
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            Ok(Some(len))
        };
        match ran() {
            Ok(Some(len)) => at += len,
            Ok(None) => return Ok(()),
            Err(cause) => return Err((line_of(text, at), cause)),
        }
    }
}

/// The line of the first word at or after `at`, comments left out.
fn line_of(text: &str, at: usize) -> usize {
    let mut rest = text.get(at..).unwrap_or("");
    loop {
        rest = rest.trim_start();
        let comment = if rest.starts_with("--") {
            rest.find('\n')
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|end| end + 2)
        } else {
            None
        };
        match comment {
            Some(end) => rest = &rest[end..],
            None => break,
        }
    }
    1 + text[..text.len() - rest.len()].matches('\n').count()
}

fn reason_of(cause: &rusqlite::Error) -> String {
    match cause {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}
