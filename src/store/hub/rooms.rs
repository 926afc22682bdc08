//! Rooms, who is in them, and how each stands in them.

use diesel::{
    dsl::exists,
    prelude::*,
    select, sql_query,
    sql_types::{BigInt, Bool, Nullable, Text},
};

use super::{
    Connection, Result,
    events::{ROOMS_OF_VIEWER, Viewer},
    schema::{members, receipts, rooms, users},
};
use crate::domain::room::RoomKind;

/// A room as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = rooms)]
pub struct Room {
    pub id: i64,
    pub kind: String,
    pub name: Option<String>,
    pub unique_key: Option<String>,
    pub role: Option<String>,
    pub open: bool,
    pub created_by: Option<i64>,
    pub created_at_ms: i64,
    pub last_seq: i64,
    pub retention_s: Option<i64>,
    pub forgotten_up_to: i64,
}

impl Room {
    pub fn kind(&self) -> RoomKind {
        RoomKind::parse(&self.kind)
    }
}

#[derive(Debug, Insertable)]
#[diesel(table_name = rooms)]
pub struct NewRoom<'a> {
    pub kind: &'a str,
    pub name: Option<&'a str>,
    pub unique_key: Option<&'a str>,
    pub role: Option<&'a str>,
    pub open: bool,
    pub created_by: Option<i64>,
    pub created_at_ms: i64,
}

/// A member as others see him.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Person {
    pub user_id: i64,
    pub username: String,
    pub display_name: String,
    pub role: String,
    /// How far he has read.
    pub read_up_to: Option<i64>,
}

/// A room and how one user stands in it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Standing {
    #[diesel(embed)]
    pub room: Room,
    #[diesel(sql_type = BigInt)]
    pub read_up_to: i64,
    /// Messages after that which were deleted since.
    #[diesel(sql_type = BigInt)]
    pub deleted: i64,
    #[diesel(sql_type = BigInt)]
    pub mentions: i64,
}

impl Standing {
    pub fn unread(&self) -> i64 {
        (self.room.last_seq - self.read_up_to.max(self.room.forgotten_up_to) - self.deleted).max(0)
    }
}

pub fn by_id(conn: &mut Connection, id: i64) -> Result<Option<Room>> {
    Ok(rooms::table
        .find(id)
        .select(Room::as_select())
        .first(conn)
        .optional()?)
}

pub fn by_key(conn: &mut Connection, key: &str) -> Result<Option<Room>> {
    Ok(rooms::table
        .filter(rooms::unique_key.eq(key))
        .select(Room::as_select())
        .first(conn)
        .optional()?)
}

pub fn insert(conn: &mut Connection, room: &NewRoom<'_>) -> Result<Room> {
    Ok(diesel::insert_into(rooms::table)
        .values(room)
        .returning(Room::as_returning())
        .get_result(conn)?)
}

/// The next seq of a room, taken within the transaction of its message.
pub fn next_seq(conn: &mut Connection, id: i64) -> Result<i64> {
    Ok(diesel::update(rooms::table.find(id))
        .set(rooms::last_seq.eq(rooms::last_seq + 1))
        .returning(rooms::last_seq)
        .get_result(conn)?)
}

pub fn last_seq(conn: &mut Connection, id: i64) -> Result<i64> {
    Ok(rooms::table.find(id).select(rooms::last_seq).first(conn)?)
}

/// Makes a user a member who has read what was written before; `false`: he was one.
pub fn add_member(conn: &mut Connection, room_id: i64, user_id: i64, now_ms: i64) -> Result<bool> {
    let added = diesel::insert_or_ignore_into(members::table)
        .values((
            members::room_id.eq(room_id),
            members::user_id.eq(user_id),
            members::joined_at_ms.eq(now_ms),
        ))
        .execute(conn)?
        > 0;
    if added {
        let last = last_seq(conn, room_id)?;
        diesel::replace_into(receipts::table)
            .values((
                receipts::room_id.eq(room_id),
                receipts::user_id.eq(user_id),
                receipts::read_up_to.eq(last),
                receipts::delivered_up_to.eq(last),
            ))
            .execute(conn)?;
    }
    Ok(added)
}

