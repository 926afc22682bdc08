//! The audit table: appended to at its sealed end, read by filter, verified from the first row to the last.

use diesel::{connection::DefaultLoadingMode, prelude::*, upsert::excluded};

use super::{
    Connection, Error, Result,
    chain::{self, GENESIS, Hash},
    schema::{audit, audit_head, audit_shipped},
};

/// A row to append; its id and seal are given by the chain. Never holds a password, a token or a parameter value.
#[derive(Debug, Clone, Default)]
pub struct NewRow {
    pub at_ms: i64,
    /// `login`, `login_failed`, `logout`, `refused`, `admin`, `write`, …
    pub action: String,
    pub user_id: Option<i64>,
    pub username: Option<String>,
    pub address: Option<String>,
    pub session: Option<String>,
    /// What it was about: function, route, account.
    pub subject: Option<String>,
    /// Statement text without values, or other detail.
    pub detail: Option<String>,
    pub tables: Option<String>,
    pub rows_affected: Option<i64>,
    pub commit: Option<i64>,
    /// `ok` or the error code.
    pub outcome: String,
}

/// A row as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = audit)]
pub struct Row {
    pub id: i64,
    pub at_ms: i64,
    pub action: String,
    pub user_id: Option<i64>,
    pub username: Option<String>,
    pub address: Option<String>,
    pub session: Option<String>,
    pub subject: Option<String>,
    pub detail: Option<String>,
    pub tables: Option<String>,
    pub rows_affected: Option<i64>,
    pub commit_n: Option<i64>,
    pub outcome: String,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

#[derive(Insertable)]
#[diesel(table_name = audit)]
struct Sealed<'a> {
    id: i64,
    at_ms: i64,
    action: &'a str,
    user_id: Option<i64>,
    username: Option<&'a str>,
    address: Option<&'a str>,
    session: Option<&'a str>,
    subject: Option<&'a str>,
    detail: Option<&'a str>,
    tables: Option<&'a str>,
    rows_affected: Option<i64>,
    commit_n: Option<i64>,
    outcome: &'a str,
    prev_hash: &'a [u8],
    hash: &'a [u8],
}

/// The end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub last_id: i64,
    pub entries: i64,
    pub hash: Hash,
}

/// Which rows to read.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub before_id: Option<i64>,
    pub username: Option<String>,
    pub action: Option<String>,
    pub outcome: Option<String>,
    pub text: Option<String>,
    pub since_ms: Option<i64>,
    pub until_ms: Option<i64>,
}

/// What [`verify`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Rows that were found good, from the first on.
    pub good: i64,
    pub head: Head,
    /// The first thing that is wrong.
    pub fault: Option<Fault>,
}

/// A break of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first row that is missing or not as it was written.
    pub id: i64,
    pub what: &'static str,
}

pub fn head(conn: &mut Connection) -> Result<Head> {
    let (last_id, entries, hash): (i64, i64, Vec<u8>) = audit_head::table
        .select((audit_head::last_id, audit_head::entries, audit_head::hash))
        .first(conn)?;
    Ok(Head {
        last_id,
        entries,
        hash: as_hash(&hash).ok_or(Error::Malformed("audit_head.hash"))?,
    })
}

/// Appends rows to the chain. In a write transaction: the head is read and moved in it, so that every
/// process that appends does so at the true end.
pub fn append(conn: &mut Connection, rows: &[NewRow]) -> Result<Head> {
    let mut head = head(conn)?;
    for row in rows {
        let sealed = chain::Row {
            id: head.last_id + 1,
            at_ms: row.at_ms,
            action: &row.action,
            user_id: row.user_id,
            username: row.username.as_deref(),
            address: row.address.as_deref(),
            session: row.session.as_deref(),
            subject: row.subject.as_deref(),
            detail: row.detail.as_deref(),
            tables: row.tables.as_deref(),
            rows_affected: row.rows_affected,
            commit: row.commit,
            outcome: &row.outcome,
        };
        let hash = chain::seal(&head.hash, &sealed);
        // One by one: this statement stays prepared, a batch of varying length would be prepared each time.
        diesel::insert_into(audit::table)
            .values(Sealed {
                id: sealed.id,
                at_ms: sealed.at_ms,
                action: sealed.action,
                user_id: sealed.user_id,
                username: sealed.username,
                address: sealed.address,
                session: sealed.session,
                subject: sealed.subject,
                detail: sealed.detail,
                tables: sealed.tables,
                rows_affected: sealed.rows_affected,
                commit_n: sealed.commit,
                outcome: sealed.outcome,
                prev_hash: &head.hash,
                hash: &hash,
            })
            .execute(conn)?;
        head = Head {
            last_id: sealed.id,
            entries: head.entries + 1,
            hash,
        };
    }
    diesel::update(audit_head::table)
        .set((
            audit_head::last_id.eq(head.last_id),
            audit_head::entries.eq(head.entries),
            audit_head::hash.eq(&head.hash[..]),
        ))
        .execute(conn)?;
    Ok(head)
}

