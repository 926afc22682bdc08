//! Rooms: one actor for each that is in use, started on demand, asleep when idle, rebuilt from `hub.db` after a panic
//! without its members noticing.
//!
//! The actor fixes the order: whatever changes its room passes through it, and reaches the ledger in the order it
//! came. It keeps in memory who is in the room and how far each has read, so that recipients and counts cost no query.
//! Everybody else holds the [`RoomsHandle`].
//!
//! | message | from | answer |
//! |---|---|---|
//! | [`messages::Post`] | whoever writes | the message, once it is durable |
//! | [`messages::Revise`] | edit, delete, react, acknowledge | the message as it is then |
//! | [`messages::Mark`] | whoever has read, or was delivered | his counts |
//! | [`messages::Populate`] | join, leave, add, remove | the room; nothing else runs meanwhile |
//! | [`messages::Typing`] | whoever types | none |
//! | [`messages::Forget`] | the watch | none |
//! | [`messages::Who`] | calls, files, rules | the members now |

mod actor;
mod attachments;
mod awake;
mod counts;
pub mod faces;
mod handle;
mod list;
mod messages;
mod overview;
mod populate;
mod post;
pub mod render;
mod revise;
mod search;
mod tally;
mod traces;
mod turns;
pub mod watch;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    config,
    domain::{Principal, Recipients, hub_event::EventKind},
    executor::ledger::{Emit, LedgerHandle, Seekers},
    hub::{accounts::AccountsHandle, call::CallsHandle, feed::FeedHandle},
    store::hub::{Connection, Result},
};

pub use handle::{RoomsHandle, Target};
pub use list::Listed;
pub use messages::{Draft, Posted, Revision};
pub use overview::RoomRecord;
pub use render::Renderer;

/// Whoever does something in a room.
#[derive(Debug, Clone)]
pub struct Doer {
    pub who: Principal,
    /// The socket it comes from, where it is one.
    pub session: Option<Uuid>,
}

/// The files that messages carry, as far as rooms need to know of them.
pub trait Attachments: Send + Sync {
    /// The `file` of a message as it travels.
    fn describe(&self, conn: &mut Connection, file_id: i64) -> Result<Option<Value>>;

    /// The sender's own file goes into a message; `not_found` where it is not his.
    fn claim(&self, conn: &mut Connection, owner_id: i64, file_id: i64) -> Result<()>;
}

/// What rooms work with.
#[derive(Clone)]
pub struct Parts {
    pub ledger: LedgerHandle,
    pub seekers: Seekers,
    pub feed: FeedHandle,
    pub accounts: AccountsHandle,
    pub renderer: Renderer,
    pub attachments: Arc<dyn Attachments>,
    pub messages: config::Messages,
    pub calls: CallsHandle,
}

/// The members of a frame: the text of an object without its braces.
pub(in crate::hub) fn members_of_frame(value: &Value) -> Bytes {
    let text = Bytes::from(value.to_string());
    text.slice(1..text.len() - 1)
}

/// The event that a user has read a room up to a seq; the next of its kind takes its place.
fn has_read(room: i64, user: i64, up_to: i64, to: Recipients) -> Emit {
    Emit {
        kind: EventKind::MessageRead,
        to,
        room_id: Some(room),
        user_id: None,
        subject_id: Some(user),
        slot: Some(format!("read:{room}:{user}")),
        members: members_of_frame(&json!({ "room": room, "user_id": user, "up_to": up_to })),
    }
}
