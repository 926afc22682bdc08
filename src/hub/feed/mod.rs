//! The feed: the one place that puts committed changes in order on their way to the sockets.
//!
//! It owns nothing but the order. The executor's writer hands it commits through a bounded channel (so a
//! hub that cannot keep up slows its writers instead of growing), and it publishes them through the broker.
//!
//! | message | from | answer |
//! |---|---|---|
//! | stream of `Vec<Arc<Commit>>` | the executor's writer, through [`FeedHandle::committed`] | none |

mod actor;
pub mod batch;
pub mod encode;
mod handle;

pub use actor::Feed;
pub use batch::Batch;
pub use handle::FeedHandle;
