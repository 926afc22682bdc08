//! What people write to each other.

use diesel::prelude::*;

use super::{
    Connection, Result,
    schema::{acks, messages, reactions},
};

/// A message as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = messages)]
pub struct Message {
    pub id: i64,
    pub room_id: i64,
    pub seq: i64,
    pub version: i64,
    pub sender_id: i64,
    pub sender_username: String,
    pub sender_display_name: String,
    pub sender_role: String,
    pub kind: String,
    pub content: String,
    pub file_id: Option<i64>,
    pub context: Option<String>,
    pub reply_to: Option<i64>,
    pub priority: String,
    pub needs_ack: bool,
    pub client_id: String,
    pub request_hash: Vec<u8>,
    pub created_at_ms: i64,
    pub edited_at_ms: Option<i64>,
    pub deleted_at_ms: Option<i64>,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = messages)]
pub struct NewMessage<'a> {
    pub room_id: i64,
    pub seq: i64,
    pub sender_id: i64,
    pub sender_username: &'a str,
    pub sender_display_name: &'a str,
    pub sender_role: &'a str,
    pub kind: &'a str,
    pub content: &'a str,
    pub file_id: Option<i64>,
    pub context: Option<&'a str>,
    pub reply_to: Option<i64>,
    pub priority: &'a str,
    pub needs_ack: bool,
    pub client_id: &'a str,
    pub request_hash: &'a [u8],
    pub created_at_ms: i64,
}

/// Who did something to a message: `(message, emoji, username)`, in the order it was done.
pub type Reaction = (i64, String, String);
/// Who acknowledged: `(message, username)`, in that order.
pub type Ack = (i64, String);

/// Which messages of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The last before this seq.
    Before(i64),
    /// The first after this seq.
    After(i64),
    /// Half before and with this seq, half after.
    Around(i64),
    /// The last of all.
    Latest,
}

pub fn insert(conn: &mut Connection, message: &NewMessage<'_>) -> Result<Message> {
    Ok(diesel::insert_into(messages::table)
        .values(message)
        .returning(Message::as_returning())
        .get_result(conn)?)
}

pub fn by_id(conn: &mut Connection, id: i64) -> Result<Option<Message>> {
    Ok(messages::table
        .find(id)
        .select(Message::as_select())
        .first(conn)
        .optional()?)
}

/// Those of these that are there and not deleted, the newest first.
pub fn by_ids(conn: &mut Connection, ids: &[i64]) -> Result<Vec<Message>> {
    Ok(messages::table
        .filter(messages::id.eq_any(ids))
        .filter(messages::deleted_at_ms.is_null())
        .order(messages::id.desc())
        .select(Message::as_select())
        .load(conn)?)
}

/// The message of a room, where it is there.
pub fn in_room(conn: &mut Connection, room_id: i64, id: i64) -> Result<Option<Message>> {
    Ok(by_id(conn, id)?.filter(|message| message.room_id == room_id))
}

pub fn by_client_id(conn: &mut Connection, sender_id: i64, client_id: &str) -> Result<Option<Message>> {
    Ok(messages::table
        .filter(messages::sender_id.eq(sender_id))
        .filter(messages::client_id.eq(client_id))
        .select(Message::as_select())
        .first(conn)
        .optional()?)
}

/// By `(room, seq)`.
pub fn at(conn: &mut Connection, room_id: i64, seq: i64) -> Result<Option<Message>> {
    Ok(messages::table
        .filter(messages::room_id.eq(room_id))
        .filter(messages::seq.eq(seq))
        .select(Message::as_select())
        .first(conn)
        .optional()?)
}

/// At most `limit` messages, ascending, and whether there are more in the direction asked (around: in either).
pub fn page(conn: &mut Connection, room_id: i64, window: Window, limit: i64) -> Result<(Vec<Message>, bool)> {
    match window {
        Window::Latest => before(conn, room_id, i64::MAX, limit),
        Window::Before(seq) => before(conn, room_id, seq, limit),
        Window::After(seq) => after(conn, room_id, seq, limit),
        Window::Around(seq) => {
            let half = limit / 2;
            let (mut found, more_before) = before(conn, room_id, seq.saturating_add(1), limit - half)?;
            let (later, more_after) = after(conn, room_id, seq, half)?;
            found.extend(later);
            Ok((found, more_before || more_after))
        }
    }
}

fn before(conn: &mut Connection, room_id: i64, seq: i64, limit: i64) -> Result<(Vec<Message>, bool)> {
    let mut found: Vec<Message> = messages::table
        .filter(messages::room_id.eq(room_id))
        .filter(messages::seq.lt(seq))
        .order(messages::seq.desc())
        .limit(limit + 1)
        .select(Message::as_select())
        .load(conn)?;
    let more = cut(&mut found, limit);
    found.reverse();
    Ok((found, more))
}

