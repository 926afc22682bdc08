//! The record of calls: who took part, when, and how it ended. No media, no codes.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};
use serde::{Deserialize, Serialize};

use super::{
    Connection, Result,
    schema::{call_participants, call_traces, calls},
};

/// Finished calls older than this are forgotten, with who took part: two years.
pub const KEPT_MS: i64 = 2 * 366 * 24 * 3_600 * 1_000;

/// A call as it was.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = calls)]
pub struct CallRecord {
    pub id: i64,
    pub room_id: i64,
    pub host_id: i64,
    pub host_name: String,
    pub media: String,
    pub has_code: bool,
    pub state: String,
    pub reason: Option<String>,
    pub created_at_ms: i64,
    pub started_at_ms: Option<i64>,
    pub ended_at_ms: Option<i64>,
    pub expires_at_ms: i64,
}

/// What a call begins with.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = calls)]
pub struct NewCall {
    pub room_id: i64,
    pub host_id: i64,
    pub host_name: String,
    pub media: String,
    pub has_code: bool,
    pub state: String,
    pub created_at_ms: i64,
    pub expires_at_ms: i64,
}

/// Somebody's part in a call.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = call_participants)]
pub struct Participant {
    pub call_id: i64,
    pub number: i64,
    pub user_id: Option<i64>,
    pub name: String,
    pub joined_at_ms: i64,
    pub left_at_ms: Option<i64>,
    pub left_how: Option<String>,
}

/// Of those who were rung, who did not come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RungEnd {
    pub missed: Vec<i64>,
    pub declined: Vec<i64>,
}

/// How a call stands, or how it ended.
#[derive(Debug, Clone, AsChangeset)]
#[diesel(table_name = calls)]
pub struct Standing {
    pub state: String,
    pub reason: Option<String>,
    pub started_at_ms: Option<i64>,
    pub ended_at_ms: Option<i64>,
}

/// Answers its id.
pub fn open(conn: &mut Connection, call: &NewCall) -> Result<i64> {
    Ok(diesel::insert_into(calls::table)
        .values(call)
        .returning(calls::id)
        .get_result(conn)?)
}

