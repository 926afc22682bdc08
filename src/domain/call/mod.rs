//! A call: who may take part, in which state it is, whose seat is kept. Pure: the time is passed in, and what must be
//! told to whom is an [`Effect`] that the caller carries out.
//!
//! `initiating → ringing → active → ended | expired | declined | missed`. A participant is one socket at a time; its
//! *seat* outlives the socket for a while. Guests come with a code and wait in the lobby for the host.

mod entry;
mod machine;
mod seat;
mod time;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use uuid::Uuid;

pub use machine::{Call, Delivery, Opening};
pub use seat::{Media, Place, Seat, Who};

/// A participant's number within its call: given in the order of coming, never again.
pub type Number = u32;

/// Frames that wait for a participant without a socket.
pub const QUEUE: usize = 64;

/// Guests of one call that hold a token.
pub const MAX_GUESTS: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Initiating,
    Ringing,
    Active,
    Ended,
    Expired,
    Declined,
    Missed,
}

impl State {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Initiating => "initiating",
            Self::Ringing => "ringing",
            Self::Active => "active",
            Self::Ended => "ended",
            Self::Expired => "expired",
            Self::Declined => "declined",
            Self::Missed => "missed",
        }
    }

    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Initiating | Self::Ringing | Self::Active)
    }
}

/// Why a call is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    HungUp,
    /// The host hung up before anybody answered.
    Cancelled,
    EndedByHost,
    /// The host left, and only guests were left.
    HostLeft,
    Declined,
    NoAnswer,
    Expired,
    /// Every seat ran out.
    Abandoned,
    HubRestarted,
    Internal,
}

impl Reason {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::Cancelled => "cancelled",
            Self::EndedByHost => "ended_by_host",
            Self::HostLeft => "host_left",
            Self::Declined => "declined",
            Self::NoAnswer => "no_answer",
            Self::Expired => "expired",
            Self::Abandoned => "abandoned",
            Self::HubRestarted => "hub_restarted",
            Self::Internal => "internal",
        }
    }
}

/// How somebody's part in a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    HungUp,
    /// Lost its socket and did not come back in time.
    Lost,
    Denied,
    /// By the host, or because the room no longer has him.
    Removed,
    /// With the call.
    Ended,
}

impl Leaving {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HungUp => "hung_up",
            Self::Lost => "lost",
            Self::Denied => "denied",
            Self::Removed => "removed",
            Self::Ended => "ended",
        }
    }
}

/// What a call is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    AudioVideo,
    AudioOnly,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AudioVideo => "audio_video",
            Self::AudioOnly => "audio_only",
        }
    }
}

/// An account that takes part, or could.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: i64,
    pub name: Arc<str>,
}

/// A connection, and the login (or the guest's token) behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Socket {
    pub id: Uuid,
    pub login: Uuid,
}

/// How one rung user stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rung {
    Ringing,
    Joined,
    Declined,
    Missed,
}

impl Rung {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Joined => "joined",
            Self::Declined => "declined",
            Self::Missed => "missed",
        }
    }
}

/// Bounds of a call, milliseconds and heads.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub ring_ms: i64,
    pub seat_ms: i64,
    pub lifetime_ms: i64,
    pub participants: usize,
}

/// What is to be done after a call changed, in this order.
#[derive(Debug, PartialEq, Eq)]
pub enum Effect<F> {
    /// A relayed frame.
    Send {
        socket: Uuid,
        frame: F,
    },
    /// Ring these users.
    Ring(Vec<i64>),
    /// Everybody concerned must hear the new state.
    Tell,
    /// This participant has a seat now (again): it needs the whole picture.
    Seated(Number),
    /// The other sockets of a user who answered need ring no more.
    Elsewhere {
        user: i64,
        except: Option<Uuid>,
        declined: bool,
    },
    /// The socket's part is over. A guest's closes; its token is void.
    Dismissed {
        socket: Option<Uuid>,
        who: Who,
        login: Uuid,
        how: Leaving,
    },
    /// For the record.
    Joined(Number),
    Left(Number, Leaving),
}
