//! A session of this worker, as the relay sees it.

use std::{
    cell::{Cell, RefCell},
    sync::Arc,
};

use actix::Recipient;
use bytes::Bytes;
use uuid::Uuid;

use crate::{
    domain::{Position, Role},
    hub::outbox::Outbox,
};

use super::{handle::Attaching, messages::CatchUp};

/// Signals kept for a session that was not greeted yet. Past it the oldest go: a newer one says more.
const MOST_HELD: usize = 256;

pub(super) struct Member {
    pub id: Uuid,
    pub user_id: i64,
    pub role: Arc<Role>,
    /// Of its role: part of its cursors.
    pub rights: u32,
    pub outbox: Arc<Outbox>,
    pub echo: bool,
    pub catch_up: Recipient<CatchUp>,
    /// It has everything up to here.
    pub after: Cell<Position>,
    /// Whether durable events are pushed to it as they come.
    pub live: Cell<bool>,
    /// `None` once it was greeted.
    held: RefCell<Option<Vec<Bytes>>>,
}

impl Member {
    pub fn new(attaching: Attaching) -> Self {
        let Attaching {
            session,
            user_id,
            role,
            outbox,
            echo,
            catch_up,
        } = attaching;
        Self {
            id: session,
            user_id,
            rights: role.rights_fingerprint(),
            role,
            outbox,
            echo,
            catch_up,
            after: Cell::new(Position::START),
            live: Cell::new(false),
            held: RefCell::new(Some(Vec::new())),
        }
    }

    /// Pushes its first frames, and the signals that came meanwhile.
    pub fn greet(&self, frames: Bytes) {
        self.outbox.push(frames);
        for signal in self.held.take().into_iter().flatten() {
            self.outbox.push_events(signal, Position::START);
        }
    }

    /// Pushes a signal, or keeps it until the session was greeted; `false`: the outbox was full.
    pub fn signal(&self, frame: &Bytes, push: impl FnOnce(&Bytes) -> bool) -> bool {
        match &mut *self.held.borrow_mut() {
            Some(held) => {
                if held.len() == MOST_HELD {
                    held.remove(0);
                }
                held.push(frame.clone());
                true
            }
            None => push(frame),
        }
    }
}

/// Members whose state is fetched together.
const GROUP: usize = 16;

/// Calls `each` for all members, whose outboxes were warmed a group at a time.
pub(super) fn in_groups<'a>(mut members: impl Iterator<Item = &'a Member>, mut each: impl FnMut(&Member)) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        group.extend(members.by_ref().take(GROUP));
        if group.is_empty() {
            return;
        }
        for member in &group {
            member.outbox.warm();
        }
        group.drain(..).for_each(&mut each);
    }
}
