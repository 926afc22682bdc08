//! Presence: who is there, with how many terminals, and how. One actor owns the board; what it shows is kept ready for
//! whoever begins a session. Everybody else holds the [`PresenceHandle`].
//!
//! Changes are told to contacts only: at most one frame a second, encoded once for all roles that may see the same
//! people. Who loses his connection stays for a grace, so that a reconnect is not seen.
//!
//! | message | from | answer |
//! |---|---|---|
//! | [`messages::Join`], [`messages::Leave`] | sessions | none |
//! | [`messages::Choose`] | `set_presence` | when it holds |
//! | [`messages::Save`] | shutdown | when the last times are stored |
//!
//! | file | duty |
//! |---|---|
//! | `board.rs` | who is there and how; pure, the time is handed in |
//! | `roster.rs` | what is shown of it, ready to be sent |
//! | `telling.rs` | frames of changes, once for each audience |

mod actor;
mod board;
mod handle;
mod messages;
mod roster;
mod telling;

pub use board::{Choice, Status};
pub use handle::{Activity, PresenceHandle, Setup};
