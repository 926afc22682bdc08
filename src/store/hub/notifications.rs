//! What people were told. Each row is one user's own, with his own read state; all that is asked here is asked for a
//! user, so that nobody learns of another's.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text as SqlText},
    upsert::excluded,
};
use serde_json::value::RawValue;

use super::{
    Connection, Error, Result,
    schema::{notifications, notifications_shipped, users},
};
use crate::{
    domain::{text::Text, timestamp::rfc3339},
    protocol::{
        error::{Code, Error as Refusal},
        notification::{Notification, Which},
    },
};

/// One thing to tell a user.
#[derive(Debug, Clone)]
pub struct News<'a> {
    pub event: &'a str,
    /// JSON of a [`Text`].
    pub title: &'a str,
    pub body: &'a str,
    /// JSON.
    pub data: Option<&'a str>,
    /// `None`: it stands for itself.
    pub dedup_key: Option<&'a str>,
    pub at_ms: i64,
}

#[derive(QueryableByName)]
struct User {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = notifications)]
struct Row {
    id: i64,
    event: String,
    title: String,
    body: String,
    data: Option<String>,
    count: i64,
    created_at_ms: i64,
    read_at_ms: Option<i64>,
}

impl Row {
    fn shown(self, lang: &str) -> Result<Notification> {
        Ok(Notification {
            id: self.id,
            event: self.event,
            title: in_lang(&self.title, lang)?,
            body: in_lang(&self.body, lang)?,
            data: self
                .data
                .map(RawValue::from_string)
                .transpose()
                .map_err(|_| Error::Malformed("notifications.data"))?,
            count: self.count,
            created_at: rfc3339(self.created_at_ms),
            read: self.read_at_ms.is_some(),
        })
    }
}

fn in_lang(text: &str, lang: &str) -> Result<String> {
    let text: Text = serde_json::from_str(text).map_err(|_| Error::Malformed("notifications.title"))?;
    Ok(text.in_lang(lang).to_owned())
}

/// Tells a user; in a write transaction. An unread one with the same key is replaced: same id, told once more.
/// `None` where there is no such user, or his account is disabled.
pub fn tell(conn: &mut Connection, user_id: i64, news: &News<'_>) -> Result<Option<Notification>> {
    let lang: Option<String> = users::table
        .filter(users::id.eq(user_id).and(users::active))
        .select(users::lang)
        .first(conn)
        .optional()?;
    let Some(lang) = lang else { return Ok(None) };
    let told_before: Option<i64> = match news.dedup_key {
        None => None,
        Some(key) => notifications::table
            .filter(notifications::user_id.eq(user_id))
            .filter(notifications::dedup_key.eq(key))
            .filter(notifications::read_at_ms.is_null())
            .select(notifications::id)
            .first(conn)
            .optional()?,
    };
    let values = (
        notifications::event.eq(news.event),
        notifications::title.eq(news.title),
        notifications::body.eq(news.body),
        notifications::data.eq(news.data),
        notifications::created_at_ms.eq(news.at_ms),
    );
    let row: Row = match told_before {
        Some(id) => diesel::update(notifications::table.find(id))
            .set((values, notifications::count.eq(notifications::count + 1)))
            .returning(Row::as_returning())
            .get_result(conn)?,
        None => diesel::insert_into(notifications::table)
            .values((
                notifications::user_id.eq(user_id),
                notifications::dedup_key.eq(news.dedup_key),
                values.0,
                values.1,
                values.2,
                values.3,
                values.4,
            ))
            .returning(Row::as_returning())
            .get_result(conn)?,
    };
    row.shown(&lang).map(Some)
}

/// One notification of a user, in his language.
pub fn get(conn: &mut Connection, user_id: i64, id: i64) -> Result<Option<Notification>> {
    let found: Option<(Row, String)> = notifications::table
        .inner_join(users::table)
        .filter(notifications::id.eq(id).and(notifications::user_id.eq(user_id)))
        .select((Row::as_select(), users::lang))
        .first(conn)
        .optional()?;
    found.map(|(row, lang)| row.shown(&lang)).transpose()
}

/// Where a list begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    Newest,
    After(i64),
    Before(i64),
}

