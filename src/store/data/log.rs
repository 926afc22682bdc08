//! The change log: reading commits, and trimming what is past retention.

use std::{collections::HashMap, ops::ControlFlow, sync::Arc};

use rusqlite::{Connection, OptionalExtension, Result, Row, params, types::Type};
use uuid::Uuid;

use super::{
    books::{self, Position},
    capture, captured,
};
use crate::domain::{Author, Change, Changes, Commit, Op, Shape};

/// A commit of more rows than this is `Changes::Stored`.
pub const MAX_INLINE_ROWS: usize = 5_000;
/// A commit of more bytes of captured rows than this is `Changes::Stored`.
pub const MAX_INLINE_BYTES: usize = 4 << 20;
/// Change rows deleted in one step of trimming: the writer is held no longer than that takes.
const TRIM_STEP: i64 = 5_000;

/// A stretch of the change log.
#[derive(Debug)]
pub struct LogPage {
    /// In order, all `> after`; large ones as `Changes::Stored`.
    pub commits: Vec<Commit>,
    /// The last commit of the log when this page was read; the page is complete up to it where `more` is false.
    pub head: u64,
    pub more: bool,
    /// The first commit that the log still holds is `oldest`; `after + 1 < oldest` means expired.
    pub oldest: u64,
}

impl LogPage {
    /// Leaves out what comes after commit `n`, as if it were not there yet.
    pub fn end_at(&mut self, n: u64) {
        if self.head > n {
            let read = self.commits.len();
            self.commits.retain(|commit| commit.n <= n);
            self.more &= self.commits.len() == read;
            self.head = n;
        }
    }
}

/// Shapes that one connection has read, by id. They never change once made.
#[derive(Debug, Default)]
pub struct Shapes(HashMap<i64, Arc<Shape>>);

impl Shapes {
    fn get(&mut self, conn: &Connection, id: i64) -> Result<Arc<Shape>> {
        if let Some(shape) = self.0.get(&id) {
            return Ok(shape.clone());
        }
        let shape = capture::shape(conn, id)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        self.0.insert(id, shape.clone());
        Ok(shape)
    }

    /// Forgets all: shapes made in a transaction that was rolled back may come again with another meaning.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

/// Records the rows past `at` as one commit; `None` where there are none.
pub fn record(
    conn: &Connection,
    shapes: &mut Shapes,
    at: &mut Position,
    at_ms: i64,
    by: Option<Author>,
) -> Result<Option<Commit>> {
    let last_seq = books::newest_seq(conn)?;
    if last_seq <= at.last_seq {
        return Ok(None);
    }
    let changes = changes(conn, shapes, at.last_seq, last_seq)?;
    let n = at.n + 1;
    conn.prepare_cached(
        "INSERT INTO _comptoir_commit(n, last_seq, at_ms, user_id, username, session, function) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        n,
        last_seq,
        at_ms,
        by.as_ref().map(|by| by.user_id),
        by.as_ref().map(|by| &*by.username),
        by.as_ref().and_then(|by| by.session).map(|id| id.to_string()),
        by.as_ref().and_then(|by| by.function.as_deref()),
    ])?;
    *at = Position { n, last_seq };
    Ok(Some(Commit {
        n,
        at_ms,
        by,
        changes,
    }))
}

/// The rows `after < seq <= last`, or how many they are where they are too many to hold.
fn changes(conn: &Connection, shapes: &mut Shapes, after: i64, last: i64) -> Result<Changes> {
    let stored = Changes::Stored {
        rows: u64::try_from(last - after).unwrap_or(0),
    };
    if last - after > MAX_INLINE_ROWS as i64 {
        return Ok(stored);
    }
    let mut inline = Vec::new();
    let mut bytes = 0;
    let broken = visit(conn, shapes, after, last, &mut |change, size| {
        bytes += size;
        if bytes > MAX_INLINE_BYTES {
            return ControlFlow::Break(());
        }
        inline.push(change);
        ControlFlow::Continue(())
    })?;
    Ok(if broken.is_break() {
        stored
    } else {
        Changes::Inline(inline)
    })
}

