//! Rooms and messages as they travel.

use std::{collections::HashMap, sync::Arc};

use serde_json::{Value, json};

use super::{Attachments, list::abridge};
use crate::{
    domain::{Roles, room::RoomKind, text::Text, timestamp::rfc3339},
    store::hub::{
        Connection, Result,
        messages::{self, Message},
        rooms::{self, Person, Room, Standing},
    },
};

/// Names shown with a count.
const MOST_NAMES: usize = 50;
/// Members listed with a room.
const MOST_MEMBERS: i64 = 100;

#[derive(Clone)]
pub struct Renderer {
    roles: Arc<Roles>,
    attachments: Arc<dyn Attachments>,
}

impl Renderer {
    pub fn new(roles: Arc<Roles>, attachments: Arc<dyn Attachments>) -> Self {
        Self { roles, attachments }
    }

    /// One message as it stands.
    pub fn message(&self, conn: &mut Connection, message: &Message) -> Result<Value> {
        let mut rendered = self.messages(conn, std::slice::from_ref(message))?;
        Ok(rendered.pop().unwrap_or(Value::Null))
    }

    /// A message that was just written: nobody has answered it yet.
    pub fn fresh(&self, conn: &mut Connection, message: &Message) -> Result<Value> {
        self.one(conn, message, &[], &[])
    }

    pub fn messages(&self, conn: &mut Connection, found: &[Message]) -> Result<Vec<Value>> {
        let ids: Vec<i64> = found.iter().map(|message| message.id).collect();
        let (reacted, acked) = messages::responses(conn, &ids)?;
        let mut reactions: HashMap<i64, Vec<(&str, Vec<&str>)>> = HashMap::new();
        for (message, emoji, username) in &reacted {
            let of_message = reactions.entry(*message).or_default();
            match of_message.iter_mut().find(|(known, _)| known == emoji) {
                Some((_, names)) => names.push(username),
                None => of_message.push((emoji, vec![username])),
            }
        }
        let mut acks: HashMap<i64, Vec<&str>> = HashMap::new();
        for (message, username) in &acked {
            acks.entry(*message).or_default().push(username);
        }
        found
            .iter()
            .map(|message| {
                let reactions = reactions.get(&message.id).map_or(&[][..], Vec::as_slice);
                let acks = acks.get(&message.id).map_or(&[][..], Vec::as_slice);
                self.one(conn, message, reactions, acks)
            })
            .collect()
    }

    fn one(
        &self,
        conn: &mut Connection,
        message: &Message,
        reactions: &[(&str, Vec<&str>)],
        acks: &[&str],
    ) -> Result<Value> {
        let file = match message.file_id {
            Some(id) => self.attachments.describe(conn, id)?,
            None => None,
        };
        let context: Option<Value> = message
            .context
            .as_deref()
            .and_then(|context| serde_json::from_str(context).ok());
        let reactions: Vec<Value> = reactions
            .iter()
            .map(|(emoji, names)| json!({ "emoji": emoji, "count": names.len(), "names": first(names) }))
            .collect();
        Ok(json!({
            "id": message.id,
            "room": message.room_id,
            "seq": message.seq,
            "version": message.version,
            "sender": {
                "id": message.sender_id,
                "username": message.sender_username,
                "display_name": message.sender_display_name,
                "role": message.sender_role,
            },
            "kind": message.kind,
            "content": message.content,
            "file": file,
            "context": context,
            "reply_to": message.reply_to,
            "priority": message.priority,
            "needs_ack": message.needs_ack,
            "acks": { "count": acks.len(), "names": first(acks) },
            "reactions": reactions,
            "client_id": message.client_id,
            "created_at": rfc3339(message.created_at_ms),
            "edited_at": message.edited_at_ms.map(rfc3339),
            "deleted": message.deleted_at_ms.is_some(),
        }))
    }

    /// What is the same of a room for all who are in it.
    pub fn room(&self, conn: &mut Connection, room: &Room, lang: &str) -> Result<Value> {
        let (people, count) = if room.kind().has_member_list() {
            (
                rooms::people(conn, room.id, MOST_MEMBERS)?,
                Some(rooms::member_count(conn, room.id)?),
            )
        } else {
            (Vec::new(), None)
        };
        Ok(json!({
            "id": room.id,
            "kind": room.kind,
            "name": self.name(room, lang),
            "role": room.role,
            "open": room.open,
            "created_by": room.created_by,
            "created_at": rfc3339(room.created_at_ms),
            "members": people.iter().map(person).collect::<Vec<_>>(),
            "member_count": count,
            "last_seq": room.last_seq,
        }))
    }

    pub(super) fn standing(&self, conn: &mut Connection, standing: &Standing, lang: &str) -> Result<Value> {
        let room = &standing.room;
        let last = messages::at(conn, room.id, room.last_seq)?;
        let last = match last {
            Some(last) => {
                let mut last = self.message(conn, &last)?;
                abridge(&mut last);
                last
            }
            None => Value::Null,
        };
        let mut value = self.room(conn, room, lang)?;
        value["joined"] = true.into();
        value["last_message"] = last;
        value["read_up_to"] = standing.read_up_to.into();
        value["unread"] = standing.unread().into();
        value["mentions"] = standing.mentions.into();
        Ok(value)
    }

    fn name<'a>(&'a self, room: &'a Room, lang: &str) -> Option<&'a str> {
        match room.kind() {
            RoomKind::Everyone => Some(match lang {
                "fr" => "Tous",
                "ar" => "الجميع",
                _ => "Everyone",
            }),
            RoomKind::Role => room.role.as_deref().map(|role| {
                let title = self.roles.get(role).map(|role| &role.title);
                title
                    .map(|title| Text::in_lang(title, lang))
                    .filter(|title| !title.is_empty())
                    .unwrap_or(role)
            }),
            _ => room.name.as_deref(),
        }
    }
}

fn person(person: &Person) -> Value {
    json!({
        "user_id": person.user_id,
        "username": person.username,
        "display_name": person.display_name,
        "role": person.role,
        "read_up_to": person.read_up_to.unwrap_or(0),
    })
}

fn first<'a>(names: &'a [&'a str]) -> &'a [&'a str] {
    &names[..names.len().min(MOST_NAMES)]
}
