//! `users`: with whom this session may talk.

use serde_json::json;

use crate::{
    domain::Principal,
    protocol::{error::Result, result::Body},
};

use super::{super::Context, Prepared};

/// The people this role may contact.
pub(super) fn users(ctx: &Context, who: &Principal) -> Result<Prepared> {
    let users = ctx.accounts.contacts(who);
    Ok(Prepared::Now(Body::from_value(&json!({ "users": users }))))
}
