//! How far each user has got in each room: what was read, what was delivered, who was named.

use diesel::{prelude::*, sql_query, sql_types::BigInt};

use super::{
    Connection, Result,
    schema::{mentions, receipts},
};

/// Where a user stands in a room, by seq. What was read was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    pub read: i64,
    pub delivered: i64,
}

/// Moves a user's cursors forward, never back: where they were, and where they are.
pub fn advance(
    conn: &mut Connection,
    room_id: i64,
    user_id: i64,
    to: Standing,
) -> Result<(Standing, Standing)> {
    let before: Option<(i64, i64)> = receipts::table
        .find((room_id, user_id))
        .select((receipts::read_up_to, receipts::delivered_up_to))
        .first(conn)
        .optional()?;
    let (read, delivered) = before.unwrap_or_default();
    let was = Standing { read, delivered };
    let read = to.read.max(was.read);
    let delivered = to.delivered.max(was.delivered).max(read);
    let now = Standing { read, delivered };
    if now != was {
        diesel::replace_into(receipts::table)
            .values((
                receipts::room_id.eq(room_id),
                receipts::user_id.eq(user_id),
                receipts::read_up_to.eq(read),
                receipts::delivered_up_to.eq(delivered),
            ))
            .execute(conn)?;
    }
    Ok((was, now))
}

/// Who has read up to where, of those who read anything.
pub fn read_up_to(conn: &mut Connection, room_id: i64) -> Result<Vec<(i64, i64)>> {
    Ok(receipts::table
        .filter(receipts::room_id.eq(room_id))
        .select((receipts::user_id, receipts::read_up_to))
        .load(conn)?)
}

pub fn of(conn: &mut Connection, room_id: i64, user_id: i64) -> Result<Option<i64>> {
    Ok(receipts::table
        .find((room_id, user_id))
        .select(receipts::read_up_to)
        .first(conn)
        .optional()?)
}

/// Who is named by a message, instead of who was.
pub fn set_mentions(conn: &mut Connection, room_id: i64, seq: i64, users: &[i64]) -> Result<()> {
    diesel::delete(
        mentions::table
            .filter(mentions::room_id.eq(room_id))
            .filter(mentions::seq.eq(seq)),
    )
    .execute(conn)?;
    let rows: Vec<_> = users
        .iter()
        .map(|user| {
            (
                mentions::user_id.eq(*user),
                mentions::room_id.eq(room_id),
                mentions::seq.eq(seq),
            )
        })
        .collect();
    diesel::insert_or_ignore_into(mentions::table)
        .values(rows)
        .execute(conn)?;
    Ok(())
}

/// The mentions of a room that were not read yet.
pub fn unread_mentions(conn: &mut Connection, room_id: i64) -> Result<Vec<(i64, i64)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        user_id: i64,
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT m.user_id, m.seq FROM mentions m LEFT JOIN receipts r \
         ON r.room_id = m.room_id AND r.user_id = m.user_id \
         WHERE m.room_id = ?1 AND m.seq > COALESCE(r.read_up_to, 0)",
    )
    .bind::<BigInt, _>(room_id)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.user_id, row.seq)).collect())
}

/// How far one user has read, wherever he starts.
pub fn place(conn: &mut Connection, room_id: i64, user_id: i64) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let row: Row = sql_query(
        "SELECT COALESCE( \
           (SELECT read_up_to FROM receipts WHERE room_id = ?1 AND user_id = ?2), \
           (SELECT m.seq FROM rooms r JOIN messages m ON m.room_id = r.id \
            WHERE r.id = ?1 AND r.kind IN ('role', 'everyone') \
              AND m.created_at_ms < (SELECT created_at_ms FROM users WHERE id = ?2) \
            ORDER BY m.created_at_ms DESC LIMIT 1), 0) AS seq",
    )
    .bind::<BigInt, _>(room_id)
    .bind::<BigInt, _>(user_id)
    .get_result(conn)?;
    Ok(row.seq)
}

/// Where those start who read nothing of a room that follows from their role: after what was written before they came.
pub fn baselines(conn: &mut Connection, room_id: i64) -> Result<Vec<(i64, i64)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = BigInt)]
        seq: i64,
    }
    let rows: Vec<Row> = sql_query(
        "SELECT u.id, COALESCE((SELECT seq FROM messages WHERE room_id = ?1 AND created_at_ms < u.created_at_ms \
           ORDER BY created_at_ms DESC LIMIT 1), 0) AS seq \
         FROM users u WHERE NOT EXISTS (SELECT 1 FROM receipts r WHERE r.room_id = ?1 AND r.user_id = u.id)",
    )
    .bind::<BigInt, _>(room_id)
    .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row.seq)).collect())
}