/// `rung`: of a call that is over, whose room is to be told.
pub fn set_standing(
    conn: &mut Connection,
    id: i64,
    standing: &Standing,
    rung: Option<&RungEnd>,
) -> Result<()> {
    diesel::update(calls::table.find(id))
        .set(standing)
        .execute(conn)?;
    if let Some(rung) = rung {
        diesel::insert_or_ignore_into(call_traces::table)
            .values((
                call_traces::call_id.eq(id),
                call_traces::rung.eq(serde_json::json!(rung).to_string()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// Calls that are over and whose rooms were not told, at most `most`, the oldest first.
pub fn untold(conn: &mut Connection, most: i64) -> Result<Vec<(CallRecord, RungEnd)>> {
    let found: Vec<(CallRecord, String)> = call_traces::table
        .inner_join(calls::table)
        .order(call_traces::call_id)
        .limit(most)
        .select((CallRecord::as_select(), call_traces::rung))
        .load(conn)?;
    let read = |rung: String| serde_json::from_str(&rung).unwrap_or_default(); // written above
    Ok(found.into_iter().map(|(call, rung)| (call, read(rung))).collect())
}

/// The room of this call knows.
pub fn told(conn: &mut Connection, id: i64) -> Result<()> {
    diesel::delete(call_traces::table.find(id)).execute(conn)?;
    Ok(())
}

/// Somebody joined; the same number again (a guest who was let in once more) is there again.
pub fn joined(conn: &mut Connection, participant: &Participant) -> Result<()> {
    diesel::insert_into(call_participants::table)
        .values(participant)
        .on_conflict((call_participants::call_id, call_participants::number))
        .do_update()
        .set((
            call_participants::left_at_ms.eq(None::<i64>),
            call_participants::left_how.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn left(conn: &mut Connection, call: i64, number: i64, at_ms: i64, how: &str) -> Result<()> {
    diesel::update(call_participants::table.find((call, number)))
        .filter(call_participants::left_at_ms.is_null())
        .set((
            call_participants::left_at_ms.eq(at_ms),
            call_participants::left_how.eq(how),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn find(conn: &mut Connection, id: i64) -> Result<Option<CallRecord>> {
    Ok(calls::table
        .find(id)
        .select(CallRecord::as_select())
        .first(conn)
        .optional()?)
}

pub fn participants(conn: &mut Connection, call: i64) -> Result<Vec<Participant>> {
    Ok(call_participants::table
        .filter(call_participants::call_id.eq(call))
        .order(call_participants::number)
        .select(Participant::as_select())
        .load(conn)?)
}

/// Closes what a hub that is gone left open: calls do not survive it. Answers how many there were.
pub fn close_open(conn: &mut Connection, at_ms: i64, reason: &str) -> Result<usize> {
    diesel::update(call_participants::table)
        .filter(call_participants::left_at_ms.is_null())
        .set((
            call_participants::left_at_ms.eq(at_ms),
            call_participants::left_how.eq(reason),
        ))
        .execute(conn)?;
    sql_query("INSERT OR IGNORE INTO call_traces SELECT id, '{}' FROM calls WHERE ended_at_ms IS NULL")
        .execute(conn)?;
    let closed = diesel::update(calls::table)
        .filter(calls::ended_at_ms.is_null())
        .set((
            calls::state.eq("ended"),
            calls::reason.eq(reason),
            calls::ended_at_ms.eq(at_ms),
        ))
        .execute(conn)?;
    diesel::delete(calls::table.filter(calls::created_at_ms.lt(at_ms - KEPT_MS))).execute(conn)?;
    Ok(closed)
}

/// Active users of a room, at most `most`: id and name. `internal`: the roles that are in the room of everyone; `among`:
/// of these alone.
pub fn people_of_room(
    conn: &mut Connection,
    room: i64,
    internal: &[String],
    among: Option<&[i64]>,
    most: i64,
) -> Result<Vec<(i64, String)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT u.id AS id, iif(u.display_name = '', u.username, u.display_name) AS name \
         FROM rooms r JOIN users u ON u.active AND CASE r.kind \
             WHEN 'role' THEN u.role = r.role \
             WHEN 'everyone' THEN u.role IN (SELECT value FROM json_each(?2)) \
             ELSE EXISTS (SELECT 1 FROM members m WHERE m.room_id = r.id AND m.user_id = u.id) END \
         WHERE r.id = ?1 AND (?4 IS NULL OR u.id IN (SELECT value FROM json_each(?4))) ORDER BY u.id LIMIT ?3",
    )
    .bind::<BigInt, _>(room)
    .bind::<Text, _>(serde_json::Value::from(internal.to_vec()).to_string())
    .bind::<BigInt, _>(most)
    .bind::<Nullable<Text>, _>(among.map(|users| serde_json::json!(users).to_string()))
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hub::HubStore;

    fn new_call(at_ms: i64) -> NewCall {
        NewCall {
            room_id: 12,
            host_id: 3,
            host_name: "Dr A".into(),
            media: "audio_video".into(),
            has_code: true,
            state: "ringing".into(),
            created_at_ms: at_ms,
            expires_at_ms: at_ms + 1,
        }
    }

    fn participant(call: i64, number: i64) -> Participant {
        Participant {
            call_id: call,
            number,
            user_id: None,
            name: "Fatou".into(),
            joined_at_ms: 5,
            left_at_ms: None,
            left_how: None,
        }
    }

    fn store() -> (tempfile::TempDir, HubStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = HubStore::open_in(dir.path()).unwrap();
        (dir, store)
    }

    #[test]
    fn a_call_is_recorded_with_who_came_and_how_they_left() {
        let (_dir, store) = store();
        store
            .write(|conn| {
                let id = open(conn, &new_call(1))?;
                joined(conn, &participant(id, 1))?;
                left(conn, id, 1, 9, "lost")?;
                assert_eq!(participants(conn, id)?[0].left_how.as_deref(), Some("lost"));
                joined(conn, &participant(id, 1))?;
                assert_eq!(participants(conn, id)?[0].left_how, None);
                let standing = Standing {
                    state: "active".into(),
                    reason: None,
                    started_at_ms: Some(5),
                    ended_at_ms: None,
                };
                set_standing(conn, id, &standing, None)?;
                assert_eq!(find(conn, id)?.unwrap().started_at_ms, Some(5));
                assert_eq!(find(conn, id + 1)?, None);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn what_a_hub_that_is_gone_left_open_is_closed_and_old_calls_are_forgotten() {
        let (_dir, store) = store();
        store
            .write(|conn| {
                let old = open(conn, &new_call(1))?;
                let id = open(conn, &new_call(KEPT_MS))?;
                joined(conn, &participant(id, 1))?;
                assert_eq!(close_open(conn, KEPT_MS + 5, "hub_restarted")?, 2);
                assert_eq!(find(conn, old)?, None);
                let call = find(conn, id)?.unwrap();
                assert_eq!(
                    (call.state.as_str(), call.reason.as_deref()),
                    ("ended", Some("hub_restarted"))
                );
                assert_eq!(participants(conn, id)?[0].left_at_ms, Some(KEPT_MS + 5));
                assert_eq!(untold(conn, 9)?, [(call, RungEnd::default())]);
                told(conn, id)?;
                assert_eq!(untold(conn, 9)?, []);
                assert_eq!(close_open(conn, KEPT_MS + 6, "hub_restarted")?, 0);
                Ok(())
            })
            .unwrap();
    }
}
