//! What people do to each other, on its way to their sockets: durable events of `hub.db`, and signals, which
//! are gone once they were shown (typing, presence, counts, the frames of a call).

use std::{collections::HashSet, sync::Arc};

use bytes::Bytes;
use uuid::Uuid;

/// Who gets an event or a signal. Only sessions of those who are here now; the absent find durable events in the log.
#[derive(Debug, Clone)]
pub enum Recipients {
    User(i64),
    /// Members of a room, shared by all its events until they change.
    Members(Arc<HashSet<i64>>),
    /// Everybody who has the role.
    Role(Arc<str>),
    /// Everybody whose role is one of these.
    Roles(Arc<HashSet<Arc<str>>>),
    /// Single sockets: the participants of a call.
    Sessions(Arc<[Uuid]>),
}

impl Recipients {
    /// Whether they are the same for certain; not all that are the same are known to be.
    pub fn is_surely(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::User(a), Self::User(b)) => a == b,
            (Self::Members(a), Self::Members(b)) => Arc::ptr_eq(a, b),
            (Self::Role(a), Self::Role(b)) => a == b,
            _ => false,
        }
    }
}

/// A durable event of `hub.db`, committed.
#[derive(Debug, Clone)]
pub struct HubEvent {
    /// Rises with each event of an epoch; the hub's half of the cursor.
    pub n: u64,
    pub to: Recipients,
    /// The frame's `type`.
    pub kind: &'static str,
    /// The members of the frame after `type` and `cursor`, as JSON text without the outer braces.
    pub members: Bytes,
}

/// A finished frame without a cursor.
#[derive(Debug, Clone)]
pub struct Signal {
    pub to: Recipients,
    /// A session that is left out: the one it came from.
    pub except: Option<Uuid>,
    /// What it says anew; `None`: nothing that a later one would say again.
    pub about: Option<About>,
    pub frame: Bytes,
}

/// What a signal says in full each time, so that only the newest counts of several that wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    Unread { room: i64 },
    UnreadNotifications,
    Delivered { room: i64, user: i64 },
    Typing { room: i64, user: i64 },
    Sessions,
}

/// What one group of work tells: its events in the order of their numbers, then counts as they are after it.
#[derive(Debug, Default)]
pub struct Posted {
    pub events: Vec<Arc<HubEvent>>,
    pub counts: Vec<Signal>,
}

impl Posted {
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.counts.is_empty()
    }
}

/// What a durable event is, by the frame's `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    NewMessage,
    MessageUpdated,
    MessageRead,
    RoomUpdated,
    Notification,
}

impl EventKind {
    pub const ALL: &[Self] = &[
        Self::NewMessage,
        Self::MessageUpdated,
        Self::MessageRead,
        Self::RoomUpdated,
        Self::Notification,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NewMessage => "new_message",
            Self::MessageUpdated => "message_updated",
            Self::MessageRead => "message_read",
            Self::RoomUpdated => "room_updated",
            Self::Notification => "notification",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == name)
    }
}
