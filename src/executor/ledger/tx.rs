//! What a piece of work gets: its place in the group's transaction.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    domain::{HubEvent, Recipients, hub_event::EventKind},
    store::hub::{
        Connection, Result,
        events::{self, NewEvent},
    },
};

/// A durable event, to be logged with the work and sent after its COMMIT.
pub struct Emit {
    pub kind: EventKind,
    /// Who gets it live.
    pub to: Recipients,
    /// Whoever is in this room when it is replayed; or:
    pub room_id: Option<i64>,
    /// this user alone.
    pub user_id: Option<i64>,
    /// What it is about: looked up again when it is replayed.
    pub subject_id: Option<i64>,
    /// An older event in the same slot is not replayed any more.
    pub slot: Option<String>,
    /// The members of the frame after `type` and `cursor`, as JSON text without the outer braces.
    pub members: Bytes,
}

/// One piece of work within the group's transaction.
pub struct Tx<'c> {
    pub conn: &'c mut Connection,
    /// When the work runs, milliseconds since 1970.
    pub now_ms: i64,
    posted: Vec<Arc<HubEvent>>,
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c mut Connection, now_ms: i64) -> Self {
        Self {
            conn,
            now_ms,
            posted: Vec::new(),
        }
    }

    /// Logs an event in this transaction; answers its number.
    pub fn emit(&mut self, emit: Emit) -> Result<u64> {
        let logged = NewEvent {
            at_ms: self.now_ms,
            kind: emit.kind.as_str(),
            room_id: emit.room_id,
            user_id: emit.user_id,
            subject_id: emit.subject_id,
            slot: emit.slot.as_deref(),
        };
        let n = events::append(self.conn, &logged)?;
        self.posted.push(Arc::new(HubEvent {
            n,
            to: emit.to,
            kind: emit.kind.as_str(),
            members: emit.members,
        }));
        Ok(n)
    }

    pub(super) fn into_posted(self) -> Vec<Arc<HubEvent>> {
        self.posted
    }
}