/// `false`: he was no member.
pub fn remove_member(conn: &mut Connection, room_id: i64, user_id: i64) -> Result<bool> {
    let removed = diesel::delete(members::table.find((room_id, user_id))).execute(conn)? > 0;
    if removed {
        sql_query(format!("{DEPARTED} WHERE id = ?1"))
            .bind::<BigInt, _>(room_id)
            .execute(conn)?;
    }
    Ok(removed)
}

/// Somebody is out of a room: addresses of files that were handed out in it before are void.
const DEPARTED: &str = "UPDATE rooms SET departed = (SELECT max(departed) FROM rooms) + 1";

/// A user is out of all his rooms: without his account, or before he gets another role.
pub fn departed_everywhere(conn: &mut Connection, user_id: i64, role: &str) -> Result<()> {
    sql_query(format!("{DEPARTED} WHERE id IN ({ROOMS_OF_VIEWER})"))
        .bind::<BigInt, _>(user_id)
        .bind::<Text, _>(role)
        .bind::<Bool, _>(true)
        .execute(conn)?;
    Ok(())
}

/// A number that grows whenever somebody is out of a room.
pub fn last_departure(conn: &mut Connection) -> Result<i64> {
    let last: Option<i64> = rooms::table
        .select(diesel::dsl::max(rooms::departed))
        .first(conn)?;
    Ok(last.unwrap_or(0))
}

/// The rooms with lists of their members that somebody left after that departure.
pub fn left_since(conn: &mut Connection, departure: i64) -> Result<Vec<Room>> {
    Ok(rooms::table
        .filter(rooms::departed.gt(departure))
        .filter(rooms::kind.ne_all(["role", "everyone"]))
        .select(Room::as_select())
        .load(conn)?)
}

/// The rooms that list this user among their members.
pub fn listing(conn: &mut Connection, user_id: i64) -> Result<Vec<Room>> {
    let own = members::table
        .filter(members::user_id.eq(user_id))
        .select(members::room_id);
    Ok(rooms::table
        .filter(rooms::id.eq_any(own))
        .select(Room::as_select())
        .load(conn)?)
}

pub fn member_ids(conn: &mut Connection, room_id: i64) -> Result<Vec<i64>> {
    Ok(members::table
        .filter(members::room_id.eq(room_id))
        .select(members::user_id)
        .load(conn)?)
}

/// The first `most` members by name.
pub fn people(conn: &mut Connection, room_id: i64, most: i64) -> Result<Vec<Person>> {
    Ok(members::table
        .inner_join(users::table)
        .left_join(
            receipts::table.on(receipts::room_id
                .eq(members::room_id)
                .and(receipts::user_id.eq(members::user_id))),
        )
        .filter(members::room_id.eq(room_id))
        .select((
            users::id,
            users::username,
            users::display_name,
            users::role,
            receipts::read_up_to.nullable(),
        ))
        .order(users::username)
        .limit(most)
        .load(conn)?)
}

pub fn member_count(conn: &mut Connection, room_id: i64) -> Result<i64> {
    Ok(members::table
        .filter(members::room_id.eq(room_id))
        .count()
        .get_result(conn)?)
}

/// Whether the viewer is in the room now.
pub fn is_in(conn: &mut Connection, viewer: &Viewer, room: &Room) -> Result<bool> {
    Ok(match room.kind() {
        RoomKind::Role => room.role.as_deref() == Some(&viewer.role),
        RoomKind::Everyone => viewer.internal,
        RoomKind::Direct | RoomKind::Group | RoomKind::Legacy => {
            select(exists(members::table.find((room.id, viewer.user_id)))).get_result(conn)?
        }
    })
}

