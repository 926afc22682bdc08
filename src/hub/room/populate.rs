//! People come and go. Nothing else happens in the room meanwhile, so that whoever was removed gets nothing that
//! comes after.

use std::{collections::HashSet, sync::Arc};

use actix::{AtomicResponse, prelude::*};
use serde_json::{Value, json};

use super::{
    Doer,
    actor::RoomActor,
    messages::{Movement, Populate},
};
use crate::{
    domain::{Recipients, hub_event::EventKind},
    executor::ledger::{Emit, Tx},
    protocol::error::{Code, Error, Result},
    store::hub::{self, receipts, rooms, rooms::Room},
};

impl RoomActor {
    /// Who comes or goes, and whether he comes. Errors: who may not, whom he may not.
    fn movement(&mut self, doer: &Doer, movement: Movement) -> Result<(i64, bool)> {
        self.touch();
        let me = doer.who.user_id;
        if movement == Movement::Join {
            let may = self.room.open && !doer.who.role.external || self.has(&doer.who);
            return if may {
                Ok((me, true))
            } else {
                Err(Error::of(Code::NotFound))
            };
        }
        self.check(doer)?;
        if !self.room.kind().has_changing_members() {
            return Err(Error::forbidden("Nobody is added to this room or leaves it."));
        }
        match movement {
            Movement::Join => Ok((me, true)),
            Movement::Leave => Ok((me, false)),
            Movement::Add(user) => {
                self.parts.accounts.check_contact(&doer.who, user)?;
                Ok((user, true))
            }
            Movement::Remove(user) if user == me => Ok((me, false)),
            Movement::Remove(user) => {
                if self.room.created_by != Some(me) && !doer.who.role.admin {
                    return Err(Error::forbidden("Only who made the room may remove others."));
                }
                if !self.members.contains(&user) {
                    return Err(Error::of(Code::NotFound));
                }
                Ok((user, false))
            }
        }
    }
}

/// How the change is called in `room_updated`.
const fn name_of(movement: Movement) -> &'static str {
    match movement {
        Movement::Join => "joined",
        Movement::Leave => "left",
        Movement::Add(_) => "added",
        Movement::Remove(_) => "removed",
    }
}

impl Handler<Populate> for RoomActor {
    type Result = AtomicResponse<Self, Result<Value>>;

    fn handle(&mut self, Populate { doer, movement }: Populate, _: &mut Self::Context) -> Self::Result {
        let (user, comes) = match self.movement(&doer, movement) {
            Ok(moved) => moved,
            Err(error) => return AtomicResponse::new(Box::pin(actix::fut::ready(Err(error)))),
        };
        let mut members = HashSet::clone(&self.members);
        if comes {
            members.insert(user);
        } else {
            members.remove(&user);
        }
        let members = Arc::new(members);
        let (id, after) = (self.room.id, members.clone());
        let (renderer, lang) = (self.parts.renderer.clone(), doer.who.lang.clone());
        let viewer = self.parts.accounts.viewer(&doer.who);
        let moved = self.parts.ledger.write(move |tx| {
            let room = rooms::by_id(tx.conn, id)?.ok_or_else(|| Error::of(Code::NotFound))?;
            let changed = if comes {
                rooms::add_member(tx.conn, id, user, tx.now_ms)?
            } else {
                rooms::remove_member(tx.conn, id, user)?
            };
            if changed {
                let seen = renderer.room(tx.conn, &room, &lang)?;
                emit(tx, &room, &seen, name_of(movement), user, &after)?;
                if !comes {
                    tell_who_left(tx, &room, name_of(movement), user)?;
                }
            }
            let mine = renderer.room_of(tx.conn, &viewer, &lang, id)?;
            let read = receipts::of(tx.conn, id, user)?.unwrap_or(0);
            let seen = mine.unwrap_or_else(|| json!({ "id": id, "kind": room.kind, "name": room.name }));
            Ok((seen, read))
        });
        AtomicResponse::new(Box::pin(moved.into_actor(self).map(move |moved, room, ctx| {
            room.start_anew_if_unsure(&moved, ctx);
            let (value, read) = moved?;
            if comes && !room.members.contains(&user) {
                room.tally.read(user, read);
            }
            room.members = members;
            if !comes {
                room.parts.calls.member_removed(id, user);
            }
            room.counts_changed(ctx);
            Ok(value)
        })))
    }
}

/// `room_updated` to who is in the room now.
pub(super) fn emit(
    tx: &mut Tx<'_>,
    room: &Room,
    seen: &Value,
    change: &str,
    user: i64,
    members: &Arc<HashSet<i64>>,
) -> hub::Result<u64> {
    tx.emit(Emit {
        kind: EventKind::RoomUpdated,
        to: Recipients::Members(members.clone()),
        room_id: Some(room.id),
        user_id: None,
        subject_id: Some(user),
        slot: None,
        members: super::members_of_frame(&json!({ "room": seen, "change": change, "user_id": user })),
    })
}

/// `room_updated` to who is not in it any more: that, and nothing of what is in it.
fn tell_who_left(tx: &mut Tx<'_>, room: &Room, change: &str, user: i64) -> hub::Result<u64> {
    let seen = json!({ "id": room.id, "kind": room.kind, "name": room.name });
    tx.emit(Emit {
        kind: EventKind::RoomUpdated,
        to: Recipients::User(user),
        room_id: Some(room.id),
        user_id: Some(user),
        subject_id: None,
        slot: None,
        members: super::members_of_frame(&json!({ "room": seen, "change": change, "user_id": user })),
    })
}