/// At most `limit` of a user's, ascending by id, and whether there are more.
pub fn list(
    conn: &mut Connection,
    user_id: i64,
    from: From,
    limit: i64,
    lang: &str,
) -> Result<(Vec<Notification>, bool)> {
    let mine = notifications::table
        .filter(notifications::user_id.eq(user_id))
        .select(Row::as_select())
        .limit(limit + 1)
        .into_boxed();
    let mut rows: Vec<Row> = match from {
        From::After(id) => mine
            .filter(notifications::id.gt(id))
            .order(notifications::id)
            .load(conn)?,
        From::Before(id) => mine
            .filter(notifications::id.lt(id))
            .order(notifications::id.desc())
            .load(conn)?,
        From::Newest => mine.order(notifications::id.desc()).load(conn)?,
    };
    let most = usize::try_from(limit).unwrap_or(0);
    let has_more = rows.len() > most;
    rows.truncate(most);
    if !matches!(from, From::After(_)) {
        rows.reverse();
    }
    let shown = rows
        .into_iter()
        .map(|row| row.shown(lang))
        .collect::<Result<_>>()?;
    Ok((shown, has_more))
}

/// How many a user has not read.
pub fn unread(conn: &mut Connection, user_id: i64) -> Result<i64> {
    Ok(notifications::table
        .filter(notifications::user_id.eq(user_id))
        .filter(notifications::read_at_ms.is_null())
        .count()
        .get_result(conn)?)
}

/// Marks as read; answers how many are still unread.
///
/// # Errors
/// `not_found` where none of the ids is one of this user's.
pub fn mark_read(conn: &mut Connection, user_id: i64, which: &Which, now_ms: i64) -> Result<i64> {
    match which {
        Which::All => {
            let unread_ones = notifications::table
                .filter(notifications::user_id.eq(user_id))
                .filter(notifications::read_at_ms.is_null());
            diesel::update(unread_ones)
                .set(notifications::read_at_ms.eq(now_ms))
                .execute(conn)?;
        }
        Which::These(ids) => {
            // As one parameter: a statement has not as many as a frame has room for ids.
            let list = serde_json::Value::from(ids.as_slice()).to_string();
            let his: Option<User> = sql_query(
                "SELECT user_id FROM notifications WHERE user_id = ?1 \
                 AND id IN (SELECT value FROM json_each(?2)) LIMIT 1",
            )
            .bind::<BigInt, _>(user_id)
            .bind::<SqlText, _>(&list)
            .get_result(conn)
            .optional()?;
            if his.is_none() && !ids.is_empty() {
                return Err(Refusal::of(Code::NotFound).into());
            }
            sql_query(
                "UPDATE notifications SET read_at_ms = ?3 WHERE user_id = ?1 AND read_at_ms IS NULL \
                 AND id IN (SELECT value FROM json_each(?2))",
            )
            .bind::<BigInt, _>(user_id)
            .bind::<SqlText, _>(&list)
            .bind::<BigInt, _>(now_ms)
            .execute(conn)?;
        }
    }
    unread(conn, user_id)
}

/// The active users of these roles.
pub fn users_of(conn: &mut Connection, roles: &[&str]) -> Result<Vec<i64>> {
    Ok(users::table
        .filter(users::active.and(users::role.eq_any(roles)))
        .order(users::id)
        .select(users::id)
        .load(conn)?)
}

/// The active members of a room; `everyone`: the roles whose users are in the room of everyone. Nobody where there is
/// no such room.
pub fn members(conn: &mut Connection, room_id: i64, everyone: &[&str]) -> Result<Vec<i64>> {
    let everyone = serde_json::Value::from(everyone).to_string();
    let found: Vec<User> = sql_query(
        "SELECT id AS user_id FROM users WHERE active AND (id IN (SELECT user_id FROM members WHERE room_id = ?1) \
         OR role = (SELECT role FROM rooms WHERE id = ?1) \
         OR (role IN (SELECT value FROM json_each(?2)) AND EXISTS \
             (SELECT 1 FROM rooms WHERE id = ?1 AND kind = 'everyone'))) ORDER BY id",
    )
    .bind::<BigInt, _>(room_id)
    .bind::<SqlText, _>(everyone)
    .load(conn)?;
    Ok(found.into_iter().map(|user| user.user_id).collect())
}

/// The last of what the rules said that was copied from the business database of this epoch.
pub fn shipped(conn: &mut Connection, epoch: &str) -> Result<i64> {
    Ok(notifications_shipped::table
        .find(epoch)
        .select(notifications_shipped::last_seq)
        .first(conn)
        .optional()?
        .unwrap_or(0))
}

/// Notes it; in the transaction that tells the users.
pub fn set_shipped(conn: &mut Connection, epoch: &str, last_seq: i64) -> Result<()> {
    diesel::insert_into(notifications_shipped::table)
        .values((
            notifications_shipped::epoch.eq(epoch),
            notifications_shipped::last_seq.eq(last_seq),
        ))
        .on_conflict(notifications_shipped::epoch)
        .do_update()
        .set(notifications_shipped::last_seq.eq(excluded(notifications_shipped::last_seq)))
        .execute(conn)?;
    Ok(())
}

