//! The relay: one actor per network worker, which pushes published batches into the outboxes of that
//! worker's sessions. A batch crosses to a worker's thread once, however many sessions it has.
//!
//! A session that joins says up to which commit it has seen everything. The relay takes it only when it has
//! not itself gone past that commit; otherwise the session reads the difference from the log and asks again.
//! So nothing is lost and nothing comes twice between a replay and the live stream.
//!
//! | message | from | answer |
//! |---|---|---|
//! | stream of `Arc<Batch>` | the broker | none |
//! | [`messages::Join`] | a session | live, or how far the relay is |
//! | [`messages::Retune`] | a session (`subscribe`) | the commit from which the new tables flow |
//! | [`messages::Leave`] | a session | none |

mod actor;
mod handle;
mod messages;

pub use actor::Relay;
pub use handle::{Joining, RelayHandle};
pub use messages::{CatchUp, Joined};
