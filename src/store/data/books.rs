//! The hub's own tables in the business database. Every name begins with `_comptoir_`, so that a
//! database which already exists can be served as it is.
//!
//! `_comptoir_change` is filled by triggers (see [`super::capture`]), also when another program writes.
//! Triggers do not know the author: whoever wrote the rows past the last commit's `last_seq` when the
//! writer begins a transaction was not the hub. So no author row has to be cleared before COMMIT.

use rusqlite::{Connection, OptionalExtension, Result, params};
use uuid::Uuid;

/// The version of these tables; a database with a higher one was written by a newer hub.
pub const VERSION: i64 = 1;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _comptoir_meta(
    key TEXT PRIMARY KEY,
    value
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS _comptoir_shape(
    id INTEGER PRIMARY KEY,
    tbl TEXT NOT NULL,
    columns TEXT NOT NULL,
    key TEXT NOT NULL,
    UNIQUE(tbl, columns, key)
);

CREATE TABLE IF NOT EXISTS _comptoir_change(
    seq INTEGER PRIMARY KEY,
    shape INTEGER NOT NULL,
    op TEXT NOT NULL,
    rid INTEGER NOT NULL,
    old TEXT,
    new TEXT
);

CREATE TABLE IF NOT EXISTS _comptoir_commit(
    n INTEGER PRIMARY KEY,
    last_seq INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    user_id INTEGER,
    username TEXT,
    session TEXT,
    function TEXT
);

CREATE TABLE IF NOT EXISTS _comptoir_idempotency(
    user_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    answer TEXT NOT NULL,
    PRIMARY KEY(user_id, key)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS _comptoir_idempotency_at ON _comptoir_idempotency(at_ms);

CREATE TABLE IF NOT EXISTS _comptoir_audit(
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    username TEXT NOT NULL,
    address TEXT NOT NULL,
    session TEXT,
    subject TEXT,
    detail TEXT,
    tables TEXT,
    rows_affected INTEGER NOT NULL,
    \"commit\" INTEGER
);

CREATE TABLE IF NOT EXISTS _comptoir_notification(
    seq INTEGER PRIMARY KEY,
    \"commit\" INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    event TEXT NOT NULL,
    users TEXT,
    room INTEGER,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    data TEXT,
    dedup_key TEXT
);

CREATE TABLE IF NOT EXISTS _comptoir_user(
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    active INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS _comptoir_migration(
    version INTEGER PRIMARY KEY,
    file TEXT NOT NULL,
    checksum TEXT NOT NULL,
    at_ms INTEGER NOT NULL
);
";

/// Where the log stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    /// The last commit; 0 before the first.
    pub n: u64,
    /// The last change row that belongs to it.
    pub last_seq: i64,
}

/// What opening the books can find.
#[derive(Debug, thiserror::Error)]
pub enum BooksError {
    #[error("the database was written by a newer version of the hub")]
    Newer,
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
}

/// Creates what is missing of the books, in the caller's transaction.
pub fn create(conn: &Connection) -> Result<(), BooksError> {
    if let Some(found) = version(conn)?
        && found > VERSION
    {
        return Err(BooksError::Newer);
    }
    conn.execute_batch(TABLES)?;
    set_meta_if_absent(conn, "version", VERSION)?;
    set_meta_if_absent(conn, "epoch", Uuid::new_v4().to_string())?;
    Ok(())
}

/// Whether a hub has served this database before.
pub fn exist(conn: &Connection) -> Result<bool> {
    conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = '_comptoir_meta'",
        [],
        |row| row.get(0),
    )
}

/// The version of the books; `None` where there are none.
fn version(conn: &Connection) -> Result<Option<i64>> {
    if !exist(conn)? {
        return Ok(None);
    }
    conn.query_row(
        "SELECT value FROM _comptoir_meta WHERE key = 'version'",
        [],
        |row| row.get(0),
    )
    .optional()
}

fn set_meta_if_absent(conn: &Connection, key: &str, value: impl rusqlite::ToSql) -> Result<()> {
    conn.execute(
        "INSERT OR IGNORE INTO _comptoir_meta(key, value) VALUES (?1, ?2)",
        params![key, value],
    )?;
    Ok(())
}

/// The identity of this database.
pub fn epoch(conn: &Connection) -> Result<Uuid> {
    let text: String = conn.query_row(
        "SELECT value FROM _comptoir_meta WHERE key = 'epoch'",
        [],
        |row| row.get(0),
    )?;
    Uuid::parse_str(&text).map_err(|cause| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, cause.into())
    })
}

/// Gives the database a new identity: cursors of the old one are answered with `resync`.
pub fn renew_epoch(conn: &Connection) -> Result<Uuid> {
    let epoch = Uuid::new_v4();
    conn.execute(
        "UPDATE _comptoir_meta SET value = ?1 WHERE key = 'epoch'",
        [epoch.to_string()],
    )?;
    Ok(epoch)
}

/// Where the log stands.
pub fn position(conn: &Connection) -> Result<Position> {
    Ok(conn
        .prepare_cached("SELECT n, last_seq FROM _comptoir_commit ORDER BY n DESC LIMIT 1")?
        .query_row([], |row| {
            Ok(Position {
                n: row.get(0)?,
                last_seq: row.get(1)?,
            })
        })
        .optional()?
        .unwrap_or_default())
}

/// The newest change row; 0 where there is none.
pub fn newest_seq(conn: &Connection) -> Result<i64> {
    conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM _comptoir_change")?
        .query_row([], |row| row.get(0))
}