/// A restored business database has a new epoch and goes on counting behind `data_last_seq`: see
/// [`super::audit::rebase_shipped`].
pub fn rebase_shipped(
    conn: &mut Connection,
    old_epoch: &str,
    new_epoch: &str,
    data_last_seq: i64,
) -> Result<()> {
    let copied = shipped(conn, old_epoch)?.min(data_last_seq);
    set_shipped(conn, new_epoch, copied)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::hub::HubStore;

    pub fn with_users(dir: &std::path::Path) -> HubStore {
        let store = HubStore::open_in(dir).unwrap();
        store
            .write(|conn| {
                for (id, role, lang, active) in [(1, "a", "fr", true), (2, "a", "en", true), (3, "b", "ar", false)] {
                    sql_query(
                        "INSERT INTO users(id, username, display_name, role, lang, password_hash, active, \
                         must_change_password, created_at_ms) VALUES (?1, 'u' || ?1, 'U', ?2, ?3, '', ?4, 0, 0)",
                    )
                    .bind::<BigInt, _>(id)
                    .bind::<SqlText, _>(role)
                    .bind::<SqlText, _>(lang)
                    .bind::<diesel::sql_types::Bool, _>(active)
                    .execute(conn)?;
                }
                Ok(())
            })
            .unwrap();
        store
    }

    pub fn news(key: Option<&str>, at_ms: i64) -> News<'_> {
        News {
            event: "e",
            title: r#"{"fr":"Bonjour","en":"Hello"}"#,
            body: r#""b""#,
            data: Some("{\"n\":1}"),
            dedup_key: key,
            at_ms,
        }
    }

    #[test]
    fn an_unread_one_with_the_same_key_is_told_again_and_a_read_one_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let store = with_users(dir.path());
        store
            .write(|conn| {
                let first = tell(conn, 1, &news(Some("k"), 1))?.unwrap();
                let again = tell(conn, 1, &news(Some("k"), 2))?.unwrap();
                assert_eq!(
                    (again.id, again.count, again.title.as_str()),
                    (first.id, 2, "Bonjour")
                );
                let hers = tell(conn, 2, &news(Some("k"), 2))?.unwrap();
                assert_eq!((hers.count, hers.title.as_str()), (1, "Hello"));
                assert!(tell(conn, 3, &news(None, 2))?.is_none(), "disabled");
                assert!(tell(conn, 9, &news(None, 2))?.is_none(), "nobody");
                assert_eq!(mark_read(conn, 1, &Which::These(vec![first.id]), 3)?, 0);
                let fresh = tell(conn, 1, &news(Some("k"), 4))?.unwrap();
                assert!(fresh.id > first.id && fresh.count == 1);
                assert_eq!((unread(conn, 1)?, unread(conn, 2)?), (1, 1));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn nobody_reads_or_marks_anothers() {
        let dir = tempfile::tempdir().unwrap();
        let store = with_users(dir.path());
        store
            .write(|conn| {
                let his = tell(conn, 1, &news(None, 1))?.unwrap();
                assert!(get(conn, 2, his.id)?.is_none());
                assert!(list(conn, 2, From::Newest, 10, "en")?.0.is_empty());
                assert!(mark_read(conn, 2, &Which::These(vec![his.id]), 2).is_err());
                assert_eq!(mark_read(conn, 2, &Which::All, 2)?, 0);
                assert_eq!(unread(conn, 1)?, 1);
                // As many as one frame may name.
                let many: Vec<i64> = (0..200_000).collect();
                assert_eq!(mark_read(conn, 1, &Which::These(many), 2)?, 0);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn lists_go_in_both_directions() {
        let dir = tempfile::tempdir().unwrap();
        let store = with_users(dir.path());
        store
            .write(|conn| {
                let ids: Vec<i64> = (0..5)
                    .map(|at| tell(conn, 1, &news(None, at)).map(|told| told.unwrap().id))
                    .collect::<Result<_>>()?;
                let mut ask = |from, limit| {
                    let (rows, more) = list(conn, 1, from, limit, "en").unwrap();
                    (rows.iter().map(|row| row.id).collect::<Vec<_>>(), more)
                };
                assert_eq!(ask(From::Newest, 2), (ids[3..].to_vec(), true));
                assert_eq!(ask(From::Before(ids[3]), 3), (ids[..3].to_vec(), false));
                assert_eq!(ask(From::After(ids[0]), 2), (ids[1..3].to_vec(), true));
                assert_eq!(ask(From::After(ids[4]), 2), (vec![], false));
                Ok(())
            })
            .unwrap();
    }
}
