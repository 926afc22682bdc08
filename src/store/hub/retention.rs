//! Messages past their time. What there is of them is read first, of each room the oldest messages alone: nothing is
//! sorted, and no more is looked at than is forgotten in one go.

use diesel::{prelude::*, sql_query, sql_types::BigInt};

use super::{
    Connection, Result,
    schema::{mentions, messages, rooms},
};

/// Of this room all messages up to this seq are past their time.
pub type Past = (i64, i64);

/// Rooms in which a message is past its time (of its room, else the usual one), and before when it was written.
const ROOMS: &str = "SELECT r.id AS room_id, ?1 - COALESCE(r.retention_s, ?2) * 1000 AS before_ms FROM rooms r \
     WHERE COALESCE(r.retention_s, ?2) > 0 AND EXISTS (SELECT 1 FROM messages \
       WHERE room_id = r.id AND created_at_ms < ?1 - COALESCE(r.retention_s, ?2) * 1000)";

/// The same where usually none is.
const ROOMS_OF_THEIR_OWN: &str = "SELECT r.id AS room_id, ?1 - r.retention_s * 1000 AS before_ms FROM rooms r \
     WHERE r.retention_s IS NOT NULL AND r.retention_s > 0 AND ?2 = 0 AND EXISTS (SELECT 1 FROM messages \
       WHERE room_id = r.id AND created_at_ms < ?1 - r.retention_s * 1000)";

/// Of the oldest `?3` messages of room `?1`: those before the first that is not past its time yet (written from `?2` to
/// now, `?4`). Nothing behind such a one goes, whatever time it bears: a clock was wrong. One of a time to come is as old
/// as what follows it.
const OLDEST: &str = "WITH oldest AS (SELECT seq, created_at_ms FROM messages WHERE room_id = ?1 ORDER BY seq LIMIT ?3) \
     SELECT COALESCE(max(seq), 0) AS up_to, count(*) AS looked_at FROM oldest WHERE seq < COALESCE(\
       (SELECT min(seq) FROM oldest WHERE created_at_ms BETWEEN ?2 AND ?4), 9223372036854775807)";

/// What is past its time, at most `at_once` messages. `usual_s`: of rooms without a time of their own; 0: never.
pub fn past(conn: &mut Connection, now_ms: i64, usual_s: i64, at_once: i64) -> Result<Vec<Past>> {
    #[derive(QueryableByName)]
    struct Room {
        #[diesel(sql_type = BigInt)]
        room_id: i64,
        #[diesel(sql_type = BigInt)]
        before_ms: i64,
    }
    #[derive(QueryableByName)]
    struct Oldest {
        #[diesel(sql_type = BigInt)]
        up_to: i64,
        #[diesel(sql_type = BigInt)]
        looked_at: i64,
    }
    // In milliseconds it is still a number, and before everything that was ever written.
    let usual_s = usual_s.min(i64::MAX / 2_000);
    let found: Vec<Room> = sql_query(if usual_s == 0 { ROOMS_OF_THEIR_OWN } else { ROOMS })
        .bind::<BigInt, _>(now_ms)
        .bind::<BigInt, _>(usual_s)
        .load(conn)?;
    let mut past = Vec::new();
    let mut left = at_once;
    for Room { room_id, before_ms } in found {
        if left <= 0 {
            break;
        }
        let oldest: Oldest = sql_query(OLDEST)
            .bind::<BigInt, _>(room_id)
            .bind::<BigInt, _>(before_ms)
            .bind::<BigInt, _>(left)
            .bind::<BigInt, _>(now_ms)
            .get_result(conn)?;
        if oldest.looked_at > 0 {
            past.push((room_id, oldest.up_to));
            left -= oldest.looked_at;
        }
    }
    Ok(past)
}

