//! What sessions hold of their worker's relay.

use std::{sync::Arc, time::Duration};

use actix::prelude::*;
use bytes::Bytes;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    domain::{Audience, Epoch, Position, Role},
    hub::outbox::Outbox,
    protocol::error::{Error, Result},
};

use super::{
    actor::Relay,
    messages::{Attach, CatchUp, Greet, Greeting, Join, Joined, Leave, Retune},
};

/// How long a session waits for the relay to reach what was committed before.
const HEAD_DEADLINE: Duration = Duration::from_secs(1);

/// A session, before it is sent anything.
pub struct Attaching {
    pub session: Uuid,
    pub user_id: i64,
    pub role: Arc<Role>,
    pub outbox: Arc<Outbox>,
    /// Whether the session gets its own live changes.
    pub echo: bool,
    /// Told when the live stream had to be left.
    pub catch_up: Recipient<CatchUp>,
}

/// A request to go live, of a session that was attached.
pub struct Joining {
    pub session: Uuid,
    pub audience: Audience,
    /// It has everything up to this commit; `None`: it begins wherever the relay is.
    pub after_commit: Option<u64>,
    /// It has everything up to this event of people; `None`: likewise.
    pub after_hub: Option<u64>,
    /// Pushed before the first live event, with the place at which the stream starts.
    pub greeting: Greeting,
}

#[derive(Clone)]
pub struct RelayHandle {
    pub(super) addr: Addr<Relay>,
    pub(super) head: watch::Receiver<Position>,
    pub(super) epoch: Epoch,
}

impl RelayHandle {
    pub async fn attach(&self, attaching: Attaching) -> Result<()> {
        self.addr.send(Attach(attaching)).await.map_err(Error::internal)
    }

    /// First frames for a session that is attached but cannot be live yet.
    pub async fn greet(&self, session: Uuid, frames: Bytes) -> Result<()> {
        self.addr
            .send(Greet { session, frames })
            .await
            .map_err(Error::internal)
    }

    pub async fn join(&self, joining: Joining) -> Result<Joined> {
        self.addr.send(Join(joining)).await.map_err(Error::internal)
    }

    pub async fn retune(&self, session: Uuid, from: Audience, to: Audience) -> Result<Option<Position>> {
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

    /// The last place that reached the outboxes of this worker.
    pub fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// Ready when the relay has reached this commit: whoever was answered before has been seen here. Not
    /// longer than `HEAD_DEADLINE`: a relay that is behind is no reason to keep a client waiting.
    pub async fn reached(&self, commit: u64) {
        let mut head = self.head.clone();
        let _ = tokio::time::timeout(HEAD_DEADLINE, head.wait_for(|head| head.commit >= commit)).await;
    }

    pub fn epoch(&self) -> Epoch {
        self.epoch
    }
}
