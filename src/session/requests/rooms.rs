//! Rooms, and who is in them.

use serde_json::{Value, json};

use crate::{
    hub::room::Doer,
    protocol::{
        error::{Error, Result},
        people::{CreateRoom, ListRooms},
        result::Body,
    },
};

use super::{
    super::{Context, lanes::Lane},
    Later, Prepared,
};

const MOST_NAME_CHARS: usize = 128;
/// Members named when a room is made.
const MOST_MEMBERS: usize = 1_000;

/// The rooms of the user.
pub(super) fn list(ctx: &Context, doer: Doer, asked: ListRooms) -> Prepared {
    let rooms = ctx.rooms.clone();
    Prepared::Look {
        lane: Lane::Read,
        look: Box::new(move || {
            let (rooms, who) = (rooms.clone(), doer.who.clone());
            Box::pin(async move {
                let listed = rooms.rooms(&who, asked.offset.unwrap_or(0).into()).await?;
                let mut answer = json!({ "rooms": listed.rooms });
                if listed.truncated {
                    answer["rooms_truncated"] = true.into();
                }
                Ok(Body::from_value(&answer))
            })
        }),
    }
}

pub(super) fn create(ctx: &Context, doer: Doer, create: CreateRoom) -> Result<Prepared> {
    let name = create.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MOST_NAME_CHARS || name.chars().any(char::is_control) {
        return Err(Error::invalid(
            "A room's name is one line of 1 to 128 characters.",
        ));
    }
    if create.members.len() > MOST_MEMBERS {
        return Err(Error::invalid("A room is made with at most 1,000 members."));
    }
    let rooms = ctx.rooms.clone();
    Ok(in_order(Box::pin(async move {
        room(rooms.create(doer, name, create.members, create.open).await?)
    })))
}

pub(super) fn open_direct(ctx: &Context, doer: Doer, user_id: i64) -> Prepared {
    let rooms = ctx.rooms.clone();
    in_order(Box::pin(async move {
        room(rooms.open_direct(doer, user_id).await?.1)
    }))
}

pub(super) fn join(ctx: &Context, doer: Doer, id: i64) -> Prepared {
    let rooms = ctx.rooms.clone();
    in_order(Box::pin(async move { room(rooms.join(doer, id).await?) }))
}

pub(super) fn leave(ctx: &Context, doer: Doer, id: i64) -> Prepared {
    let rooms = ctx.rooms.clone();
    in_order(Box::pin(async move { room(rooms.leave(doer, id).await?) }))
}

pub(super) fn add(ctx: &Context, doer: Doer, id: i64, user: i64) -> Prepared {
    let rooms = ctx.rooms.clone();
    in_order(Box::pin(async move { room(rooms.add(doer, id, user).await?) }))
}

pub(super) fn remove(ctx: &Context, doer: Doer, id: i64, user: i64) -> Prepared {
    let rooms = ctx.rooms.clone();
    in_order(Box::pin(async move { room(rooms.remove(doer, id, user).await?) }))
}

pub(super) fn typing(ctx: &Context, doer: Doer, id: i64, on: bool) -> Prepared {
    let rooms = ctx.rooms.clone();
    in_order(Box::pin(async move {
        rooms.typing(doer, id, on).await?;
        Ok(Body::empty())
    }))
}

/// Answered in the order sent, as all that people write.
pub(super) fn in_order(answer: Later) -> Prepared {
    Prepared::Later {
        lane: Lane::Alone,
        answer,
    }
}

fn room(room: Value) -> Result<Body> {
    Ok(Body::from_value(&json!({ "room": room })))
}
