//! How connections to the business database are opened: durability, safety switches and limits.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig, limits::Limit};

use crate::protocol::error::Result;

use super::{bounded, error::from_sqlite};

/// How long a statement waits for another program's lock on the file.
pub const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Prepared statements kept by each connection.
const STATEMENTS: usize = 256;

/// Memory of all SQLite connections of the process; past it a statement fails with NOMEM, which only
/// that statement notices.
const HEAP_LIMIT_BYTES: i64 = 256 << 20;

/// Room above a frame or a result for the record around the value.
const LENGTH_MARGIN_BYTES: usize = 1 << 20;

/// The connection of the writer thread: the only one that may change `data.db`. Makes the file where there is none.
pub fn open_writer(path: &Path) -> Result<Connection> {
    let conn = open(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    )?;
    conn.execute_batch(
        "PRAGMA journal_mode=WAL;
         PRAGMA synchronous=FULL;
         PRAGMA recursive_triggers=ON;
         PRAGMA foreign_keys=ON;",
    )
    .map_err(from_sqlite)?;
    Ok(conn)
}

/// A reader whose `main` is the whole of `data.db`: for pack functions and administrators.
pub fn open_full_reader(path: &Path) -> Result<Connection> {
    // Not SQLITE_OPEN_READONLY: the last reader of a WAL file must be able to recover it.
    let conn = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    query_only(&conn)?;
    Ok(conn)
}

/// A reader whose `main` is empty and to which `data.db` is attached under `schema`, a name of letters only.
pub(super) fn open_attached_reader(path: &Path, schema: &str) -> Result<Connection> {
    let conn = open(Path::new(":memory:"), OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute(
        &format!("ATTACH DATABASE ?1 AS \"{schema}\""),
        [path.to_string_lossy()],
    )
    .map_err(from_sqlite)?;
    Ok(conn)
}

/// From here on the connection writes to no database, temporary views included.
pub(super) fn query_only(conn: &Connection) -> Result<()> {
    conn.execute_batch("PRAGMA query_only=ON;").map_err(from_sqlite)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let conn =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(from_sqlite)?;
    for (switch, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        // Schemas that exist already may quote their defaults with double quotes; DDL is never a client's.
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
    ] {
        conn.set_db_config(switch, on).map_err(from_sqlite)?;
    }
    conn.busy_timeout(BUSY_TIMEOUT).map_err(from_sqlite)?;
    // Sorters and materialised tables of a bomb go to a file that is gone with the statement, not to memory.
    conn.execute_batch(&format!(
        "PRAGMA temp_store=FILE;
         PRAGMA cell_size_check=ON;
         PRAGMA hard_heap_limit={HEAP_LIMIT_BYTES};"
    ))
    .map_err(from_sqlite)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    bounded::install(&conn).map_err(from_sqlite)?;
    Ok(conn)
}

/// Limits for connections that run clients' statements. `largest_value` is the greater of the largest frame and
/// the largest result, bytes. FUNCTION_ARG keeps its value: change capture needs it.
pub fn limit(conn: &Connection, largest_value: usize) -> Result<()> {
    let length = i32::try_from(largest_value.saturating_add(LENGTH_MARGIN_BYTES)).unwrap_or(i32::MAX);
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, length),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, length),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
        (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 100),
        (Limit::SQLITE_LIMIT_VDBE_OP, 100_000),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 100),
    ] {
        conn.set_limit(limit, value).map_err(from_sqlite)?;
    }
    Ok(())
}

/// No further database can be attached from here on.
pub(super) fn seal(conn: &Connection) -> Result<()> {
    let attached: i64 = conn
        .query_row(
            "SELECT count(*) FROM pragma_database_list WHERE seq > 1",
            [],
            |row| row.get(0),
        )
        .map_err(from_sqlite)?;
    conn.set_limit(Limit::SQLITE_LIMIT_ATTACHED, i32::try_from(attached).unwrap_or(0))
        .map(|_| ())
        .map_err(from_sqlite)
}
