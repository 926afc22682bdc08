//! Rooms and messages in the older service's words, and back. Pure.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::protocol::{Error, error::Result};

/// `texte` is the old word for `text`; the other kinds have the same name.
const OLD_TEXT: &str = "texte";

/// `POST …/conversations`. Other members are not looked at.
#[derive(Debug, Default, Deserialize)]
pub struct NewConversation {
    /// `private` or `group`; without it, a group where there is a name or more than one participant.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    nom: Option<String>,
    #[serde(default)]
    participant_id: Option<i64>,
    #[serde(default)]
    participants: Vec<i64>,
}

/// `POST …/messages`. Other members are not looked at; of `metadata` neither, but for what the hub has a use for.
#[derive(Debug, Deserialize)]
pub struct NewMessage {
    #[serde(default)]
    contenu: String,
    #[serde(default)]
    type_message: Option<String>,
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
    #[serde(default)]
    file_id: Option<i64>,
    #[serde(default)]
    reply_to: Option<i64>,
    #[serde(default)]
    client_id: Option<String>,
}

/// `POST …/read`
#[derive(Debug, Default, Deserialize)]
pub struct ReadMark {
    /// The `seq` of a message.
    #[serde(default)]
    pub up_to: Option<i64>,
}

impl NewConversation {
    /// The request that opens it.
    pub fn frame(&self) -> Result<Value> {
        let people: Vec<i64> = self
            .participant_id
            .iter()
            .chain(&self.participants)
            .copied()
            .collect();
        let is_group = match self.kind.as_deref() {
            Some("private") => false,
            Some("group") => true,
            None => self.nom.is_some() || people.len() > 1,
            Some(_) => return Err(Error::invalid("type is private or group.")),
        };
        match (is_group, people.as_slice()) {
            (true, people) => {
                Ok(json!({ "type": "create_room", "name": self.nom, "members": people, "open": false }))
            }
            (false, [other]) => Ok(json!({ "type": "open_direct", "user_id": other })),
            (false, _) => Err(Error::invalid("A private conversation has one participant_id.")),
        }
    }
}

impl NewMessage {
    /// The request that sends it. `key`: the `Idempotency-Key`.
    pub fn frame(&self, room: i64, key: Option<String>) -> Result<Value> {
        let kind = match self.type_message.as_deref() {
            None | Some(OLD_TEXT | "text") => "text",
            Some(kind @ ("image" | "file" | "audio")) => kind,
            Some(_) => return Err(Error::invalid("type_message is texte, image, file or audio.")),
        };
        let metadata = |name: &str| self.metadata.as_ref().and_then(|members| members.get(name));
        let client_id = key
            .or_else(|| self.client_id.clone())
            .or_else(|| metadata("client_id")?.as_str().map(str::to_owned))
            .map_or_else(Uuid::new_v4, |given| uuid_of(&given));
        let mut frame = json!({
            "type": "send_message", "room": room, "kind": kind, "content": self.contenu, "client_id": client_id
        });
        let file = self.file_id.map(Value::from);
        let reply_to = self.reply_to.map(Value::from);
        let taken = [
            ("file", file.as_ref().or_else(|| metadata("file_id"))),
            ("reply_to", reply_to.as_ref().or_else(|| metadata("reply_to"))),
            ("context", metadata("context")),
            ("priority", metadata("priority")),
        ];
        for (name, value) in taken {
            if let Some(value) = value.filter(|value| !value.is_null()) {
                frame[name] = value.clone();
            }
        }
        Ok(frame)
    }
}

