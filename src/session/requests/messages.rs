//! What is written in rooms: sending, changing, reading, finding.

use serde_json::{Value, json};

use crate::{
    hub::room::{Doer, Draft, Revision, Target},
    protocol::{
        error::{Code, Error, Result},
        people::{History, Mark, MessageKind, Priority, React, SearchMessages, SendMessage},
        result::Body,
    },
    store::hub::messages::Window,
};

use super::{
    super::{Context, lanes::Lane},
    Prepared,
    rooms::in_order,
};

/// The text of a message, bytes.
const MOST_CONTENT: usize = 64 * 1024;
/// What a message is about, bytes of JSON.
const MOST_CONTEXT: usize = 4 * 1024;
/// What is searched for, bytes.
const MOST_SEARCHED: usize = 1024;
const MOST_CLIENT_ID: usize = 64;
const MOST_EMOJI: usize = 32;
/// Messages in one answer.
const MOST_MESSAGES: i64 = 200;
const USUAL_MESSAGES: i64 = 50;

pub(super) fn send(ctx: &Context, doer: Doer, send: SendMessage) -> Result<Prepared> {
    let to = match (send.room, send.to) {
        (Some(room), None) => Target::Room(room),
        (None, Some(user)) => Target::User(user),
        _ => return Err(Error::invalid("A message has either room or to.")),
    };
    let draft = draft(send)?;
    let rooms = ctx.rooms.clone();
    Ok(in_order(Box::pin(async move {
        let posted = rooms.send(doer, to, draft).await?;
        let mut answer = json!({ "message": posted.message });
        if posted.duplicate {
            answer["duplicate"] = true.into();
        }
        Ok(Body::from_value(&answer))
    })))
}

/// How the `client_id` begins of what the hub writes in somebody's name: nobody else can write that.
const OF_THE_HUB: [&str; 2] = ["call:", "escalated:"];

/// Checks the form of a message.
pub fn draft(send: SendMessage) -> Result<Draft> {
    let is_text = send.kind == MessageKind::Text;
    if is_text != send.file.is_none() {
        return Err(Error::invalid("A text has no file; every other kind has one."));
    }
    if is_text && send.content.trim().is_empty() {
        return Err(Error::invalid("A text message is not empty."));
    }
    check_content(&send.content)?;
    if send.client_id.is_empty() || send.client_id.len() > MOST_CLIENT_ID {
        return Err(Error::invalid("client_id has 1 to 64 characters."));
    }
    if OF_THE_HUB.iter().any(|own| send.client_id.starts_with(own)) {
        return Err(Error::invalid("This client_id is the hub's own; make a UUID."));
    }
    let context_bytes = send
        .context
        .as_ref()
        .map_or(0, |context| json!(context).to_string().len());
    if context_bytes > MOST_CONTEXT {
        return Err(Error::of(Code::PayloadTooLarge).with("limit", "context"));
    }
    let priority = send.priority.unwrap_or_default();
    Ok(Draft {
        kind: send.kind,
        content: send.content,
        file: send.file,
        context: send.context,
        reply_to: send.reply_to,
        priority,
        // What is repeated until it is acknowledged is to be acknowledged.
        needs_ack: send.needs_ack.unwrap_or(false) || priority == Priority::Urgent,
        client_id: send.client_id,
    })
}

fn check_content(content: &str) -> Result<()> {
    if content.len() > MOST_CONTENT {
        return Err(Error::of(Code::PayloadTooLarge).with("limit", "content"));
    }
    Ok(())
}

pub(super) fn edit(ctx: &Context, doer: Doer, room: i64, id: i64, content: String) -> Result<Prepared> {
    check_content(&content)?;
    Ok(revise(ctx, doer, room, id, Revision::Edit(content)))
}

pub(super) fn react(ctx: &Context, doer: Doer, react: React) -> Result<Prepared> {
    let emoji = react.emoji;
    if emoji.is_empty()
        || emoji.len() > MOST_EMOJI
        || emoji.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return Err(Error::invalid("emoji is one emoji."));
    }
    let revision = Revision::React { emoji, on: react.on };
    Ok(revise(ctx, doer, react.room, react.message_id, revision))
}

pub(super) fn revise(ctx: &Context, doer: Doer, room: i64, id: i64, revision: Revision) -> Prepared {
    let rooms = ctx.rooms.clone();
    in_order(Box::pin(async move {
        let message = rooms.revise(doer, room, id, revision).await?;
        Ok(Body::from_value(&json!({ "message": message })))
    }))
}

pub(super) fn mark(ctx: &Context, doer: Doer, mark: Mark, read: bool) -> Result<Prepared> {
    if mark.up_to < 0 {
        return Err(Error::invalid("up_to is a seq."));
    }
    let rooms = ctx.rooms.clone();
    Ok(in_order(Box::pin(async move {
        Ok(Body::from_value(
            &rooms.mark(doer, mark.room, mark.up_to, read).await?,
        ))
    })))
}

pub(super) fn history(ctx: &Context, doer: Doer, history: History) -> Result<Prepared> {
    let window = match (history.before, history.after, history.around) {
        (None, None, None) => Window::Latest,
        (Some(seq), None, None) => Window::Before(seq),
        (None, Some(seq), None) => Window::After(seq),
        (None, None, Some(seq)) => Window::Around(seq),
        _ => return Err(Error::invalid("Only one of before, after and around.")),
    };
    let limit = limit(history.limit)?;
    let (rooms, most_bytes) = (ctx.rooms.clone(), ctx.limits.max_result_bytes);
    Ok(read(async move {
        let (mut messages, has_more) = rooms.history(&doer.who, history.room, window, limit).await?;
        let cut = keep_within(&mut messages, most_bytes, matches!(window, Window::After(_)));
        Ok(json!({ "messages": messages, "has_more": has_more || cut }))
    }))
}

pub(super) fn search(ctx: &Context, doer: Doer, search: SearchMessages) -> Result<Prepared> {
    if search.text.len() > MOST_SEARCHED {
        return Err(Error::of(Code::PayloadTooLarge).with("limit", "text"));
    }
    let limit = limit(search.limit)?;
    let (rooms, most_bytes) = (ctx.rooms.clone(), ctx.limits.max_result_bytes);
    Ok(read(async move {
        let mut found = rooms.search(&doer.who, search.text, search.room, limit).await?;
        keep_within(&mut found, most_bytes, true);
        Ok(json!({ "messages": found }))
    }))
}

/// Ends a list at the last whole message within the limit, from its beginning or its end; whether any was left out.
fn keep_within(messages: &mut Vec<Value>, most_bytes: usize, first: bool) -> bool {
    if !first {
        messages.reverse();
    }
    let mut bytes = 0;
    let fit = messages
        .iter()
        .take_while(|message| {
            bytes += message.to_string().len() + 1;
            bytes <= most_bytes
        })
        .count();
    // One alone is always sent: it was let in.
    let cut = fit.max(1) < messages.len();
    messages.truncate(fit.max(1));
    if !first {
        messages.reverse();
    }
    cut
}

fn read(answer: impl Future<Output = Result<Value>> + Send + 'static) -> Prepared {
    Prepared::Later {
        lane: Lane::Read,
        answer: Box::pin(async move { Ok(Body::from_value(&answer.await?)) }),
    }
}

/// How many, at most as many as fit in one answer.
fn limit(asked: Option<i64>) -> Result<i64> {
    match asked.unwrap_or(USUAL_MESSAGES) {
        1.. => Ok(asked.unwrap_or(USUAL_MESSAGES).min(MOST_MESSAGES)),
        _ => Err(Error::invalid("limit is at least 1.")),
    }
}
