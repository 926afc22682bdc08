//! When people were last seen.

use diesel::{prelude::*, upsert::excluded};

use super::{Connection, Result, schema::presence};

/// User and milliseconds since 1970.
pub fn all(conn: &mut Connection) -> Result<Vec<(i64, i64)>> {
    Ok(presence::table
        .select((presence::user_id, presence::last_seen_ms))
        .load(conn)?)
}

pub fn store(conn: &mut Connection, times: &[(i64, i64)]) -> Result<()> {
    for (user_id, last_seen_ms) in times {
        diesel::insert_into(presence::table)
            .values((
                presence::user_id.eq(user_id),
                presence::last_seen_ms.eq(last_seen_ms),
            ))
            .on_conflict(presence::user_id)
            .do_update()
            .set(presence::last_seen_ms.eq(excluded(presence::last_seen_ms)))
            .execute(conn)?;
    }
    Ok(())
}
