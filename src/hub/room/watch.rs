//! The watch: urgent messages that nobody acknowledged are repeated and then handed to the role they were meant for,
//! messages past their time are forgotten, and rooms are told of the
//! calls that were in them.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use serde_json::json;

use super::{
    Doer, Draft, RoomsHandle,
    awake::PATIENCE,
    messages::{Forget, Post},
    traces,
};
use crate::{
    domain::{Principal, room::RoomKind, text::Text, timestamp},
    hub::notifier::{NotifierHandle, handle::Posting},
    protocol::{
        error::Result,
        people::{MessageKind, Priority},
    },
    store::hub::{
        messages::{self, Message},
        retention, rooms,
        urgent::{self, Watched},
    },
};

const EVERY: Duration = Duration::from_secs(1);
/// Urgent messages looked at in one round.
const MOST_DUE: i64 = 100;
/// Messages forgotten in one round: nobody is to wait for it.
const FORGOTTEN_AT_ONCE: i64 = 500;
/// The first words of a message, for a notification.
const MOST_SHOWN: usize = 200;

/// Keeps the watch as long as the hub runs.
pub async fn keep(rooms: RoomsHandle, notifier: NotifierHandle) {
    let mut tick = tokio::time::interval(EVERY);
    loop {
        tick.tick().await;
        if let Err(error) = round(&rooms, &notifier).await {
            tracing::warn!(%error, "urgent messages could not be looked at; it is tried again");
        }
        if let Err(error) = traces::round(&rooms).await {
            tracing::warn!(%error, "the rooms of calls could not be told; it is tried again");
        }
        if let Err(error) = forget(&rooms).await {
            tracing::warn!(%error, "messages past their time could not be forgotten; it is tried again");
        }
    }
}

async fn round(rooms: &RoomsHandle, notifier: &NotifierHandle) -> Result<()> {
    let ledger = &rooms.parts().ledger;
    let now_ms = timestamp::now_ms();
    let due = ledger
        .read(move |conn| urgent::due(conn, now_ms, MOST_DUE))
        .await?;
    for watched in due {
        if let Err(error) = one(rooms, notifier, &watched).await {
            tracing::warn!(%error, message = watched.message_id, "an urgent message could not be repeated");
        }
    }
    Ok(())
}

async fn one(rooms: &RoomsHandle, notifier: &NotifierHandle, watched: &Watched) -> Result<()> {
    let (parts, id) = (rooms.parts(), watched.message_id);
    let found = parts
        .ledger
        .read(move |conn| Ok((messages::by_id(conn, id)?, messages::acked_by(conn, id)?)))
        .await?;
    let (Some(message), acked) = found else {
        return Ok(());
    };
    let mut waiting = rooms.members(None, watched.room_id).await?;
    waiting.retain(|user| *user != message.sender_id && !acked.contains(user));
    let last = watched.repeats >= i64::from(parts.messages.urgent_repeats);
    if last {
        hand_on(rooms, notifier, &message, &waiting).await?;
    } else {
        notifier
            .post(waiting, posting(&message, "urgent_message", wanted()))
            .await?;
    }
    let next_at_ms = timestamp::now_ms() + parts.messages.repeat_ms();
    parts
        .ledger
        .write(move |tx| match last {
            true => urgent::forget(tx.conn, id),
            false => urgent::repeated(tx.conn, id, next_at_ms),
        })
        .await
}

