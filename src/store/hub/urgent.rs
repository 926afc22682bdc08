//! Urgent messages that nobody has acknowledged yet.

use diesel::prelude::*;

use super::{Connection, Result, schema::urgent};

/// A message to be repeated, or to be handed on.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = urgent)]
pub struct Watched {
    pub message_id: i64,
    pub room_id: i64,
    pub next_at_ms: i64,
    pub repeats: i64,
}

pub fn watch(conn: &mut Connection, message_id: i64, room_id: i64, next_at_ms: i64) -> Result<()> {
    diesel::insert_or_ignore_into(urgent::table)
        .values((
            urgent::message_id.eq(message_id),
            urgent::room_id.eq(room_id),
            urgent::next_at_ms.eq(next_at_ms),
            urgent::repeats.eq(0),
        ))
        .execute(conn)?;
    Ok(())
}

pub fn forget(conn: &mut Connection, message_id: i64) -> Result<()> {
    diesel::delete(urgent::table.find(message_id)).execute(conn)?;
    Ok(())
}

/// What is due, the longest waiting first.
pub fn due(conn: &mut Connection, now_ms: i64, most: i64) -> Result<Vec<Watched>> {
    Ok(urgent::table
        .filter(urgent::next_at_ms.le(now_ms))
        .order(urgent::next_at_ms)
        .limit(most)
        .select(Watched::as_select())
        .load(conn)?)
}

/// It was repeated, and will be again.
pub fn repeated(conn: &mut Connection, message_id: i64, next_at_ms: i64) -> Result<()> {
    diesel::update(urgent::table.find(message_id))
        .set((
            urgent::repeats.eq(urgent::repeats + 1),
            urgent::next_at_ms.eq(next_at_ms),
        ))
        .execute(conn)?;
    Ok(())
}
