//! `users` and `set_presence`: with whom this session may talk, and how its user is.

use serde_json::json;

use crate::{
    domain::{Principal, timestamp},
    hub::{
        presence::{Choice, Status},
        room::Doer,
    },
    protocol::{
        error::{Error, Result},
        people::{OwnStatus, SetPresence},
        result::Body,
    },
};

use super::{super::Context, Prepared, rooms::in_order};

/// Longest note beside a status, characters.
const MOST_TEXT: usize = 200;

/// The people this role may contact, and whether they are there.
pub(super) fn users(ctx: &Context, who: &Principal) -> Result<Prepared> {
    let contacts = ctx.accounts.contacts(who);
    let users: Vec<_> = contacts
        .into_iter()
        .map(|user| {
            let (status, last_seen) = ctx.presence.of(user.id);
            json!({
                "id": user.id,
                "username": user.username,
                "display_name": user.display_name,
                "role": user.role,
                "lang": user.lang,
                "status": status.as_str(),
                "last_seen": last_seen,
            })
        })
        .collect();
    Ok(Prepared::Now(Body::from_value(&json!({ "users": users }))))
}

pub(super) fn set_presence(ctx: &Context, doer: Doer, set: SetPresence) -> Result<Prepared> {
    let text = set.status_text.map(|text| text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty());
    if text
        .as_ref()
        .is_some_and(|text| text.chars().count() > MOST_TEXT || text.chars().any(char::is_control))
    {
        return Err(Error::invalid(
            "status_text is one line of at most 200 characters.",
        ));
    }
    let until_ms = match set.until.as_deref().map(timestamp::parse) {
        None => None,
        Some(Some(at)) if at > timestamp::now_ms() => Some(at),
        Some(_) => return Err(Error::invalid("until is a time to come, as RFC 3339 writes it.")),
    };
    let choice = Choice {
        status: match set.status {
            OwnStatus::Online => Status::Online,
            OwnStatus::Away => Status::Away,
            OwnStatus::Busy => Status::Busy,
        },
        text,
        until_ms,
    };
    let presence = ctx.presence.clone();
    Ok(in_order(Box::pin(async move {
        presence.choose(&doer.who, choice).await?;
        Ok(Body::empty())
    })))
}