/// To everybody of the roles of those who did not answer: in the room of the role, or where it has none, by a
/// notification. Never to external roles: what staff write is not for all patients.
async fn hand_on(
    rooms: &RoomsHandle,
    notifier: &NotifierHandle,
    message: &Message,
    waiting: &[i64],
) -> Result<()> {
    let parts = rooms.parts();
    let roles = parts.accounts.roles();
    let wanted: BTreeSet<_> = waiting
        .iter()
        .filter_map(|user| parts.accounts.role_of(*user))
        .collect();
    for role in wanted
        .iter()
        .filter_map(|name| roles.get(name))
        .filter(|role| !role.external)
    {
        let key = format!("role:{}", role.name);
        let room = parts.ledger.read(move |conn| rooms::by_key(conn, &key)).await?;
        match (room, roles.get(&message.sender_role)) {
            (Some(room), Some(sender_role)) if room.kind() == RoomKind::Role => {
                let who = Principal {
                    user_id: message.sender_id,
                    username: message.sender_username.as_str().into(),
                    display_name: message.sender_display_name.as_str().into(),
                    lang: "fr".into(),
                    role: sender_role.clone(),
                    sid: uuid::Uuid::nil(),
                    must_change_password: false,
                };
                let draft = handed_on(message, &role.name);
                rooms
                    .post_for(
                        Doer { who, session: None },
                        room.id,
                        draft,
                        vec![message.sender_id],
                    )
                    .await?;
            }
            _ => {
                let users = parts.accounts.users_in(|other| other.name == role.name);
                notifier
                    .post(
                        users,
                        posting(message, "urgent_message_escalated", shown(message)),
                    )
                    .await?;
            }
        }
    }
    Ok(())
}

fn handed_on(message: &Message, role: &str) -> Draft {
    let context = json!({ "type": "escalated", "id": message.id.to_string(), "room": message.room_id });
    Draft {
        kind: MessageKind::Text,
        content: if message.content.is_empty() {
            "⚠".into()
        } else {
            message.content.clone()
        },
        file: None,
        context: context.as_object().cloned(),
        reply_to: None,
        // Not urgent again: it is not repeated for ever.
        priority: Priority::Important,
        needs_ack: true,
        client_id: format!("escalated:{}:{role}", message.id),
    }
}

/// Without the words: a notification stays with whoever leaves the room, and when the message is deleted.
fn wanted() -> Text {
    Text {
        fr: Some("Attend votre confirmation de lecture.".into()),
        en: Some("Waits for you to acknowledge it.".into()),
        ar: Some("تنتظر تأكيدك بالاستلام.".into()),
    }
}

/// With the words, for those who are not in the room and are to act in place of those who are.
fn shown(message: &Message) -> Text {
    Text::plain(message.content.chars().take(MOST_SHOWN).collect::<String>())
}

fn posting(message: &Message, event: &str, body: Text) -> Posting {
    let name = &message.sender_display_name;
    Posting {
        event: event.into(),
        title: Text {
            fr: Some(format!("Urgent : {name}")),
            en: Some(format!("Urgent: {name}")),
            ar: Some(format!("عاجل: {name}")),
        },
        body,
        data: Some(json!({ "room": message.room_id, "message_id": message.id }).to_string()),
        dedup_key: Some(format!("urgent:{}", message.id)),
    }
}

async fn forget(rooms: &RoomsHandle) -> Result<()> {
    let parts = rooms.parts();
    let usual_s = i64::try_from(parts.messages.retention_s).unwrap_or(i64::MAX);
    let now_ms = timestamp::now_ms();
    let past = parts
        .ledger
        .read(move |conn| retention::past(conn, now_ms, usual_s, FORGOTTEN_AT_ONCE))
        .await?;
    if past.is_empty() {
        return Ok(());
    }
    let forgotten = past.clone();
    parts
        .ledger
        .write(move |tx| retention::forget(tx.conn, &past))
        .await?;
    for (room, up_to) in forgotten {
        if let Some(room) = rooms.if_awake(room).await {
            let told = room.send(Forget { up_to });
            let _ = tokio::time::timeout(PATIENCE, told).await; // one that sleeps reads it when it wakes
        }
    }
    Ok(())
}

impl RoomsHandle {
    /// Writes for somebody who need not be in the room. `nothing_new_to`: who has read it where he had read what was
    /// before.
    pub(super) async fn post_for(
        &self,
        doer: Doer,
        room: i64,
        draft: Draft,
        nothing_new_to: Vec<i64>,
    ) -> Result<()> {
        let draft = Arc::new(draft);
        let nothing_new_to: Arc<[i64]> = nothing_new_to.into();
        let message = || Post {
            doer: doer.clone(),
            draft: draft.clone(),
            by_hub: Some(nothing_new_to.clone()),
        };
        self.ask(room, message).await.map(drop)
    }
}
