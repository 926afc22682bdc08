//! Notifications past their time, and those past the most that one user keeps. What there is of them is read first, through
//! indexes; of users only those are looked at who were told something since the last look.

use diesel::{prelude::*, sql_query, sql_types::BigInt};

use super::{
    Connection, Result,
    schema::{notifications, users},
};

/// What may go.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Past {
    /// Ids of those past their time.
    pub old: Vec<i64>,
    /// Users who have more than the most, and the last that is too many.
    pub over: Vec<(i64, i64)>,
}

impl Past {
    pub fn is_empty(&self) -> bool {
        self.old.is_empty() && self.over.is_empty()
    }
}

/// The newest that is one too many of a user's.
const OVER: &str = "SELECT id AS n FROM notifications WHERE user_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2";
/// Those of a user that are too many.
const FORGET_OVER: &str = "DELETE FROM notifications WHERE id IN \
     (SELECT id FROM notifications WHERE user_id = ?1 AND id <= ?2 ORDER BY id LIMIT ?3)";
/// By their ids: an index of users would be walked from end to end for the sake of the order.
const TOLD_SINCE: &str = "SELECT DISTINCT user_id AS n FROM notifications NOT INDEXED WHERE id > ?1";

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

/// The last notification there is.
pub fn last(conn: &mut Connection) -> Result<i64> {
    let last: Option<i64> = notifications::table
        .select(diesel::dsl::max(notifications::id))
        .first(conn)?;
    Ok(last.unwrap_or(0))
}

/// Who was told something after this one; `None`: everybody who ever may have been.
pub fn told_since(conn: &mut Connection, after: Option<i64>) -> Result<Vec<i64>> {
    let Some(after) = after else {
        return Ok(users::table.select(users::id).load(conn)?);
    };
    let told: Vec<Number> = sql_query(TOLD_SINCE).bind::<BigInt, _>(after).load(conn)?;
    Ok(told.into_iter().map(|user| user.n).collect())
}

/// Of those told before `before_ms` at most `at_once`; of these users all but the newest `most`.
pub fn past(conn: &mut Connection, before_ms: i64, users: &[i64], most: i64, at_once: i64) -> Result<Past> {
    let old = notifications::table
        .filter(notifications::created_at_ms.lt(before_ms))
        .order(notifications::created_at_ms)
        .limit(at_once)
        .select(notifications::id)
        .load(conn)?;
    let mut over = Vec::new();
    for user in users {
        let found: Option<Number> = sql_query(OVER)
            .bind::<BigInt, _>(user)
            .bind::<BigInt, _>(most)
            .get_result(conn)
            .optional()?;
        over.extend(found.map(|last| (*user, last.n)));
    }
    Ok(Past { old, over })
}

/// Forgets what may go: of each user's at most `at_once`, and none that was told again since. Answers whose count of unread
/// ones may be another now.
pub fn forget(conn: &mut Connection, past: &Past, before_ms: i64, at_once: i64) -> Result<Vec<i64>> {
    let mut concerned = Vec::new();
    for ids in past.old.chunks(500) {
        let gone: Vec<i64> = diesel::delete(
            notifications::table
                .filter(notifications::id.eq_any(ids))
                .filter(notifications::created_at_ms.lt(before_ms)),
        )
        .returning(notifications::user_id)
        .get_results(conn)?;
        concerned.extend(gone);
    }
    for (user, last) in &past.over {
        sql_query(FORGET_OVER)
            .bind::<BigInt, _>(user)
            .bind::<BigInt, _>(last)
            .bind::<BigInt, _>(at_once)
            .execute(conn)?;
        concerned.push(*user);
    }
    concerned.sort_unstable();
    concerned.dedup();
    Ok(concerned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hub::{
        notifications::{
            From, list, tell,
            tests::{news, with_users},
            unread,
        },
        plan_tests as plans,
    };

    #[test]
    fn old_ones_and_those_past_the_most_go() {
        let dir = tempfile::tempdir().unwrap();
        let store = with_users(dir.path());
        store
            .write(|conn| {
                for at in 0..10 {
                    tell(conn, 1, &news(None, at))?;
                }
                tell(conn, 2, &news(None, 1))?;
                let seen = last(conn)?;
                let everybody = told_since(conn, None)?;
                assert_eq!(everybody, [1, 2, 3]);
                let found = past(conn, 2, &everybody, 3, 100)?;
                assert_eq!((found.old.len(), found.over.len()), (3, 1));
                assert_eq!(forget(conn, &found, 2, 100)?, [1, 2]);
                assert_eq!((unread(conn, 1)?, unread(conn, 2)?), (3, 0));
                let kept = list(conn, 1, From::Newest, 10, "en")?.0;
                assert_eq!(kept[0].created_at, crate::domain::timestamp::rfc3339(7));
                assert!(past(conn, 2, &everybody, 3, 100)?.is_empty());
                assert!(told_since(conn, Some(seen))?.is_empty());
                tell(conn, 2, &news(None, 20))?;
                assert_eq!(told_since(conn, Some(seen))?, [2]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_was_told_again_since_the_look_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = with_users(dir.path());
        store
            .write(|conn| {
                tell(conn, 1, &news(Some("k"), 1))?;
                let found = past(conn, 5, &[], 10, 100)?;
                assert_eq!(found.old.len(), 1);
                tell(conn, 1, &news(Some("k"), 9))?;
                assert!(forget(conn, &found, 5, 100)?.is_empty());
                assert_eq!(unread(conn, 1)?, 1);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn nothing_is_sorted_and_nobody_is_walked_through() {
        let dir = tempfile::tempdir().unwrap();
        let store = with_users(dir.path());
        store
            .read(|conn| {
                plans::finds(conn, OVER, &[]);
                plans::finds(conn, FORGET_OVER, &[]);
                let old =
                    "SELECT id FROM notifications WHERE created_at_ms < 5 ORDER BY created_at_ms LIMIT 9";
                plans::finds(conn, old, &[]);
                // Of what is new alone it makes each user one.
                plans::searches(conn, TOLD_SINCE);
                Ok(())
            })
            .unwrap();
    }
}