/// `client_id` is a UUID; any other key of a caller's becomes the same one each time.
fn uuid_of(key: &str) -> Uuid {
    Uuid::parse_str(key).unwrap_or_else(|_| {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&Sha256::digest(key)[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    })
}

/// A room as a conversation.
pub fn conversation(room: &Value) -> Value {
    let participants: Vec<Value> = room["members"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|member| {
            json!({ "id": member["user_id"], "type": member["role"], "nom": member["display_name"] })
        })
        .collect();
    let last = &room["last_message"];
    json!({
        "id": room["id"],
        "type": if room["kind"] == "direct" { "private" } else { "group" },
        "nom": room["name"],
        "participants": participants,
        "dernier_message": if last.is_null() { Value::Null } else { message(last) },
        "last_seq": room["last_seq"],
        "non_lus": room["unread"],
        "created_at": room["created_at"]
    })
}

/// A message with the old names. What it has more than the old service knew stands in `metadata`.
pub fn message(message: &Value) -> Value {
    let sender = &message["sender"];
    let kind = match message["kind"].as_str() {
        Some("text") => OLD_TEXT,
        Some(other) => other,
        None => "",
    };
    json!({
        "id": message["id"],
        "seq": message["seq"],
        "contenu": message["content"],
        "type_message": kind,
        "expediteur_id": sender["id"],
        "conversation_id": message["room"],
        "timestamp": message["created_at"],
        "created_at": message["created_at"],
        "sender": { "id": sender["id"], "type": sender["role"], "nom": sender["display_name"] },
        "metadata": {
            "timestamp": message["created_at"],
            "sender_id": sender["id"],
            "conversation_id": message["room"],
            "client_id": message["client_id"],
            "file": message["file"],
            "context": message["context"],
            "reply_to": message["reply_to"],
            "priority": message["priority"],
            "edited_at": message["edited_at"],
            "deleted": message["deleted"]
        }
    })
}

/// The answer to a read mark.
pub fn read(answered: &Value) -> Value {
    json!({
        "conversation_id": answered["room"],
        "up_to": answered["up_to"],
        "non_lus": answered["unread"],
        "mentions": answered["mentions"]
    })
}

/// The place of a room's last message; 0 where there is none.
pub fn last_seq(room: &Value) -> i64 {
    room["last_seq"].as_i64().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_message(body: Value) -> NewMessage {
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn a_message_keeps_its_content_under_the_old_names() {
        let shown = message(&json!({
            "id": 789, "room": 456, "seq": 3, "version": 1,
            "sender": { "id": 123, "username": "dupont", "display_name": "Dr. Dupont", "role": "medecin" },
            "kind": "text", "content": "Bonjour", "file": null, "created_at": "2024-01-15T10:30:00.000Z",
            "client_id": "c", "deleted": false
        }));
        assert_eq!(shown["contenu"], "Bonjour");
        assert_eq!(shown["type_message"], "texte");
        assert_eq!(
            (&shown["expediteur_id"], &shown["conversation_id"]),
            (&json!(123), &json!(456))
        );
        assert_eq!(shown["timestamp"], shown["created_at"]);
        assert_eq!(
            shown["sender"],
            json!({ "id": 123, "type": "medecin", "nom": "Dr. Dupont" })
        );
        assert_eq!(shown["metadata"]["sender_id"], 123);
        for kind in ["image", "file", "audio"] {
            assert_eq!(message(&json!({ "kind": kind }))["type_message"], kind);
        }
    }

    #[test]
    fn identities_in_a_body_go_nowhere() {
        let body = json!({
            "contenu": "Bonjour", "type_message": "texte", "expediteur_id": 1, "sender": { "id": 1 }, "room": 9,
            "metadata": { "sender_id": 1, "conversation_id": 9, "timestamp": "2001-01-01T00:00:00Z" }
        });
        let frame = new_message(body).frame(456, None).unwrap();
        let mut members: Vec<&str> = frame.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        assert_eq!(members, ["client_id", "content", "kind", "room", "type"]);
        assert_eq!((&frame["room"], &frame["kind"]), (&json!(456), &json!("text")));
    }

    #[test]
    fn a_retry_has_the_same_client_id_whatever_the_key_looks_like() {
        let message = new_message(json!({ "contenu": "a" }));
        let id = |key: Option<&str>| {
            message.frame(1, key.map(str::to_owned)).unwrap()["client_id"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(id(Some("my key")), id(Some("my key")));
        assert_ne!(id(Some("my key")), id(Some("another")));
        assert_ne!(id(None), id(None));
        let uuid = "7d0ab55c-64ab-4bd8-9cd8-2a5e1c1f0a11";
        assert_eq!(id(Some(uuid)), uuid);
        let own = new_message(json!({ "contenu": "a", "metadata": { "client_id": uuid } }));
        assert_eq!(own.frame(1, None).unwrap()["client_id"], uuid);
    }

    #[test]
    fn what_the_hub_has_a_use_for_is_taken_from_the_metadata() {
        let body = json!({
            "contenu": "", "type_message": "audio", "file_id": 4,
            "metadata": { "context": { "type": "patient", "id": 7 }, "reply_to": 3, "priority": null }
        });
        let frame = new_message(body).frame(1, None).unwrap();
        assert_eq!((&frame["file"], &frame["reply_to"]), (&json!(4), &json!(3)));
        assert_eq!(frame["context"]["id"], 7);
        assert!(frame.get("priority").is_none());
        assert!(
            new_message(json!({ "type_message": "video" }))
                .frame(1, None)
                .is_err()
        );
    }

    #[test]
    fn a_conversation_is_private_or_a_group() {
        let frame = |body: Value| serde_json::from_value::<NewConversation>(body).unwrap().frame();
        assert_eq!(
            frame(json!({ "participant_id": 5 })).unwrap(),
            json!({ "type": "open_direct", "user_id": 5 })
        );
        assert_eq!(
            frame(json!({ "type": "private", "participants": [5] })).unwrap()["user_id"],
            5
        );
        let group = frame(json!({ "nom": "Garde", "participants": [5, 6] })).unwrap();
        assert_eq!(
            (&group["type"], &group["members"]),
            (&json!("create_room"), &json!([5, 6]))
        );
        for bad in [
            json!({}),
            json!({ "type": "private", "participants": [5, 6] }),
            json!({ "type": "x" }),
        ] {
            assert!(frame(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_room_is_shown_as_a_conversation() {
        let shown = conversation(&json!({
            "id": 12, "kind": "direct", "name": null, "last_seq": 41, "unread": 2, "created_at": "t",
            "members": [{ "user_id": 3, "username": "awa", "display_name": "Awa", "role": "medecin" }],
            "last_message": null
        }));
        assert_eq!(
            (&shown["type"], &shown["non_lus"]),
            (&json!("private"), &json!(2))
        );
        assert_eq!(
            shown["participants"],
            json!([{ "id": 3, "type": "medecin", "nom": "Awa" }])
        );
        assert_eq!(shown["dernier_message"], Value::Null);
        let role = conversation(
            &json!({ "kind": "role", "members": [], "last_message": { "kind": "text", "content": "x" } }),
        );
        assert_eq!(
            (&role["type"], &role["dernier_message"]["contenu"]),
            (&json!("group"), &json!("x"))
        );
    }
}
