//! What others hold of the accounts.

use std::{net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{Peer, Principal, Roles},
    protocol::{error::Result, event::UserInfo},
};

/// The answer to a login or refresh (PROTOCOL section 2).
#[derive(Debug, Clone, Serialize)]
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

#[derive(Debug, Clone, Deserialize)]
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

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    pub display_name: Option<String>,
    pub role: Option<String>,
    pub password: Option<String>,
    pub lang: Option<String>,
    pub active: Option<bool>,
}

/// A registered terminal: counts as a client even on the hub's own machine.
#[derive(Debug, Clone, Serialize)]
pub struct TerminalRecord {
    pub name: String,
    pub address: String,
    pub created_at: String,
}

#[derive(Clone)]
pub struct AccountsHandle {}

impl AccountsHandle {
    /// Everything the hub must know of the machine at `address`.
    pub fn peer(&self, _address: IpAddr) -> Peer {
        unimplemented!()
    }

    pub async fn login(
        &self,
        _username: String,
        _password: String,
        _peer: Peer,
        _user_agent: String,
    ) -> Result<Grant> {
        unimplemented!()
    }

    pub async fn refresh(&self, _refresh_token: String, _peer: Peer) -> Result<Grant> {
        unimplemented!()
    }

    pub async fn logout(&self, _who: &Principal, _peer: Peer) -> Result<()> {
        unimplemented!()
    }

    /// Verifies an access token and looks its login session up; from memory. Answers the principal and
    /// the token's expiry in milliseconds since 1970. Does not check `login_from`.
    pub fn authenticate(&self, _token: &str) -> Result<(Principal, i64)> {
        unimplemented!()
    }

    /// `login_not_allowed_here` unless the role may be used from there (lifted by `auth.login_from_anywhere`).
    pub fn check_place(&self, _who: &Principal, _peer: Peer) -> Result<()> {
        unimplemented!()
    }

    /// The principal of a login session as it is now; `None` where it ended.
    pub fn current(&self, _sid: Uuid) -> Option<Principal> {
        unimplemented!()
    }

    pub async fn change_password(
        &self,
        _who: &Principal,
        _peer: Peer,
        _current: String,
        _new: String,
    ) -> Result<()> {
        unimplemented!()
    }

    pub async fn my_sessions(&self, _who: &Principal) -> Result<Vec<LoginSession>> {
        unimplemented!()
    }

    /// Ends one of the caller's own login sessions; `not_found` where it is not his.
    pub async fn end_my_session(&self, _who: &Principal, _peer: Peer, _sid: Uuid) -> Result<()> {
        unimplemented!()
    }

    /// Ends any login session, for administrators: its sockets close with 4403.
    pub async fn disconnect(&self, _by: &Principal, _peer: Peer, _sid: Uuid) -> Result<()> {
        unimplemented!()
    }

    pub async fn users(&self) -> Result<Vec<UserRecord>> {
        unimplemented!()
    }

    pub async fn create_user(&self, _by: &Principal, _peer: Peer, _user: NewUser) -> Result<UserRecord> {
        unimplemented!()
    }

    pub async fn update_user(
        &self,
        _by: &Principal,
        _peer: Peer,
        _id: i64,
        _patch: UserPatch,
    ) -> Result<UserRecord> {
        unimplemented!()
    }

    pub async fn terminals(&self) -> Result<Vec<TerminalRecord>> {
        unimplemented!()
    }

    pub async fn add_terminal(
        &self,
        _by: &Principal,
        _peer: Peer,
        _name: String,
        _address: Option<IpAddr>,
    ) -> Result<TerminalRecord> {
        unimplemented!()
    }

    pub async fn remove_terminal(&self, _by: &Principal, _peer: Peer, _name: String) -> Result<()> {
        unimplemented!()
    }

    pub fn roles(&self) -> Arc<Roles> {
        unimplemented!()
    }

    /// The users that this user of this role may contact, itself excluded.
    pub fn contacts(&self, _user_id: i64, _role: &crate::domain::Role) -> Vec<UserInfo> {
        unimplemented!()
    }
}
