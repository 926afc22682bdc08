//! What sessions hold of their worker's relay.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use actix::prelude::*;
use uuid::Uuid;

use crate::{
    domain::{Audience, Epoch},
    hub::outbox::Outbox,
    protocol::error::{Error, Result},
};

use super::{
    actor::Relay,
    messages::{CatchUp, Greeting, Join, Joined, Leave, Retune},
};

/// A request to go live.
pub struct Joining {
    pub session: Uuid,
    pub audience: Audience,
    pub outbox: Arc<Outbox>,
    /// Whether the session gets its own live changes.
    pub echo: bool,
    /// It has everything up to this commit; `None`: it begins wherever the relay is.
    pub after: Option<u64>,
    /// Pushed before the first live event, with the commit at which the stream starts.
    pub greeting: Greeting,
    /// Told when the live stream had to be left.
    pub catch_up: Recipient<CatchUp>,
}

#[derive(Clone)]
pub struct RelayHandle {
    pub(super) addr: Addr<Relay>,
    pub(super) head: Arc<AtomicU64>,
    pub(super) epoch: Epoch,
}

impl RelayHandle {
    pub async fn join(&self, joining: Joining) -> Result<Joined> {
        self.addr.send(Join(joining)).await.map_err(Error::internal)
    }

    pub async fn retune(&self, session: Uuid, from: Audience, to: Audience) -> Result<Option<u64>> {
        self.addr
            .send(Retune { session, from, to })
            .await
            .map_err(Error::internal)
    }

    pub fn leave(&self, session: Uuid, audience: Audience) {
        // Bounded: one for each session that ended, and it must not be lost to a full mailbox.
        #[allow(clippy::disallowed_methods)]
        self.addr.do_send(Leave { session, audience });
    }

    /// The last commit that reached the outboxes of this worker.
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
}
