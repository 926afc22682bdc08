//! A message is written: its place in the room is fixed in the transaction that stores it.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    Doer, Parts,
    actor::RoomActor,
    messages::{Draft, Post, Posted},
};
use crate::{
    domain::{Recipients, hub_event::EventKind, room::mentioned},
    executor::ledger::{Emit, Tx},
    protocol::{
        error::{Code, Error, Result},
        people::Priority,
    },
    store::hub::{
        self,
        messages::{self, Message, NewMessage},
        receipts::{self, Standing},
        rooms, urgent,
    },
};

/// Everything that the transaction of one message needs.
struct Writing {
    parts: Parts,
    doer: Doer,
    draft: Arc<Draft>,
    hash: Vec<u8>,
    room_id: i64,
    to: Recipients,
    /// `None`: the room is so large that nobody is told who has read.
    told_of_reading: Option<Recipients>,
    mentioned: Vec<i64>,
    by_hub: Option<Arc<[i64]>>,
}

impl Writing {
    fn run(&self, tx: &mut Tx<'_>) -> hub::Result<Posted> {
        let who = &self.doer.who;
        if let Some(before) = messages::by_client_id(tx.conn, who.user_id, &self.draft.client_id)? {
            if before.request_hash != self.hash {
                return Err(Error::of(Code::Conflict).into());
            }
            return self.posted(tx, &before, None);
        }
        if let Some(file) = self.draft.file {
            self.parts.attachments.claim(tx.conn, who.user_id, file)?;
        }
        if let Some(to) = self.draft.reply_to {
            messages::in_room(tx.conn, self.room_id, to)?.ok_or_else(|| Error::of(Code::NotFound))?;
        }
        let context = self
            .draft
            .context
            .as_ref()
            .map(|context| json!(context).to_string());
        let seq = rooms::next_seq(tx.conn, self.room_id)?;
        let message = messages::insert(
            tx.conn,
            &NewMessage {
                room_id: self.room_id,
                seq,
                sender_id: who.user_id,
                sender_username: &who.username,
                sender_display_name: &who.display_name,
                sender_role: &who.role.name,
                kind: self.draft.kind.as_str(),
                content: &self.draft.content,
                file_id: self.draft.file,
                context: context.as_deref(),
                reply_to: self.draft.reply_to,
                priority: self.draft.priority.as_str(),
                needs_ack: self.draft.needs_ack,
                client_id: &self.draft.client_id,
                request_hash: &self.hash,
                created_at_ms: tx.now_ms,
            },
        )?;
        if !self.mentioned.is_empty() {
            receipts::set_mentions(tx.conn, self.room_id, seq, &self.mentioned)?;
        }
        if self.draft.priority == Priority::Urgent {
            urgent::watch(
                tx.conn,
                message.id,
                self.room_id,
                tx.now_ms + self.parts.messages.repeat_ms(),
            )?;
        }
        let here = Standing {
            read: seq,
            delivered: seq,
        };
        let read_by = self.read_by(tx, seq)?;
        let mut has_caught_up = false;
        for user in &read_by {
            let (was, _) = receipts::advance(tx.conn, self.room_id, *user, here)?;
            has_caught_up |= was.read < seq - 1;
        }
        let posted = self.posted(tx, &message, Some(read_by))?;
        tx.emit(Emit {
            kind: EventKind::NewMessage,
            to: self.to.clone(),
            room_id: Some(self.room_id),
            user_id: None,
            subject_id: Some(message.id),
            slot: None,
            members: super::members_of_frame(&json!({ "room": self.room_id, "message": posted.message })),
        })?;
        // Nobody needs to be told that he has read his own words.
        if let Some(to) = self.told_of_reading.clone().filter(|_| has_caught_up) {
            tx.emit(super::has_read(self.room_id, who.user_id, seq, to))?;
        }
        Ok(posted)
    }

    /// Who writes has read what was before. For whom the hub writes may not have: what it says is only nothing new to
    /// those who had read everything else.
    fn read_by(&self, tx: &mut Tx<'_>, seq: i64) -> hub::Result<Vec<i64>> {
        let Some(users) = &self.by_hub else {
            return Ok(vec![self.doer.who.user_id]);
        };
        let mut read_by = Vec::new();
        for user in users.iter() {
            if receipts::of(tx.conn, self.room_id, *user)?.unwrap_or(0) == seq - 1 {
                read_by.push(*user);
            }
        }
        Ok(read_by)
    }

    /// `read_by`: where it was written now.
    fn posted(&self, tx: &mut Tx<'_>, message: &Message, read_by: Option<Vec<i64>>) -> hub::Result<Posted> {
        let duplicate = read_by.is_none();
        let renderer = &self.parts.renderer;
        let rendered = if duplicate {
            renderer.message(tx.conn, message)?
        } else {
            renderer.fresh(tx.conn, message)?
        };
        Ok(Posted {
            id: message.id,
            room: message.room_id,
            seq: message.seq,
            message: rendered,
            duplicate,
            read_by: read_by.unwrap_or_default(),
        })
    }
}

/// What a retry is compared by.
fn hash(room_id: i64, draft: &Draft) -> Vec<u8> {
    Sha256::digest(json!([room_id, draft]).to_string()).to_vec()
}

impl RoomActor {
    /// The users of the room that a text names.
    pub(super) fn mentioned_in(&self, content: &str) -> Vec<i64> {
        let names = mentioned(content);
        if names.is_empty() {
            return Vec::new();
        }
        let named = self.parts.accounts.ids_of(&names);
        named.into_iter().filter(|id| self.has_user(*id)).collect()
    }
}

impl Handler<Post> for RoomActor {
    type Result = ResponseActFuture<Self, Result<Posted>>;

    fn handle(&mut self, post: Post, _: &mut Self::Context) -> Self::Result {
        let Post { doer, draft, by_hub } = post;
        if let Err(error) = self.check(&doer)
            && by_hub.is_none()
        {
            return Box::pin(actix::fut::ready(Err(error)));
        }
        let sender = doer.who.user_id;
        let mut mentioned = self.mentioned_in(&draft.content);
        mentioned.retain(|user| *user != sender);
        let writing = Writing {
            hash: hash(self.room.id, &draft),
            parts: self.parts.clone(),
            doer,
            draft,
            room_id: self.room.id,
            to: self.recipients(),
            told_of_reading: self.is_small().then(|| self.recipients()),
            mentioned: mentioned.clone(),
            by_hub,
        };
        // Handed over now, so that the ledger's order is the mailbox's.
        let written = self.parts.ledger.write(move |tx| writing.run(tx));
        let written = self.turns.after_those_before(written);
        Box::pin(written.into_actor(self).map(move |(written, _turn), room, ctx| {
            room.start_anew_if_unsure(&written, ctx);
            let posted = written?;
            if !posted.duplicate {
                room.tally.posted(&posted.read_by, posted.seq, &mentioned);
                room.counts_changed(ctx);
            }
            Ok(posted)
        }))
    }
}