/// Calls `each` with every change `after < seq <= last` and the bytes it takes in the log, until it breaks.
fn visit(
    conn: &Connection,
    shapes: &mut Shapes,
    after: i64,
    last: i64,
    each: &mut dyn FnMut(Change, usize) -> ControlFlow<()>,
) -> Result<ControlFlow<()>> {
    let mut statement = conn.prepare_cached(
        "SELECT shape, op, rid, old, new FROM _comptoir_change WHERE seq > ?1 AND seq <= ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query([after, last])?;
    while let Some(row) = rows.next()? {
        let shape = shapes.get(conn, row.get(0)?)?;
        let (old, old_bytes) = side(row, 3)?;
        let (new, new_bytes) = side(row, 4)?;
        let op = match row.get_ref(1)?.as_bytes()? {
            b"i" => Op::Insert,
            b"u" => Op::Update,
            _ => Op::Delete,
        };
        let change = Change {
            shape,
            op,
            rowid: row.get(2)?,
            old,
            new,
        };
        if each(change, old_bytes + new_bytes).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn side(row: &Row<'_>, at: usize) -> Result<(Option<crate::domain::change::Row>, usize)> {
    let Some(text) = row.get_ref(at)?.as_bytes_or_null()? else {
        return Ok((None, 0));
    };
    captured::parse_row(text)
        .map(|values| (Some(values), text.len()))
        .map_err(|cause| rusqlite::Error::FromSqlConversionFailure(at, Type::Text, cause.into()))
}

/// Commits after `after`, at most about `max_bytes` of them and at least one where there is one.
/// Run it in a read transaction.
pub fn page(conn: &Connection, shapes: &mut Shapes, after: u64, max_bytes: usize) -> Result<LogPage> {
    let head = books::position(conn)?.n;
    let mut page = LogPage {
        commits: Vec::new(),
        head,
        more: false,
        oldest: oldest(conn)?,
    };
    let mut budget = max_bytes;
    let mut previous = end_of(conn, after)?;
    let mut statement = conn.prepare_cached(
        "SELECT n, last_seq, at_ms, user_id, username, session, function \
         FROM _comptoir_commit WHERE n > ?1 ORDER BY n",
    )?;
    let mut rows = statement.query([after])?;
    while let Some(row) = rows.next()? {
        if budget == 0 {
            page.more = true;
            break;
        }
        let last_seq: i64 = row.get(1)?;
        let changes = changes(conn, shapes, previous, last_seq)?;
        budget = budget.saturating_sub(weight(&changes));
        previous = last_seq;
        page.commits.push(Commit {
            n: row.get(0)?,
            at_ms: row.get(2)?,
            by: author(row)?,
            changes,
        });
    }
    Ok(page)
}

/// Visits the changes of one commit, in order, until `each` breaks. `false` where the log no longer holds it.
pub fn visit_commit(
    conn: &Connection,
    shapes: &mut Shapes,
    n: u64,
    each: &mut dyn FnMut(&Change) -> ControlFlow<()>,
) -> Result<bool> {
    let last: Option<i64> = conn
        .prepare_cached("SELECT last_seq FROM _comptoir_commit WHERE n = ?1")?
        .query_row([n], |row| row.get(0))
        .optional()?;
    let Some(last) = last else {
        return Ok(false);
    };
    let after = end_of(conn, n.saturating_sub(1))?;
    let _ = visit(conn, shapes, after, last, &mut |change, _| each(&change))?;
    Ok(true)
}

/// About what the changes of a commit hold in memory, bytes.
pub fn weight(changes: &Changes) -> usize {
    const CHANGE: usize = 128;
    const VALUE: usize = 32;
    match changes {
        Changes::Stored { .. } => CHANGE,
        Changes::Inline(changes) => changes
            .iter()
            .flat_map(|change| change.old.iter().chain(&change.new))
            .map(|row| {
                row.iter()
                    .map(|value| match value {
                        crate::protocol::SqlValue::Text(text) => VALUE + text.len(),
                        _ => VALUE,
                    })
                    .sum::<usize>()
            })
            .sum::<usize>()
            .saturating_add(CHANGE * changes.len()),
    }
}

/// The shapes of the rows that changed after `seq`.
pub fn shapes_since(conn: &Connection, shapes: &mut Shapes, seq: i64) -> Result<Vec<Arc<Shape>>> {
    let ids: Vec<i64> = conn
        .prepare_cached("SELECT DISTINCT shape FROM _comptoir_change WHERE seq > ?1")?
        .query_map([seq], |row| row.get(0))?
        .collect::<Result<_>>()?;
    ids.into_iter().map(|id| shapes.get(conn, id)).collect()
}

/// The tables whose rows changed after `seq`: names, comma-separated.
pub fn tables_since(conn: &Connection, seq: i64) -> Result<String> {
    conn.prepare_cached(
        "SELECT coalesce(group_concat(DISTINCT tbl), '') FROM _comptoir_shape \
         WHERE id IN (SELECT shape FROM _comptoir_change WHERE seq > ?1)",
    )?
    .query_row([seq], |row| row.get(0))
}

/// The last change row of commit `n`, or of all that was trimmed where `n` was.
fn end_of(conn: &Connection, n: u64) -> Result<i64> {
    conn.prepare_cached(
        "SELECT coalesce((SELECT last_seq FROM _comptoir_commit WHERE n = ?1), \
         (SELECT value FROM _comptoir_meta WHERE key = 'trimmed_seq'), 0)",
    )?
    .query_row([n], |row| row.get(0))
}

/// The first commit that the log still holds, or will hold.
pub fn oldest(conn: &Connection) -> Result<u64> {
    conn.prepare_cached("SELECT coalesce(min(n), 1) FROM _comptoir_commit")?
        .query_row([], |row| row.get(0))
}

fn author(row: &Row<'_>) -> Result<Option<Author>> {
    let Some(user_id) = row.get(3)? else {
        return Ok(None);
    };
    let username: Option<String> = row.get(4)?;
    let session: Option<String> = row.get(5)?;
    let function: Option<String> = row.get(6)?;
    Ok(Some(Author {
        user_id,
        username: username.unwrap_or_default().into(),
        session: session.and_then(|id| Uuid::parse_str(&id).ok()),
        function: function.map(Arc::from),
    }))
}

/// How long changes are kept.
#[derive(Debug, Clone, Copy)]
pub struct Retention {
    /// Commits older than this may go, milliseconds since 1970.
    pub before_ms: i64,
    /// Change rows beyond this many may go.
    pub rows: i64,
}

/// One small step of trimming, in the caller's transaction. Whether there may be more to do.
///
/// The newest commit always stays, with its rows: numbers would begin anew after it. A commit goes first,
/// then its rows; `trimmed_seq` tells rows that wait for that from those of the oldest commit.
pub fn trim(conn: &Connection, keep: Retention) -> Result<bool> {
    const COMMITS: i64 = 500;
    let newest = books::position(conn)?;
    let mut statement = conn
        .prepare_cached("SELECT n, last_seq, at_ms FROM _comptoir_commit WHERE n < ?1 ORDER BY n LIMIT ?2")?;
    let mut rows = statement.query(params![newest.n, COMMITS])?;
    let mut gone: Option<(i64, i64)> = None;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let (n, last_seq, at_ms): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if at_ms >= keep.before_ms && newest.last_seq - last_seq < keep.rows {
            break;
        }
        gone = Some((n, last_seq));
        count += 1;
    }
    drop(rows);
    if let Some((n, last_seq)) = gone {
        conn.prepare_cached("DELETE FROM _comptoir_commit WHERE n <= ?1")?
            .execute([n])?;
        conn.prepare_cached("INSERT OR REPLACE INTO _comptoir_meta(key, value) VALUES ('trimmed_seq', ?1)")?
            .execute([last_seq])?;
    }
    let deleted = conn
        .prepare_cached(
            "DELETE FROM _comptoir_change WHERE seq < (SELECT max(seq) FROM _comptoir_change) \
             AND seq IN (SELECT seq FROM _comptoir_change WHERE seq <= \
             coalesce((SELECT value FROM _comptoir_meta WHERE key = 'trimmed_seq'), 0) ORDER BY seq LIMIT ?1)",
        )?
        .execute([TRIM_STEP])?;
    Ok(count == COMMITS || deleted as i64 == TRIM_STEP)
}
