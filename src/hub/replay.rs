//! A logged event as it is shown again: not as it was, but as what it is about stands now.

use serde_json::{Value, json};

use super::room::{Renderer, members_of_frame};
use crate::{
    domain::{HubEvent, Recipients, hub_event::EventKind},
    store::hub::{
        Connection, Error, Result,
        events::{Logged, Viewer},
        messages, notifications, receipts, rooms,
    },
};

/// The event for one user; `None` where there is nothing to show any more.
pub fn again(
    conn: &mut Connection,
    renderer: &Renderer,
    viewer: &Viewer,
    lang: &str,
    logged: &Logged,
) -> Result<Option<HubEvent>> {
    let members = match logged.kind {
        EventKind::NewMessage | EventKind::MessageUpdated => message(conn, renderer, logged)?,
        EventKind::MessageRead => read(conn, logged)?,
        EventKind::RoomUpdated => room(conn, renderer, viewer, lang, logged)?,
        EventKind::Notification => notification(conn, viewer, logged)?,
    };
    Ok(members.map(|members| HubEvent {
        n: logged.n,
        to: Recipients::User(viewer.user_id),
        kind: logged.kind.as_str(),
        members: members_of_frame(&members),
    }))
}

fn message(conn: &mut Connection, renderer: &Renderer, logged: &Logged) -> Result<Option<Value>> {
    let found = match logged.subject_id {
        Some(id) => messages::by_id(conn, id)?,
        None => None,
    };
    let Some(message) = found else { return Ok(None) };
    let shown = renderer.message(conn, &message)?;
    Ok(Some(json!({ "room": message.room_id, "message": shown })))
}

fn read(conn: &mut Connection, logged: &Logged) -> Result<Option<Value>> {
    let (Some(room), Some(user)) = (logged.room_id, logged.subject_id) else {
        return Ok(None);
    };
    let up_to = receipts::of(conn, room, user)?;
    Ok(up_to.map(|up_to| json!({ "room": room, "user_id": user, "up_to": up_to })))
}

fn notification(conn: &mut Connection, viewer: &Viewer, logged: &Logged) -> Result<Option<Value>> {
    let found = match logged.subject_id {
        Some(id) => notifications::get(conn, viewer.user_id, id)?,
        None => None,
    };
    found
        .map(|found| serde_json::to_value(found).map_err(|_| Error::Malformed("notifications")))
        .transpose()
}

/// Whoever is in the room sees how it is now; whoever is not, that he is not.
fn room(
    conn: &mut Connection,
    renderer: &Renderer,
    viewer: &Viewer,
    lang: &str,
    logged: &Logged,
) -> Result<Option<Value>> {
    let Some(room) = logged
        .room_id
        .map(|id| rooms::by_id(conn, id))
        .transpose()?
        .flatten()
    else {
        return Ok(None);
    };
    Ok(Some(if rooms::is_in(conn, viewer, &room)? {
        let seen = renderer.room(conn, &room, lang)?;
        json!({ "room": seen, "change": "updated", "user_id": logged.subject_id })
    } else {
        let seen = json!({ "id": room.id, "kind": room.kind, "name": room.name });
        json!({ "room": seen, "change": "removed", "user_id": viewer.user_id })
    }))
}
