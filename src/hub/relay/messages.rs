//! Messages of the relay.

use actix::prelude::*;
use bytes::Bytes;
use uuid::Uuid;

use crate::domain::Audience;

use super::handle::Joining;

/// A session wants the live stream.
#[derive(Message)]
#[rtype(result = "Joined")]
pub(super) struct Join(pub Joining);

/// The answer to [`Join`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, MessageResponse)]
pub enum Joined {
    /// Live from the commit after `head`.
    Live { head: u64 },
    /// The relay is past the session's position: read the log up to `head` and ask again.
    Behind { head: u64 },
}

/// A session is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Leave {
    pub session: Uuid,
    pub audience: Audience,
}

/// A session wants other tables. Answers the commit after which they flow; `None`: it was not live.
#[derive(Message)]
#[rtype(result = "Option<u64>")]
pub(super) struct Retune {
    pub session: Uuid,
    pub from: Audience,
    pub to: Audience,
}

/// To a session: it left the live stream before commit `after + 1`, which must be read from the log.
#[derive(Message, Clone, Copy)]
#[rtype(result = "()")]
pub struct CatchUp {
    pub after: u64,
}

/// Frames made once the place of the join is known.
pub type Greeting = Box<dyn FnOnce(u64) -> Bytes + Send>;
