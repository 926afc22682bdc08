//! What goes in and out of the accounts.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::protocol::event::UserInfo;

/// The answer to a login or refresh (PROTOCOL section 2).
///
/// No `Debug`: it holds tokens.
#[derive(Clone, Serialize)]
pub struct Grant {
    pub token: String,
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
    pub refresh_token: String,
    pub user: UserInfo,
    /// The account must set a new password before anything else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub password_change_required: bool,
}

/// A login session as its user and administrators see it.
#[derive(Debug, Clone, Serialize)]
pub struct LoginSession {
    pub id: Uuid,
    pub address: String,
    pub user_agent: String,
    pub created_at: String,
    pub last_used_at: String,
    /// Whether it is the one asking.
    pub current: bool,
}

/// Login sessions that ended: their sockets close with 4401 (or 4403 where an administrator disconnected them).
#[derive(Debug, Clone)]
pub struct Revoked {
    pub sids: Vec<Uuid>,
    pub by_administrator: bool,
}

/// An account as administrators see it.
#[derive(Debug, Clone, Serialize)]
pub struct UserRecord {
    pub id: i64,
    pub username: String,
    pub display_name: String,
    pub role: String,
    pub lang: String,
    pub active: bool,
    pub must_change_password: bool,
    pub created_at: String,
    pub last_login_at: Option<String>,
}

/// An account to be made. No `Debug`: it holds a password.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    pub username: String,
    pub display_name: Option<String>,
    pub role: String,
    pub password: String,
    pub lang: Option<String>,
    #[serde(default)]
    pub must_change_password: bool,
}

/// What to change of an account. No `Debug`: it may hold a password.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    pub display_name: Option<String>,
    pub role: Option<String>,
    pub password: Option<String>,
    pub lang: Option<String>,
    pub active: Option<bool>,
    /// Whether the account must set a new password first; a password set here is otherwise taken as its own.
    pub must_change_password: Option<bool>,
}

/// A registered terminal: counts as a client even on the hub's own machine.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalRecord {
    pub name: String,
    pub address: String,
    pub created_at: String,
}
