//! Who a session or request acts as.

use std::sync::Arc;

use uuid::Uuid;

use super::role::Role;

/// An authenticated user of one login session, with the role as it is now.
#[derive(Debug, Clone)]
pub struct Principal {
    pub user_id: i64,
    pub username: Arc<str>,
    pub display_name: Arc<str>,
    pub lang: Arc<str>,
    pub role: Arc<Role>,
    /// The login session: what is revoked.
    pub sid: Uuid,
    /// May only set a new password until that is done.
    pub must_change_password: bool,
}
