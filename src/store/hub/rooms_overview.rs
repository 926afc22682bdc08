//! All rooms at a glance, for administrators: how large and how busy, never what was written.

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Nullable, Text},
};

use super::{Connection, Result, rooms::Room, schema::rooms};

/// A room and who is in it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Overview {
    #[diesel(embed)]
    pub room: Room,
    /// Those noted as members: of direct rooms and groups.
    #[diesel(sql_type = BigInt)]
    pub member_count: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub last_at_ms: Option<i64>,
    /// Of a direct room: the two names, one a line.
    #[diesel(sql_type = Nullable<Text>)]
    pub names: Option<String>,
}

/// The rooms that were used last, the latest first, and how many there are in all.
pub fn overview(conn: &mut Connection, limit: i64) -> Result<(Vec<Overview>, i64)> {
    let all = rooms::table.count().get_result(conn)?;
    let found = sql_query(
        "SELECT r.*, (SELECT count(*) FROM members m WHERE m.room_id = r.id) AS member_count, \
         (SELECT max(created_at_ms) FROM messages WHERE room_id = r.id) AS last_at_ms, \
         CASE WHEN r.kind = 'direct' THEN (SELECT group_concat(u.username, char(10)) FROM members m \
             JOIN users u ON u.id = m.user_id WHERE m.room_id = r.id) END AS names \
         FROM rooms r ORDER BY coalesce(last_at_ms, 0) DESC, r.id LIMIT ?1",
    )
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    Ok((found, all))
}
