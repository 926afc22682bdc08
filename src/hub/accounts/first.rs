//! The first administrator of a hub, chosen on the set-up page instead of read from the console.
//!
//! The first start makes `admin` with a random password. Until somebody logs in with it, the set-up page may put
//! another account in its place; both ways lead in, whichever is taken first closes the other.

use super::{AccountsHandle, UserRecord, directory, jobs, rules};
use crate::{
    auth::password,
    domain::{Peer, Roles},
    protocol::error::Result,
    store::hub::{HubStore, settings, users::User},
};

/// What the set-up page decided. No `Debug`: it holds a password.
pub struct FirstAdministrator {
    pub username: String,
    pub display_name: Option<String>,
    pub password: String,
    pub lang: String,
    /// The first role that administers in the pack that will be served.
    pub role: String,
    /// The roles of that pack.
    pub roles: Roles,
    /// The pack inside the binary that is to be served from the next start on.
    pub pack: Option<String>,
    /// What else was decided, for the audit.
    pub detail: String,
}

/// The account that the set-up page may replace; `None`: the hub is set up.
pub fn setup_account(store: &HubStore) -> Result<Option<i64>> {
    let noted = store.read(|conn| settings::get(conn, settings::SETUP))?;
    Ok(noted.and_then(|id| id.parse().ok()))
}

/// Whether nobody ever used the account.
pub(super) fn is_untouched(user: &User) -> bool {
    user.active && user.must_change_password && user.last_login_at_ms.is_none()
}

impl AccountsHandle {
    /// Whether `account`, from [`setup_account`], is still to be replaced.
    pub fn is_untouched(&self, account: i64) -> bool {
        self.inner.directory.read().is_untouched(account)
    }

    /// Puts the first administrator in the place of the account that the first start made.
    ///
    /// # Errors
    /// `precondition_failed` where somebody logged in meanwhile; what is wrong with name or password.
    pub async fn set_up(&self, peer: Peer, first: FirstAdministrator) -> Result<UserRecord> {
        rules::check_username(&first.username)?;
        password::check_new(&first.password)?;
        let password_hash = self.hash(first.password.clone()).await?;
        let user = self
            .apply(jobs::SetUp {
                first,
                password_hash,
                address: rules::canonical(peer.address),
            })
            .await?;
        Ok(directory::record(&user))
    }
}
