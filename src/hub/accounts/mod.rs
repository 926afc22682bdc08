//! Who may be here: accounts and login sessions, kept in memory, re-read when `hub.db` changes from any side.

pub mod handle;

pub use handle::{
    AccountsHandle, Grant, LoginSession, NewUser, Revoked, TerminalRecord, UserPatch, UserRecord,
};
