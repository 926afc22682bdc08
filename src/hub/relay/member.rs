//! A session of this worker, as the relay sees it.

use std::{cell::Cell, sync::Arc};

use actix::Recipient;
use uuid::Uuid;

use crate::{
    domain::{Position, Role},
    hub::outbox::Outbox,
};

use super::{handle::Attaching, messages::CatchUp};

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
