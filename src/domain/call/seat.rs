//! A participant's seat.

use std::{collections::VecDeque, sync::Arc};

use uuid::Uuid;

use super::{Number, Person, QUEUE};

/// Who sits there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    User(Person),
    Guest { name: Arc<str> },
}

impl Who {
    pub fn name(&self) -> &Arc<str> {
        match self {
            Self::User(person) => &person.name,
            Self::Guest { name } => name,
        }
    }

    pub fn user_id(&self) -> Option<i64> {
        match self {
            Self::User(person) => Some(person.id),
            Self::Guest { .. } => None,
        }
    }

    pub fn is_guest(&self) -> bool {
        matches!(self, Self::Guest { .. })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A guest with a token who never came, or was away too long.
    Outside,
    /// Waits for the host.
    Lobby,
    Joined,
}

/// What a participant sends, as it says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    pub audio: bool,
    pub video: bool,
    pub screen: bool,
}

#[derive(Debug)]
pub struct Seat<F> {
    pub number: Number,
    pub who: Who,
    /// The login that sits there; a guest's token.
    pub login: Uuid,
    pub socket: Option<Uuid>,
    pub place: Place,
    /// When the socket was lost.
    pub away_since_ms: Option<i64>,
    pub media: Media,
    pub(super) waiting: VecDeque<F>,
}

impl<F> Seat<F> {
    /// Whether the seat is one of the call proper.
    pub fn is_joined(&self) -> bool {
        self.place == Place::Joined
    }

    /// Whether the host and others see it.
    pub fn is_present(&self) -> bool {
        self.place != Place::Outside
    }

    pub fn is_user(&self, id: i64) -> bool {
        self.who.user_id() == Some(id)
    }

    /// Keeps a frame for the comeback; `false`: as many as may wait do.
    pub(super) fn keep(&mut self, frame: F) -> bool {
        let room = self.waiting.len() < QUEUE;
        if room {
            self.waiting.push_back(frame);
        }
        room
    }

    /// Empties the seat; a guest may come again, and waits in the lobby then.
    pub(super) fn vacate(&mut self) {
        self.socket = None;
        self.place = Place::Outside;
        self.away_since_ms = None;
        self.waiting = VecDeque::new();
    }
}
