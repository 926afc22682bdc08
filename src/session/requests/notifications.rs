//! `notifications`, `mark_notifications_read`, `notify`.

use serde_json::json;

use crate::{
    domain::{Principal, text::Text},
    hub::{
        accounts::role_set,
        notifier::handle::{Audience, Posting},
    },
    protocol::{
        error::{Code, Error, Result},
        notification::{ListNotifications, MarkRead, Notify},
        result::Body,
    },
};

use super::{
    super::{Context, lanes::Lane},
    Prepared,
};

/// Longest of each, characters; `data` in bytes.
const MAX_EVENT: usize = 100;
const MAX_TITLE: usize = 300;
const MAX_BODY: usize = 4_000;
const MAX_KEY: usize = 500;
const MAX_DATA: usize = 64 << 10;

pub(super) fn list(ctx: &Context, who: &Principal, asked: ListNotifications) -> Result<Prepared> {
    let (notifier, who) = (ctx.notifier.clone(), who.clone());
    Ok(Prepared::Look {
        lane: Lane::Read,
        look: Box::new(move || {
            let (notifier, who) = (notifier.clone(), who.clone());
            Box::pin(async move {
                let list = notifier.list(&who, asked).await?;
                let text = serde_json::to_vec(&list).map_err(Error::internal)?;
                Ok(Body(text.into()))
            })
        }),
    })
}

pub(super) fn mark_read(ctx: &Context, who: &Principal, MarkRead(which): MarkRead) -> Result<Prepared> {
    let (notifier, who) = (ctx.notifier.clone(), who.clone());
    Ok(Prepared::Later {
        lane: Lane::Alone,
        answer: Box::pin(async move {
            let unread = notifier.mark_read(&who, which).await?;
            Ok(Body::from_value(&json!({ "unread": unread })))
        }),
    })
}

pub(super) fn notify(ctx: &Context, who: &Principal, notify: Notify) -> Result<Prepared> {
    if !who.role.notify {
        return Err(Error::of(Code::Forbidden));
    }
    let to = audience(ctx, who, &notify)?;
    let posting = posting(who, notify)?;
    let (notifier, who) = (ctx.notifier.clone(), who.clone());
    Ok(Prepared::Later {
        lane: Lane::Alone,
        answer: Box::pin(async move {
            let notified = notifier.notify(&who, to, posting).await?;
            Ok(Body::from_value(&json!({ "notified": notified })))
        }),
    })
}

/// Whom he means, where he may write to them.
fn audience(ctx: &Context, who: &Principal, notify: &Notify) -> Result<Audience> {
    match (notify.to_user, &notify.to_role, notify.to_room) {
        (Some(id), None, None) => {
            if id != who.user_id {
                ctx.accounts.check_contact(who, id)?;
            }
            Ok(Audience::User(id))
        }
        (None, Some(name), None) => {
            let roles = ctx.accounts.roles();
            let role = roles.get(name).ok_or_else(|| Error::of(Code::NotFound))?;
            if role_set::may_contact(&who.role, role) {
                Ok(Audience::Role(name.clone()))
            } else {
                Err(Error::of(Code::Forbidden))
            }
        }
        (None, None, Some(id)) => Ok(Audience::Room(id)),
        _ => Err(Error::invalid(
            "Exactly one of to_user, to_role and to_room is needed.",
        )),
    }
}

fn posting(who: &Principal, notify: Notify) -> Result<Posting> {
    within("event", &notify.event, MAX_EVENT)?;
    within("title", &notify.title, MAX_TITLE)?;
    within("body", &notify.body, MAX_BODY)?;
    within("dedup_key", notify.dedup_key.as_deref().unwrap_or(""), MAX_KEY)?;
    if notify.event.trim().is_empty() || notify.title.trim().is_empty() {
        return Err(Error::invalid("event and title are not empty."));
    }
    let data = match notify.data {
        None => None,
        Some(data) if data.get().len() > MAX_DATA => return Err(too_large("data")),
        Some(data) if data.get().starts_with('{') => Some(data.get().to_owned()),
        Some(_) => return Err(Error::invalid("data is an object.")),
    };
    Ok(Posting {
        event: notify.event,
        title: Text::plain(notify.title),
        body: Text::plain(notify.body),
        data,
        // His own: nobody replaces what another said.
        dedup_key: notify.dedup_key.map(|key| format!("user:{}:{key}", who.user_id)),
    })
}

fn within(limit: &'static str, text: &str, most: usize) -> Result<()> {
    if text.chars().count() > most {
        return Err(too_large(limit));
    }
    Ok(())
}

fn too_large(limit: &'static str) -> Error {
    Error::of(Code::PayloadTooLarge).with("limit", limit)
}