/// Forgets it.
pub fn forget(conn: &mut Connection, past: &[Past]) -> Result<()> {
    for (room_id, up_to) in past {
        diesel::delete(
            messages::table
                .filter(messages::room_id.eq(room_id))
                .filter(messages::seq.le(up_to)),
        )
        .execute(conn)?;
        diesel::delete(
            mentions::table
                .filter(mentions::room_id.eq(room_id))
                .filter(mentions::seq.le(up_to)),
        )
        .execute(conn)?;
        diesel::update(rooms::table.find(room_id))
            .set(rooms::forgotten_up_to.eq(up_to))
            .execute(conn)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hub::{HubStore, plan_tests as plans};

    /// Rooms 1 and 2 with ten messages each, written a second apart from 1,000 s on; room 3 with a time of its own.
    fn store(dir: &std::path::Path) -> HubStore {
        let store = HubStore::open_in(dir).unwrap();
        store
            .write(|conn| {
                sql_query(
                    "INSERT INTO rooms(id, kind, created_at_ms, retention_s) \
                     VALUES (1, 'group', 0, NULL), (2, 'group', 0, NULL), (3, 'group', 0, 5)",
                )
                .execute(conn)?;
                sql_query(
                    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) \
                     INSERT INTO messages(room_id, seq, sender_id, sender_username, sender_display_name, \
                       sender_role, kind, content, client_id, request_hash, created_at_ms) \
                     SELECT r.id, i, 1, 'a', 'a', 'a', 'text', 'x', r.id || '-' || i, x'00', 1000000 + i * 1000 \
                     FROM n, rooms r",
                )
                .execute(conn)?;
                Ok(())
            })
            .unwrap();
        store
    }

    #[test]
    fn of_each_room_the_oldest_go_a_few_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        store
            .write(|conn| {
                // Seven of each room are older than 5 s; the third has its own time, which is the same.
                let now_ms = 1_000_000 + 7_000 + 5_001;
                assert_eq!(past(conn, now_ms, 0, 100)?, [(3, 7)]);
                assert_eq!(past(conn, now_ms, 5, 100)?, [(1, 7), (2, 7), (3, 7)]);
                assert_eq!(past(conn, now_ms, 1_000_000, 100)?, [(3, 7)]);
                assert_eq!(past(conn, now_ms, i64::MAX, 100)?, [(3, 7)]);
                let mut rounds = Vec::new();
                loop {
                    let few = past(conn, now_ms, 5, 4)?;
                    if few.is_empty() {
                        break;
                    }
                    forget(conn, &few)?;
                    rounds.push(few);
                }
                assert_eq!(rounds[..3], [vec![(1, 4)], vec![(1, 7), (2, 1)], vec![(2, 5)]]);
                let left: i64 = messages::table.count().get_result(conn)?;
                assert_eq!(left, 9);
                let forgotten: Vec<i64> = rooms::table.select(rooms::forgotten_up_to).load(conn)?;
                assert_eq!(forgotten, [7, 7, 7]);
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_clock_that_was_wrong_keeps_nothing_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        store
            .write(|conn| {
                // The first messages were written in a year to come.
                sql_query("UPDATE messages SET created_at_ms = 9000000000000 WHERE room_id = 1 AND seq <= 4")
                    .execute(conn)?;
                let now_ms = 1_000_000 + 7_000 + 5_001;
                let of_room_1 = |past: Vec<Past>| past.into_iter().find(|(room, _)| *room == 1);
                let few = past(conn, now_ms, 5, 3)?;
                assert_eq!(of_room_1(few.clone()), Some((1, 3)));
                forget(conn, &few)?;
                assert_eq!(of_room_1(past(conn, now_ms, 5, 100)?), Some((1, 7)));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn a_message_of_a_clock_that_was_behind_takes_no_others_with_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path());
        store
            .write(|conn| {
                sql_query("UPDATE messages SET created_at_ms = 1 WHERE room_id = 1 AND seq IN (5, 10)")
                    .execute(conn)?;
                let of_room_1 = |past: Vec<Past>| past.into_iter().find(|(room, _)| *room == 1);
                // None of the first four is past its time.
                assert_eq!(of_room_1(past(conn, 1_000_000 + 5_500, 5, 100)?), None);
                // Seven are: the last one, which bears a time long past, waits for those before it.
                assert_eq!(of_room_1(past(conn, 1_000_000 + 12_001, 5, 100)?), Some((1, 7)));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn nothing_is_sorted_and_no_messages_are_walked_through() {
        let dir = tempfile::tempdir().unwrap();
        let store = HubStore::open_in(dir.path()).unwrap();
        store
            .read(|conn| {
                // The rooms themselves are looked at one by one, each with one step into an index.
                plans::finds(conn, ROOMS, &["SCAN r"]);
                plans::finds(conn, ROOMS_OF_THEIR_OWN, &[]);
                // What is scanned is the subquery, at most as many rows as are asked for.
                plans::finds(conn, OLDEST, &["SCAN oldest"]);
                Ok(())
            })
            .unwrap();
    }
}
