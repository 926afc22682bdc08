//! A message is edited, deleted, reacted to or acknowledged.

use actix::prelude::*;
use serde_json::{Value, json};

use super::{
    actor::RoomActor,
    messages::{Revise, Revision},
};
use crate::{
    domain::hub_event::EventKind,
    executor::ledger::Emit,
    protocol::{
        error::{Code, Error, Result},
        people::MessageKind,
    },
    store::hub::{messages, receipts, urgent},
};

/// Different emojis on one message.
const MOST_EMOJIS: i64 = 32;

/// What became of a message.
struct Revised {
    message: Value,
    seq: i64,
    changed: bool,
}

impl Handler<Revise> for RoomActor {
    type Result = ResponseActFuture<Self, Result<Value>>;

    fn handle(&mut self, revise: Revise, _: &mut Self::Context) -> Self::Result {
        let Revise {
            doer,
            message_id,
            revision,
        } = revise;
        if let Err(error) = self.check(&doer) {
            return Box::pin(actix::fut::ready(Err(error)));
        }
        let mentioned = match &revision {
            Revision::Edit(content) => Some(self.mentioned_in(content)),
            _ => None,
        };
        let deleted = matches!(revision, Revision::Delete);
        let (room, to, renderer) = (self.room.id, self.recipients(), self.parts.renderer.clone());
        let naming = mentioned.clone();
        let revised = self.parts.ledger.write(move |tx| {
            let found = messages::in_room(tx.conn, room, message_id)?;
            let before = found.ok_or_else(|| Error::of(Code::NotFound))?;
            let who = &doer.who;
            let me = (who.user_id, &*who.username);
            let is_mine = before.sender_id == who.user_id;
            let is_gone = before.deleted_at_ms.is_some();
            let gone = || Error::new(Code::PreconditionFailed, "This message was deleted.");
            let after = match &revision {
                Revision::Edit(_) if !is_mine => {
                    return Err(Error::forbidden("Only its sender may edit a message.").into());
                }
                Revision::Delete if !is_mine && !who.role.admin => {
                    return Err(Error::forbidden(
                        "Only its sender or an administrator may delete a message.",
                    )
                    .into());
                }
                Revision::Acknowledge if is_mine => {
                    return Err(Error::forbidden("Nobody acknowledges a message of his own.").into());
                }
                Revision::Delete if is_gone => None,
                _ if is_gone => return Err(gone().into()),
                // A caption may be taken away, the words of a text may not.
                Revision::Edit(content)
                    if content.trim().is_empty() && before.kind == MessageKind::Text.as_str() =>
                {
                    return Err(Error::invalid("A message that is edited is not empty; delete it.").into());
                }
                Revision::Edit(content) if *content == before.content => None,
                Revision::Edit(content) => {
                    receipts::set_mentions(tx.conn, room, before.seq, naming.as_deref().unwrap_or_default())?;
                    Some(messages::edit(tx.conn, message_id, content, tx.now_ms)?)
                }
                Revision::Delete => {
                    receipts::set_mentions(tx.conn, room, before.seq, &[])?;
                    urgent::forget(tx.conn, message_id)?;
                    Some(messages::delete(tx.conn, message_id, tx.now_ms)?)
                }
                Revision::React { emoji, on } => {
                    if *on && messages::emojis(tx.conn, message_id)? >= MOST_EMOJIS {
                        return Err(Error::of(Code::PayloadTooLarge).with("limit", "reactions").into());
                    }
                    match messages::react(tx.conn, message_id, emoji, me, *on, tx.now_ms)? {
                        true => Some(messages::touch(tx.conn, message_id)?),
                        false => None,
                    }
                }
                Revision::Acknowledge => {
                    urgent::forget(tx.conn, message_id)?;
                    match messages::acknowledge(tx.conn, message_id, me, tx.now_ms)? {
                        true => Some(messages::touch(tx.conn, message_id)?),
                        false => None,
                    }
                }
            };
            let message = renderer.message(tx.conn, after.as_ref().unwrap_or(&before))?;
            if after.is_some() {
                tx.emit(Emit {
                    kind: EventKind::MessageUpdated,
                    to: to.clone(),
                    room_id: Some(room),
                    user_id: None,
                    subject_id: Some(message_id),
                    slot: Some(format!("message:{message_id}")),
                    members: super::members_of_frame(&json!({ "room": room, "message": message })),
                })?;
            }
            Ok(Revised {
                message,
                seq: before.seq,
                changed: after.is_some(),
            })
        });
        let revised = self.turns.after_those_before(revised);
        Box::pin(revised.into_actor(self).map(move |(revised, _turn), room, ctx| {
            room.start_anew_if_unsure(&revised, ctx);
            let Revised {
                message,
                seq,
                changed,
            } = revised?;
            if changed && deleted {
                room.tally.deleted(seq);
                room.counts_changed(ctx);
            } else if changed && let Some(mentioned) = mentioned {
                room.tally.mentioned(seq, &mentioned);
                room.counts_changed(ctx);
            }
            Ok(message)
        }))
    }
}
