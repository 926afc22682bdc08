//! Calls: signalling between those who take part, an actor for each live call.
//!
//! What a call *is* stands in [`crate::domain::call`]; the actor carries it out: it passes frames on, tells everybody
//! how it stands, keeps the time, writes the record. No media goes through the hub. A call lives in memory: a hub that
//! starts again closes the records of those it had. An actor that panics ends its own call alone.
//!
//! Everybody else holds the [`CallsHandle`]. Users are reached through the feed, like with everything; guests, who
//! have no part in the feed, through the outbox of their one socket.
//!
//! | message | from | answer |
//! |---|---|---|
//! | [`messages::Perform`] | sessions, HTTP: one act of somebody | its result |
//! | [`messages::GuestJoins`] | HTTP: somebody with the code | his number and what his token is known by |
//! | [`messages::GuestArrives`] | a guest's session that begins | none, or that it may not |
//! | [`messages::Opened`], [`messages::Gone`] | sessions that begin and end, where they matter to the call | none |
//! | [`messages::Removed`] | rooms: a member is none any more | none |
//! | [`messages::Describe`] | HTTP | how the call stands |

mod actor;
mod frames;
mod guests;
mod handle;
mod ice;
mod messages;
mod perform;
mod record;
mod rooms;
mod shared;
mod tell;

pub use guests::{GuestPass, Joined};
pub use handle::{CallsHandle, Described, Link, Opened, Setup};

#[cfg(test)]
mod tests;
