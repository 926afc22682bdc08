//! The feed: the one place that puts what was committed in order on its way to the sockets.
//!
//! It owns nothing but the order: the position in both logs that every event's cursor is made of. Both writers
//! hand it their groups through a bounded channel (so a hub that cannot keep up slows its writers instead of
//! growing), and it publishes them through the broker.
//!
//! | message | from | answer |
//! |---|---|---|
//! | stream of commits | the executor's writer, through [`FeedHandle::committed`] | none |
//! | stream of events, and counts | the ledger, through [`FeedHandle::posted`] | none |
//! | stream of counts | rooms, through [`FeedHandle::counts`] | none |
//! | stream of signals | rooms, presence, calls, through [`FeedHandle::signals`] | none |

mod actor;
pub mod batch;
pub mod encode;
mod encode_event;
mod handle;

pub use actor::Feed;
pub use batch::{Batch, Posts, Published};
pub use encode_event::hub_event;
pub use handle::{FeedHandle, channel};
