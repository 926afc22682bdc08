//! The relay: one actor per network worker, which pushes published batches into the outboxes of that
//! worker's sessions. A batch crosses to a worker's thread once, however many sessions it has.
//!
//! A session is attached before it is sent anything: signals are kept for it until it was greeted, so that no count
//! and no presence falls between its first picture and the stream. When it joins it says up to where it has seen
//! everything. The relay takes it only when it has not itself gone past that place; otherwise the session reads the
//! difference from the logs and asks again. So nothing is lost and nothing comes twice between a replay and the live
//! stream.
//!
//! | message | from | answer |
//! |---|---|---|
//! | stream of `Arc<Published>` | the broker | none |
//! | [`messages::Attach`], [`messages::Greet`] | a session | none |
//! | [`messages::Join`] | a session | live, or how far the relay is |
//! | [`messages::Retune`] | a session (`subscribe`) | the place from which the new tables flow |
//! | [`messages::Leave`] | a session | none |

mod actor;
mod delivery;
mod handle;
mod member;
mod messages;

pub use actor::Relay;
pub use handle::{Attaching, Joining, RelayHandle};
pub use messages::{CatchUp, Joined};
