//! Who may be here: accounts and login sessions, kept in memory, re-read when `hub.db` changes from any side.
//!
//! Owns the accounts, login sessions and terminals of `hub.db` and their picture in memory, the
//! [`directory`](directory::Directory). Everybody may hold the [`AccountsHandle`]; questions are answered from
//! memory, changes go to one `SyncActor` thread, and failed logins never reach it.
//!
//! | message | from | effect |
//! |---|---|---|
//! | [`Apply`](messages::Apply) of a [job](jobs) | the handle | one write transaction, audited in it; then memory; then the callbacks |
//! | [`Poll`](messages::Poll) | the handle's timer, 4 a second | changes by other processes, expired logins, own addresses |

mod actor;
mod first;
mod jobs;
mod login;
mod logins;

pub mod acts;
pub mod directory;
pub mod handle;
pub mod messages;
pub mod records;
pub mod role_set;
pub mod rules;
pub mod setup;

use crate::executor::MirrorUser;

pub use first::{FirstAdministrator, setup_account};
pub use handle::{AccountsHandle, Setup};
pub use records::{Grant, LoginSession, NewUser, Revoked, TerminalRecord, UserPatch, UserRecord};
pub use setup::{InitialAdministrator, ensure_administrator, ensure_demo_users, mirror};

/// Who is told of changes. Called on the actor's thread after the change is durable and in memory: must
/// not block and not wait for this handle.
pub struct Callbacks {
    /// Login sessions whose sockets must close: they ended, or their user has another role now.
    pub revoked: Box<dyn Fn(Revoked) + Send + Sync>,
    /// All accounts, whenever one changed in what the business database mirrors.
    pub users_changed: Box<dyn Fn(Vec<MirrorUser>) + Send + Sync>,
}
