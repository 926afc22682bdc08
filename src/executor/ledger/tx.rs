//! What a piece of work gets: its place in the group's transaction.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use bytes::Bytes;

use crate::{
    domain::{About, HubEvent, Posted, Recipients, Signal, hub_event::EventKind},
    store::hub::{
        self as hub, Connection, Result,
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

/// What a count is of: of those in one slot a group sends the last alone.
pub type Slot = (&'static str, i64);

/// What is told after the COMMIT.
#[derive(Default)]
pub(super) struct Telling {
    posted: Posted,
    slots: HashMap<Slot, usize>,
}

impl Telling {
    fn count(&mut self, slot: Slot, signal: Signal) {
        match self.slots.entry(slot) {
            Entry::Occupied(at) => self.posted.counts[*at.get()] = signal,
            Entry::Vacant(free) => {
                free.insert(self.posted.counts.len());
                self.posted.counts.push(signal);
            }
        }
    }

    /// What a later piece of work of the group tells.
    pub fn append(&mut self, later: Self) {
        self.posted.events.extend(later.posted.events);
        let mut slots: Vec<(Slot, usize)> = later.slots.into_iter().collect();
        slots.sort_unstable_by_key(|(_, at)| *at);
        for ((slot, _), signal) in slots.into_iter().zip(later.posted.counts) {
            self.count(slot, signal);
        }
    }

    pub fn into_posted(self) -> Posted {
        self.posted
    }
}

/// One piece of work within the group's transaction.
pub struct Tx<'c> {
    pub conn: &'c mut Connection,
    /// When the work runs, milliseconds since 1970.
    pub now_ms: i64,
    telling: Telling,
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c mut Connection, now_ms: i64) -> Self {
        Self {
            conn,
            now_ms,
            telling: Telling::default(),
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
        self.telling.posted.events.push(Arc::new(HubEvent {
            n,
            to: emit.to,
            kind: emit.kind.as_str(),
            members: emit.members,
        }));
        Ok(n)
    }

    /// Sends a frame without a cursor, that says how something stands after this work: after the COMMIT, behind the
    /// events, in the order of the commits. Whoever counted in a transaction and sent it by himself afterwards could be
    /// overtaken by a later count.
    pub fn signal(&mut self, slot: Slot, about: About, to: Recipients, frame: Bytes) {
        let signal = Signal {
            to,
            except: None,
            about: Some(about),
            frame,
        };
        self.telling.count(slot, signal);
    }

    /// Runs a part of the work: an error undoes it alone, and what it would have told.
    pub fn part<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        let now_ms = self.now_ms;
        let (done, telling) = hub::savepoint(self.conn, |conn| {
            let mut part = Tx::new(conn, now_ms);
            let done = work(&mut part)?;
            Ok((done, part.into_telling()))
        })?;
        self.telling.append(telling);
        Ok(done)
    }

    pub(super) fn into_telling(self) -> Telling {
        self.telling
    }
}
