//! Notifications: tells users, each with his own row and read state in `hub.db`, and shows them what they were told.
//!
//! What the pack's rules say is written into the business database with the change; the actor, the
//! [`Notifier`], copies it into `hub.db`, exactly once: the rows and the position up to which they were
//! copied are stored in one transaction of the ledger. It is woken by the writer after the COMMIT, so that a
//! notification is on its way within milliseconds. What a person tells others (`notify`), and what the hub tells by
//! itself, goes through the [`NotifierHandle`] that sessions and other actors hold.
//!
//! | message to the actor | from | effect |
//! |---|---|---|
//! | [`ShipNow`](messages::ShipNow) | the writer's wake-up or a second without, the handle | copies until nothing is left, then answers |
//! | [`Stop`](messages::Stop) | the handle | stops |

pub mod actor;
pub mod handle;
mod house;
pub mod messages;
mod tell;

pub use actor::Notifier;
pub use handle::NotifierHandle;
pub use tell::tell;
