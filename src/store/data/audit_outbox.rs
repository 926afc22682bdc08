//! Audit of writes, written in the transaction of the write; the hub copies it into its hash-chained table.

use rusqlite::{Connection, Result, params};

/// Statement text is cut here, characters.
const MAX_DETAIL: usize = 2_000;

/// One audited write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteAudit {
    pub seq: i64,
    pub at_ms: i64,
    pub user_id: i64,
    pub username: String,
    pub address: String,
    pub session: Option<String>,
    /// The function, where one was called.
    pub subject: Option<String>,
    /// The statement as sent, without values.
    pub detail: Option<String>,
    /// The tables whose rows changed, by name, comma-separated.
    pub tables: Option<String>,
    pub rows_affected: i64,
    /// `None`: no row changed.
    pub commit: Option<i64>,
}

/// A write about to be audited.
#[derive(Debug)]
pub struct Entry<'a> {
    pub at_ms: i64,
    pub user_id: i64,
    pub username: &'a str,
    pub address: &'a str,
    pub session: Option<&'a str>,
    pub subject: Option<&'a str>,
    pub detail: Option<&'a str>,
    pub tables: Option<&'a str>,
    pub rows_affected: i64,
    pub commit: Option<u64>,
}

/// Writes an entry, in the caller's transaction.
pub fn append(conn: &Connection, entry: &Entry<'_>) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO _comptoir_audit(at_ms, user_id, username, address, session, subject, detail, tables, \
         rows_affected, \"commit\") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        entry.at_ms,
        entry.user_id,
        entry.username,
        entry.address,
        entry.session,
        entry.subject,
        entry.detail.map(cut),
        entry.tables,
        entry.rows_affected,
        entry.commit,
    ])?;
    Ok(())
}

fn cut(text: &str) -> &str {
    text.char_indices()
        .nth(MAX_DETAIL)
        .map_or(text, |(at, _)| &text[..at])
}

/// Entries after `after`, in order.
pub fn page(conn: &Connection, after: i64, limit: usize) -> Result<Vec<WriteAudit>> {
    conn.prepare_cached(
        "SELECT seq, at_ms, user_id, username, address, session, subject, detail, tables, rows_affected, \
         \"commit\" FROM _comptoir_audit WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?
    .query_map(params![after, limit as i64], |row| {
        Ok(WriteAudit {
            seq: row.get(0)?,
            at_ms: row.get(1)?,
            user_id: row.get(2)?,
            username: row.get(3)?,
            address: row.get(4)?,
            session: row.get(5)?,
            subject: row.get(6)?,
            detail: row.get(7)?,
            tables: row.get(8)?,
            rows_affected: row.get(9)?,
            commit: row.get(10)?,
        })
    })?
    .collect()
}

/// Forgets entries up to `up_to`, but never the newest: `seq` would begin anew.
pub fn trim(conn: &Connection, up_to: i64) -> Result<()> {
    conn.prepare_cached(
        "DELETE FROM _comptoir_audit WHERE seq <= ?1 AND seq < (SELECT max(seq) FROM _comptoir_audit)",
    )?
    .execute([up_to])?;
    Ok(())
}