/// The room, where the viewer is in it.
pub fn seen_by(conn: &mut Connection, viewer: &Viewer, id: i64) -> Result<Option<Room>> {
    let Some(room) = by_id(conn, id)? else {
        return Ok(None);
    };
    Ok(is_in(conn, viewer, &room)?.then_some(room))
}

/// The rooms that the viewer is in, the one last written in first, at most `limit` from the `offset`th on; with how he
/// stands in them. `only`: this one alone.
pub fn standings(
    conn: &mut Connection,
    viewer: &Viewer,
    only: Option<i64>,
    limit: i64,
    offset: i64,
) -> Result<Vec<Standing>> {
    Ok(sql_query(format!(
        "WITH mine AS ( \
           SELECT r.*, COALESCE( \
             (SELECT read_up_to FROM receipts WHERE room_id = r.id AND user_id = ?1), \
             CASE WHEN r.kind IN ('role', 'everyone') THEN \
               (SELECT seq FROM messages WHERE room_id = r.id AND created_at_ms < \
                  (SELECT created_at_ms FROM users WHERE id = ?1) ORDER BY created_at_ms DESC LIMIT 1) END, \
             0) AS read_up_to \
           FROM rooms r WHERE r.id IN ({ROOMS_OF_VIEWER}) AND (?4 IS NULL OR r.id = ?4)) \
         SELECT mine.*, \
           (SELECT count(*) FROM messages WHERE room_id = mine.id AND seq > mine.read_up_to \
              AND seq > mine.forgotten_up_to AND deleted_at_ms IS NOT NULL) AS deleted, \
           (SELECT count(*) FROM mentions WHERE user_id = ?1 AND room_id = mine.id AND seq > mine.read_up_to) AS mentions \
         FROM mine ORDER BY \
           COALESCE((SELECT created_at_ms FROM messages WHERE room_id = mine.id AND seq = mine.last_seq), created_at_ms) DESC, id \
         LIMIT ?5 OFFSET ?6"
    ))
    .bind::<BigInt, _>(viewer.user_id)
    .bind::<Text, _>(&viewer.role)
    .bind::<Bool, _>(viewer.internal)
    .bind::<Nullable<BigInt>, _>(only)
    .bind::<BigInt, _>(limit)
    .bind::<BigInt, _>(offset)
    .load(conn)?)
}

/// The rooms that the viewer is in.
pub fn ids_of(conn: &mut Connection, viewer: &Viewer) -> Result<Vec<i64>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        room_id: i64,
    }
    let rows: Vec<Row> = sql_query(ROOMS_OF_VIEWER)
        .bind::<BigInt, _>(viewer.user_id)
        .bind::<Text, _>(&viewer.role)
        .bind::<Bool, _>(viewer.internal)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.room_id).collect())
}

/// Open groups that the viewer is not in and may join.
pub fn open_to(conn: &mut Connection, viewer: &Viewer, most: i64) -> Result<Vec<Room>> {
    if !viewer.internal {
        return Ok(Vec::new());
    }
    let mine = members::table
        .filter(members::user_id.eq(viewer.user_id))
        .select(members::room_id);
    Ok(rooms::table
        .filter(rooms::open.eq(true))
        .filter(rooms::id.ne_all(mine))
        .select(Room::as_select())
        .order(rooms::id)
        .limit(most)
        .load(conn)?)
}

/// Makes the rooms that there must be, of everyone and of these roles.
pub fn ensure(conn: &mut Connection, roles: &[&str], now_ms: i64) -> Result<()> {
    let everyone = (RoomKind::Everyone, "everyone".to_owned(), None);
    let of_roles = roles
        .iter()
        .map(|role| (RoomKind::Role, format!("role:{role}"), Some(*role)));
    for (kind, key, role) in std::iter::once(everyone).chain(of_roles) {
        if by_key(conn, &key)?.is_none() {
            insert(
                conn,
                &NewRoom {
                    kind: kind.as_str(),
                    name: None,
                    unique_key: Some(&key),
                    role,
                    open: false,
                    created_by: None,
                    created_at_ms: now_ms,
                },
            )?;
        }
    }
    Ok(())
}
