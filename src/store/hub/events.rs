//! The log of durable events of people. It says who is to see what again; what is shown is what the other tables
//! say now.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Nullable, Text},
};

use super::{
    Connection, Result,
    schema::{events, events_kept},
};
use crate::domain::hub_event::EventKind;

#[derive(Insertable)]
#[diesel(table_name = events)]
pub struct NewEvent<'a> {
    pub at_ms: i64,
    pub kind: &'a str,
    pub room_id: Option<i64>,
    pub user_id: Option<i64>,
    pub subject_id: Option<i64>,
    pub slot: Option<&'a str>,
}

/// A logged event that somebody may see now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    pub n: u64,
    pub kind: EventKind,
    pub room_id: Option<i64>,
    pub subject_id: Option<i64>,
}

/// Whose eyes a query looks through.
#[derive(Debug, Clone)]
pub struct Viewer {
    pub user_id: i64,
    pub role: String,
    /// Whether he is in the room of everyone.
    pub internal: bool,
}

/// A stretch of the log, as one user may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub events: Vec<Logged>,
    /// Everything up to here was looked at.
    pub upto: u64,
    pub more: bool,
    /// The first event that is still there.
    pub oldest: u64,
}

/// The rooms that a viewer is in, as a subquery with the parameters `user_id`, `role`, `internal`.
pub(super) const ROOMS_OF_VIEWER: &str = "SELECT room_id FROM members WHERE user_id = ?1 \
     UNION ALL SELECT id FROM rooms WHERE kind = 'role' AND role = ?2 \
     UNION ALL SELECT id FROM rooms WHERE kind = 'everyone' AND ?3";

/// Logs an event; answers its number. What stood in its slot is gone.
pub fn append(conn: &mut Connection, event: &NewEvent<'_>) -> Result<u64> {
    if let Some(slot) = event.slot {
        diesel::delete(events::table.filter(events::slot.eq(slot))).execute(conn)?;
    }
    let n: i64 = diesel::insert_into(events::table)
        .values(event)
        .returning(events::n)
        .get_result(conn)?;
    Ok(n.unsigned_abs())
}

/// The last event ever logged.
pub fn head(conn: &mut Connection) -> Result<u64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    // The sequence, not the table: what was logged last may be gone.
    let row: Option<Row> = sql_query("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
        .get_result(conn)
        .optional()?;
    Ok(row.map_or(0, |row| row.seq.unsigned_abs()))
}

/// What the viewer may see now of at most `stretch` events after `after`.
pub fn page(conn: &mut Connection, viewer: &Viewer, after: u64, stretch: u64) -> Result<Page> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        n: i64,
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Nullable<BigInt>)]
        room_id: Option<i64>,
        #[diesel(sql_type = Nullable<BigInt>)]
        subject_id: Option<i64>,
    }
    let head = head(conn)?;
    let upto = head.min(after.saturating_add(stretch)).max(after);
    let rows: Vec<Row> = sql_query(format!(
        "SELECT n, kind, room_id, subject_id FROM events WHERE n > ?4 AND n <= ?5 \
         AND (user_id = ?1 OR (user_id IS NULL AND room_id IN ({ROOMS_OF_VIEWER}))) ORDER BY n"
    ))
    .bind::<BigInt, _>(viewer.user_id)
    .bind::<Text, _>(&viewer.role)
    .bind::<Bool, _>(viewer.internal)
    .bind::<BigInt, _>(to_i64(after))
    .bind::<BigInt, _>(to_i64(upto))
    .load(conn)?;
    let events = rows
        .into_iter()
        .filter_map(|row| {
            Some(Logged {
                n: row.n.unsigned_abs(),
                kind: EventKind::parse(&row.kind)?,
                room_id: row.room_id,
                subject_id: row.subject_id,
            })
        })
        .collect();
    Ok(Page {
        events,
        upto,
        more: upto < head,
        oldest: oldest(conn)?,
    })
}

fn oldest(conn: &mut Connection) -> Result<u64> {
    let oldest: i64 = events_kept::table
        .find(1)
        .select(events_kept::oldest)
        .first(conn)?;
    Ok(oldest.unsigned_abs())
}

/// Up to where events may go: those before `before_ms`, and all but the newest `most`; at most `at_once` of them.
/// `None`: there is nothing to forget.
pub fn past(conn: &mut Connection, before_ms: i64, most: i64, at_once: i64) -> Result<Option<i64>> {
    let head = to_i64(head(conn)?);
    let old: Option<i64> = events::table
        .filter(events::at_ms.lt(before_ms))
        .order(events::at_ms.desc())
        .select(events::n)
        .first(conn)
        .optional()?;
    let from = to_i64(oldest(conn)?);
    let upto = old
        .unwrap_or(0)
        .max(head.saturating_sub(most))
        .min(from.saturating_add(at_once));
    Ok((upto >= from).then_some(upto))
}

/// Forgets events up to there.
pub fn forget(conn: &mut Connection, upto: i64) -> Result<()> {
    diesel::delete(events::table.filter(events::n.le(upto))).execute(conn)?;
    diesel::update(events_kept::table.find(1))
        .set(events_kept::oldest.eq(upto + 1))
        .execute(conn)?;
    Ok(())
}

fn to_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hub::{HubStore, plan_tests as plans};

    fn filled(dir: &std::path::Path) -> HubStore {
        let store = HubStore::open_in(dir).unwrap();
        store
            .write(|conn| {
                for at_ms in 1..=10 {
                    let event = NewEvent {
                        at_ms,
                        kind: "room_updated",
                        room_id: None,
                        user_id: Some(1),
                        subject_id: None,
                        slot: None,
                    };
                    append(conn, &event)?;
                }
                Ok(())
            })
            .unwrap();
        store
    }

    #[test]
    fn what_is_old_and_what_is_too_many_goes_a_few_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path());
        store
            .write(|conn| {
                assert_eq!(past(conn, 0, 100, 100)?, None);
                assert_eq!(past(conn, 4, 100, 100)?, Some(3));
                assert_eq!(past(conn, 4, 5, 100)?, Some(5));
                assert_eq!(past(conn, 9, 100, 2)?, Some(3));
                forget(conn, 3)?;
                assert_eq!(past(conn, 4, 100, 100)?, None);
                assert_eq!(past(conn, 9, 100, 2)?, Some(6));
                forget(conn, 6)?;
                assert_eq!((oldest(conn)?, head(conn)?), (7, 10));
                Ok(())
            })
            .unwrap();
    }

    #[test]
    fn the_log_is_not_walked_through() {
        let dir = tempfile::tempdir().unwrap();
        let store = filled(dir.path());
        store
            .read(|conn| {
                let old = "SELECT n FROM events WHERE at_ms < ?1 ORDER BY at_ms DESC LIMIT 1";
                plans::finds(conn, old, &[]);
                Ok(())
            })
            .unwrap();
    }
}
