//! Messages of the relay.

use actix::prelude::*;
use bytes::Bytes;
use uuid::Uuid;

use crate::domain::{Audience, Position};

use super::handle::{Attaching, Joining};

/// A session began: from here on signals are kept for it, until it was greeted.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Attach(pub Attaching);

/// The first frames of a session that is not live yet; then the signals kept for it.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Greet {
    pub session: Uuid,
    pub frames: Bytes,
}

/// A session wants the live stream.
#[derive(Message)]
#[rtype(result = "Joined")]
pub(super) struct Join(pub Joining);

/// The answer to [`Join`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, MessageResponse)]
pub enum Joined {
    /// Live from what comes after this place.
    Live { at: Position },
    /// The relay is past the session's position: read the logs up to there and ask again.
    Behind { head: Position },
}

/// A session is over.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Leave {
    pub session: Uuid,
    pub audience: Audience,
}

/// A session wants other tables. Answers the place after which they flow; `None`: it was not live.
#[derive(Message)]
#[rtype(result = "Option<Position>")]
pub(super) struct Retune {
    pub session: Uuid,
    pub from: Audience,
    pub to: Audience,
}

/// To a session: it left the live stream at this place, and must read on from the logs.
#[derive(Message, Clone, Copy)]
#[rtype(result = "()")]
pub struct CatchUp {
    pub after: Position,
}

/// Frames made once the place of the join is known.
pub type Greeting = Box<dyn FnOnce(Position) -> Bytes + Send>;
