//! Notifications of the pack's rules, written in the transaction of the change; the hub copies them into `hub.db`.

use rusqlite::{Connection, Result, Row, params};

/// To whom a firing speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Addressees {
    /// Users by id, as they were at the commit.
    Users(Vec<i64>),
    /// The members of a room, which only the hub knows.
    Room(i64),
}

/// One firing of a rule, as it waits to be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    pub seq: i64,
    pub commit: u64,
    pub at_ms: i64,
    pub event: String,
    pub to: Addressees,
    /// JSON of a `Text`: a string, or one per language.
    pub title: String,
    pub body: String,
    /// JSON.
    pub data: Option<String>,
    /// `None`: each stands for itself.
    pub dedup_key: Option<String>,
}

/// A firing about to be written. `users` is a JSON array of ids.
#[derive(Debug)]
pub struct Entry<'a> {
    pub commit: u64,
    pub at_ms: i64,
    pub event: &'a str,
    pub users: Option<&'a str>,
    pub room: Option<i64>,
    pub title: &'a str,
    pub body: &'a str,
    pub data: Option<&'a str>,
    pub dedup_key: Option<&'a str>,
}

/// Writes an entry, in the caller's transaction.
pub fn append(conn: &Connection, entry: &Entry<'_>) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO _comptoir_notification(\"commit\", at_ms, event, users, room, title, body, data, dedup_key) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        entry.commit,
        entry.at_ms,
        entry.event,
        entry.users,
        entry.room,
        entry.title,
        entry.body,
        entry.data,
        entry.dedup_key,
    ])?;
    Ok(())
}

/// Entries after `after`, in order.
pub fn page(conn: &Connection, after: i64, limit: usize) -> Result<Vec<Fired>> {
    conn.prepare_cached(
        "SELECT seq, \"commit\", at_ms, event, users, room, title, body, data, dedup_key \
         FROM _comptoir_notification WHERE seq > ?1 ORDER BY seq LIMIT ?2",
    )?
    .query_map(params![after, limit as i64], fired)?
    .collect()
}

fn fired(row: &Row<'_>) -> Result<Fired> {
    let users: Option<String> = row.get(4)?;
    let room: Option<i64> = row.get(5)?;
    let to = match (room, users) {
        (Some(room), _) => Addressees::Room(room),
        // Ours alone write here; what is unreadable is for nobody, and must not stop what follows.
        (None, users) => {
            Addressees::Users(serde_json::from_str(&users.unwrap_or_default()).unwrap_or_default())
        }
    };
    Ok(Fired {
        seq: row.get(0)?,
        commit: row.get(1)?,
        at_ms: row.get(2)?,
        event: row.get(3)?,
        to,
        title: row.get(6)?,
        body: row.get(7)?,
        data: row.get(8)?,
        dedup_key: row.get(9)?,
    })
}

/// Forgets entries up to `up_to`, but never the newest: `seq` would begin anew.
pub fn trim(conn: &Connection, up_to: i64) -> Result<()> {
    conn.prepare_cached(
        "DELETE FROM _comptoir_notification \
         WHERE seq <= ?1 AND seq < (SELECT max(seq) FROM _comptoir_notification)",
    )?
    .execute([up_to])?;
    Ok(())
}

/// The users of `roles` (a JSON array of names), as a JSON array of ids; `None` where there is nobody.
pub fn users(conn: &Connection, roles: &str) -> Result<Option<String>> {
    conn.prepare_cached(
        "SELECT json_group_array(id), count(*) FROM \
         (SELECT id FROM _comptoir_user WHERE active AND role IN (SELECT value FROM json_each(?1)) ORDER BY id)",
    )?
    .query_row([roles], |row| {
        let is_anybody = row.get::<_, i64>(1)? > 0;
        Ok(is_anybody.then_some(row.get(0)?))
    })
}

/// Whether there is such a user, and he may log in.
pub fn is_user(conn: &Connection, id: i64) -> Result<bool> {
    conn.prepare_cached("SELECT 1 FROM _comptoir_user WHERE id = ?1 AND active")?
        .exists([id])
}
