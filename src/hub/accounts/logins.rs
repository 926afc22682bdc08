//! The login sessions of others, for administrators.

use super::{AccountsHandle, LoginSession, acts};
use crate::{
    domain::{Principal, timestamp::rfc3339},
    protocol::error::Result,
};

impl AccountsHandle {
    /// The login sessions of an account, the last used first. `who` asks: his own is marked as current.
    ///
    /// # Errors
    /// `not_found` where there is no such account.
    pub fn logins_of_user(&self, who: &Principal, user_id: i64) -> Result<Vec<LoginSession>> {
        let directory = self.inner.directory.read();
        directory.user(user_id).ok_or_else(acts::no_such_user)?;
        let mut logins: Vec<_> = directory.logins_of(user_id).collect();
        logins.sort_by_key(|login| std::cmp::Reverse(login.last_used_at_ms));
        Ok(logins
            .into_iter()
            .map(|login| LoginSession {
                id: login.sid,
                address: login.address.clone(),
                user_agent: login.user_agent.clone(),
                created_at: rfc3339(login.created_at_ms),
                last_used_at: rfc3339(login.last_used_at_ms),
                current: login.sid == who.sid,
            })
            .collect())
    }
}
