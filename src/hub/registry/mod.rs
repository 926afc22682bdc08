//! The registry: which sessions are connected, for administrators, announcements and revocation.
//!
//! It acts on a session through its outbox (a frame, a close), never through its actor, so that a stuck
//! session cannot hold it up.
//!
//! | message | from | answer |
//! |---|---|---|
//! | [`messages::Register`], [`messages::Unregister`] | sessions | none |
//! | [`messages::List`], [`messages::SidOf`] | administrators' requests | the sessions |
//! | [`messages::Revoke`] | accounts | none |
//! | [`messages::Announce`] | administrators, backups | none |
//! | [`messages::CloseAll`] | shutdown | when every socket was told |

mod actor;
mod handle;
mod messages;

pub use actor::Registry;
pub use handle::{Connected, RegistryHandle, SessionInfo};