fn after(conn: &mut Connection, room_id: i64, seq: i64, limit: i64) -> Result<(Vec<Message>, bool)> {
    let mut found: Vec<Message> = messages::table
        .filter(messages::room_id.eq(room_id))
        .filter(messages::seq.gt(seq))
        .order(messages::seq.asc())
        .limit(limit + 1)
        .select(Message::as_select())
        .load(conn)?;
    let more = cut(&mut found, limit);
    Ok((found, more))
}

/// One more than asked was read, to see whether there is more.
fn cut(found: &mut Vec<Message>, limit: i64) -> bool {
    let limit = usize::try_from(limit).unwrap_or(0);
    let more = found.len() > limit;
    found.truncate(limit);
    more
}

/// Answers the message as it is afterwards, its version risen.
pub fn edit(conn: &mut Connection, id: i64, content: &str, now_ms: i64) -> Result<Message> {
    Ok(diesel::update(messages::table.find(id))
        .set((
            messages::content.eq(content),
            messages::edited_at_ms.eq(now_ms),
            messages::version.eq(messages::version + 1),
        ))
        .returning(Message::as_returning())
        .get_result(conn)?)
}

/// Leaves a tombstone.
pub fn delete(conn: &mut Connection, id: i64, now_ms: i64) -> Result<Message> {
    diesel::delete(reactions::table.filter(reactions::message_id.eq(id))).execute(conn)?;
    Ok(diesel::update(messages::table.find(id))
        .set((
            messages::content.eq(""),
            messages::file_id.eq(None::<i64>),
            messages::context.eq(None::<String>),
            messages::deleted_at_ms.eq(now_ms),
            messages::version.eq(messages::version + 1),
        ))
        .returning(Message::as_returning())
        .get_result(conn)?)
}

/// Something about the message changed that stands elsewhere.
pub fn touch(conn: &mut Connection, id: i64) -> Result<Message> {
    Ok(diesel::update(messages::table.find(id))
        .set(messages::version.eq(messages::version + 1))
        .returning(Message::as_returning())
        .get_result(conn)?)
}

/// `false`: it was so already.
pub fn react(
    conn: &mut Connection,
    id: i64,
    emoji: &str,
    user: (i64, &str),
    on: bool,
    now_ms: i64,
) -> Result<bool> {
    let changed = if on {
        diesel::insert_or_ignore_into(reactions::table)
            .values((
                reactions::message_id.eq(id),
                reactions::emoji.eq(emoji),
                reactions::user_id.eq(user.0),
                reactions::username.eq(user.1),
                reactions::at_ms.eq(now_ms),
            ))
            .execute(conn)?
    } else {
        diesel::delete(reactions::table.find((id, emoji, user.0))).execute(conn)?
    };
    Ok(changed > 0)
}

/// How many different emojis a message has.
pub fn emojis(conn: &mut Connection, id: i64) -> Result<i64> {
    Ok(reactions::table
        .filter(reactions::message_id.eq(id))
        .select(reactions::emoji)
        .distinct()
        .load::<String>(conn)?
        .len() as i64)
}

/// `false`: he had already.
pub fn acknowledge(conn: &mut Connection, id: i64, user: (i64, &str), now_ms: i64) -> Result<bool> {
    let added = diesel::insert_or_ignore_into(acks::table)
        .values((
            acks::message_id.eq(id),
            acks::user_id.eq(user.0),
            acks::username.eq(user.1),
            acks::at_ms.eq(now_ms),
        ))
        .execute(conn)?;
    Ok(added > 0)
}

pub fn acked_by(conn: &mut Connection, id: i64) -> Result<Vec<i64>> {
    Ok(acks::table
        .filter(acks::message_id.eq(id))
        .select(acks::user_id)
        .load(conn)?)
}

/// Reactions and acknowledgements of these messages.
pub fn responses(conn: &mut Connection, ids: &[i64]) -> Result<(Vec<Reaction>, Vec<Ack>)> {
    if ids.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let reacted = reactions::table
        .filter(reactions::message_id.eq_any(ids))
        .order((reactions::at_ms, reactions::user_id))
        .select((reactions::message_id, reactions::emoji, reactions::username))
        .load(conn)?;
    let acked = acks::table
        .filter(acks::message_id.eq_any(ids))
        .order((acks::at_ms, acks::user_id))
        .select((acks::message_id, acks::username))
        .load(conn)?;
    Ok((reacted, acked))
}

/// The seqs of tombstones after `seq`.
pub fn deleted_after(conn: &mut Connection, room_id: i64, seq: i64) -> Result<Vec<i64>> {
    Ok(messages::table
        .filter(messages::room_id.eq(room_id))
        .filter(messages::seq.gt(seq))
        .filter(messages::deleted_at_ms.is_not_null())
        .select(messages::seq)
        .load(conn)?)
}