/// The newest `limit` rows that match, newest first.
pub fn list(conn: &mut Connection, filter: &Filter, limit: i64) -> Result<Vec<Row>> {
    let mut query = audit::table
        .select(Row::as_select())
        .order(audit::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(id) = filter.before_id {
        query = query.filter(audit::id.lt(id));
    }
    if let Some(username) = &filter.username {
        query = query.filter(audit::username.eq(username));
    }
    if let Some(action) = &filter.action {
        query = query.filter(audit::action.eq(action));
    }
    if let Some(outcome) = &filter.outcome {
        query = query.filter(audit::outcome.eq(outcome));
    }
    if let Some(text) = &filter.text {
        let like = containing(text);
        query = query.filter(
            (audit::subject.like(like.clone()).escape('\\'))
                .or(audit::detail.like(like.clone()).escape('\\'))
                .or(audit::username.like(like.clone()).escape('\\'))
                .or(audit::address.like(like.clone()).escape('\\'))
                .or(audit::tables.like(like).escape('\\')),
        );
    }
    if let Some(since) = filter.since_ms {
        query = query.filter(audit::at_ms.ge(since));
    }
    if let Some(until) = filter.until_ms {
        query = query.filter(audit::at_ms.lt(until));
    }
    Ok(query.load(conn)?)
}

/// A pattern of LIKE that matches this very text anywhere.
fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Visits the rows of a span of time (`from` included, `to` not), oldest first, without holding them in memory.
pub fn visit<E: From<Error>>(
    conn: &mut Connection,
    from_ms: Option<i64>,
    to_ms: Option<i64>,
    mut each: impl FnMut(Row) -> std::result::Result<(), E>,
) -> std::result::Result<(), E> {
    let rows = audit::table
        .filter(audit::at_ms.ge(from_ms.unwrap_or(i64::MIN)))
        .filter(audit::at_ms.lt(to_ms.unwrap_or(i64::MAX)))
        .order(audit::id)
        .select(Row::as_select())
        .load_iter::<Row, DefaultLoadingMode>(conn)
        .map_err(Error::from)?;
    for row in rows {
        each(row.map_err(Error::from)?)?;
    }
    Ok(())
}

/// Checks the whole chain: nothing edited, removed (at the end neither), inserted or reordered.
/// On one snapshot, so that it can run beside a server that writes.
pub fn verify(conn: &mut Connection) -> Result<Verdict> {
    let head = head(conn)?;
    let mut good = 0;
    let mut previous = GENESIS;
    let mut fault = None;
    let rows = audit::table
        .order(audit::id)
        .select(Row::as_select())
        .load_iter::<Row, DefaultLoadingMode>(conn)?;
    for row in rows {
        let row = row?;
        if let Some(what) = fault_of(&row, good + 1, &previous, head.last_id) {
            fault = Some(Fault {
                id: row.id.min(good + 1),
                what,
            });
            break;
        }
        previous = as_hash(&row.hash).ok_or(Error::Malformed("audit.hash"))?;
        good += 1;
    }
    let fault = fault.or_else(|| {
        let what = if good < head.last_id {
            "it and what followed it was removed"
        } else if head.entries != good || head.hash != previous {
            "the recorded end of the audit was changed"
        } else {
            return None;
        };
        Some(Fault {
            id: (good + 1).min(head.last_id.max(1)),
            what,
        })
    });
    Ok(Verdict { good, head, fault })
}

fn fault_of(row: &Row, expected_id: i64, previous: &Hash, last_id: i64) -> Option<&'static str> {
    let sealed = chain::Row {
        id: row.id,
        at_ms: row.at_ms,
        action: &row.action,
        user_id: row.user_id,
        username: row.username.as_deref(),
        address: row.address.as_deref(),
        session: row.session.as_deref(),
        subject: row.subject.as_deref(),
        detail: row.detail.as_deref(),
        tables: row.tables.as_deref(),
        rows_affected: row.rows_affected,
        commit: row.commit_n,
        outcome: &row.outcome,
    };
    if row.id > expected_id {
        Some("it was removed")
    } else if row.id < expected_id || row.id > last_id {
        Some("it was inserted")
    } else if row.prev_hash != previous[..] {
        Some("it does not follow the row before it")
    } else if row.hash != chain::seal(previous, &sealed)[..] {
        Some("it was changed")
    } else {
        None
    }
}

/// The last write audit that was copied from the business database of this epoch.
pub fn shipped(conn: &mut Connection, epoch: &str) -> Result<i64> {
    Ok(audit_shipped::table
        .find(epoch)
        .select(audit_shipped::last_seq)
        .first(conn)
        .optional()?
        .unwrap_or(0))
}

/// Whether writes of any business database were ever copied.
pub fn has_shipped(conn: &mut Connection) -> Result<bool> {
    Ok(diesel::select(diesel::dsl::exists(
        audit_shipped::table.filter(audit_shipped::last_seq.gt(0)),
    ))
    .get_result(conn)?)
}

/// Notes the last write audit that was copied; in the transaction that appends the copies.
pub fn set_shipped(conn: &mut Connection, epoch: &str, last_seq: i64) -> Result<()> {
    diesel::insert_into(audit_shipped::table)
        .values((
            audit_shipped::epoch.eq(epoch),
            audit_shipped::last_seq.eq(last_seq),
        ))
        .on_conflict(audit_shipped::epoch)
        .do_update()
        .set(audit_shipped::last_seq.eq(excluded(audit_shipped::last_seq)))
        .execute(conn)?;
    Ok(())
}

/// A restored business database has a new epoch and goes on counting behind `data_last_seq`: what was
/// copied of the old one stays copied, what comes anew is not taken for a repetition.
pub fn rebase_shipped(
    conn: &mut Connection,
    old_epoch: &str,
    new_epoch: &str,
    data_last_seq: i64,
) -> Result<()> {
    let copied = shipped(conn, old_epoch)?.min(data_last_seq);
    set_shipped(conn, new_epoch, copied)
}

fn as_hash(bytes: &[u8]) -> Option<Hash> {
    bytes.try_into().ok()
}
