//! Request frames of what people do with each other (PROTOCOL section 3, "Requests").

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::{error::Result, request::fields};

#[derive(Debug, Clone, Deserialize)]
pub struct CreateRoom {
    pub name: String,
    #[serde(default, deserialize_with = "or_null")]
    pub members: Vec<i64>,
    #[serde(default, deserialize_with = "or_null")]
    pub open: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct OpenDirect {
    pub user_id: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct InRoom {
    pub room: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct OfMember {
    pub room: i64,
    pub user_id: i64,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    Text,
    Image,
    File,
    Audio,
}

/// How soon it is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    #[default]
    Normal,
    Important,
    /// Repeated until somebody acknowledges it.
    Urgent,
}

impl MessageKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Image => "image",
            Self::File => "file",
            Self::Audio => "audio",
        }
    }
}

impl Priority {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Important => "important",
            Self::Urgent => "urgent",
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct SendMessage {
    #[serde(default)]
    pub room: Option<i64>,
    /// A user, instead of a room.
    #[serde(default)]
    pub to: Option<i64>,
    pub kind: MessageKind,
    /// May be left out where there is a file.
    #[serde(default, deserialize_with = "or_null")]
    pub content: String,
    #[serde(default)]
    pub file: Option<i64>,
    #[serde(default)]
    pub context: Option<Map<String, Value>>,
    #[serde(default)]
    pub reply_to: Option<i64>,
    #[serde(default)]
    pub priority: Option<Priority>,
    #[serde(default)]
    pub needs_ack: Option<bool>,
    pub client_id: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct EditMessage {
    pub room: i64,
    pub message_id: i64,
    pub content: String,
}

#[derive(Debug, Clone, Deserialize)]
pub struct OfMessage {
    pub room: i64,
    pub message_id: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct React {
    pub room: i64,
    pub message_id: i64,
    pub emoji: String,
    #[serde(default = "yes")]
    pub on: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub struct History {
    pub room: i64,
    #[serde(default)]
    pub before: Option<i64>,
    #[serde(default)]
    pub after: Option<i64>,
    #[serde(default)]
    pub around: Option<i64>,
    #[serde(default)]
    pub limit: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SearchMessages {
    pub text: String,
    #[serde(default)]
    pub room: Option<i64>,
    #[serde(default)]
    pub limit: Option<i64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub struct ListRooms {
    /// Rooms to be passed over.
    #[serde(default)]
    pub offset: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Mark {
    pub room: i64,
    /// A seq.
    pub up_to: i64,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Typing {
    pub room: i64,
    pub on: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnStatus {
    Online,
    Away,
    Busy,
}

#[derive(Debug, Clone, Deserialize)]
pub struct SetPresence {
    pub status: OwnStatus,
    pub status_text: Option<String>,
    /// RFC 3339.
    pub until: Option<String>,
}

fn yes() -> bool {
    true
}

/// Null is as good as absent: many serialisers write it for what is not set.
fn or_null<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> std::result::Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A request about rooms and messages, parsed.
#[derive(Debug, Clone)]
pub enum People {
    CreateRoom(CreateRoom),
    OpenDirect(OpenDirect),
    JoinRoom(InRoom),
    LeaveRoom(InRoom),
    AddMember(OfMember),
    RemoveMember(OfMember),
    SendMessage(SendMessage),
    EditMessage(EditMessage),
    DeleteMessage(OfMessage),
    React(React),
    Acknowledge(OfMessage),
    History(History),
    SearchMessages(SearchMessages),
    MarkRead(Mark),
    MarkDelivered(Mark),
    Typing(Typing),
    SetPresence(SetPresence),
}

impl People {
    /// Reads a frame of this family; `None`: its `type` is of another.
    pub(super) fn parse(kind: &str, text: &str) -> Option<Result<Self>> {
        Some(match kind {
            "create_room" => fields(text).map(Self::CreateRoom),
            "open_direct" => fields(text).map(Self::OpenDirect),
            "join_room" => fields(text).map(Self::JoinRoom),
            "leave_room" => fields(text).map(Self::LeaveRoom),
            "add_member" => fields(text).map(Self::AddMember),
            "remove_member" => fields(text).map(Self::RemoveMember),
            "send_message" => fields(text).map(Self::SendMessage),
            "edit_message" => fields(text).map(Self::EditMessage),
            "delete_message" => fields(text).map(Self::DeleteMessage),
            "react" => fields(text).map(Self::React),
            "acknowledge" => fields(text).map(Self::Acknowledge),
            "history" => fields(text).map(Self::History),
            "search_messages" => fields(text).map(Self::SearchMessages),
            "mark_read" => fields(text).map(Self::MarkRead),
            "mark_delivered" => fields(text).map(Self::MarkDelivered),
            "typing" => fields(text).map(Self::Typing),
            "set_presence" => fields(text).map(Self::SetPresence),
            _ => return None,
        })
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::CreateRoom(_) => "create_room",
            Self::OpenDirect(_) => "open_direct",
            Self::JoinRoom(_) => "join_room",
            Self::LeaveRoom(_) => "leave_room",
            Self::AddMember(_) => "add_member",
            Self::RemoveMember(_) => "remove_member",
            Self::SendMessage(_) => "send_message",
            Self::EditMessage(_) => "edit_message",
            Self::DeleteMessage(_) => "delete_message",
            Self::React(_) => "react",
            Self::Acknowledge(_) => "acknowledge",
            Self::History(_) => "history",
            Self::SearchMessages(_) => "search_messages",
            Self::MarkRead(_) => "mark_read",
            Self::MarkDelivered(_) => "mark_delivered",
            Self::Typing(_) => "typing",
            Self::SetPresence(_) => "set_presence",
        }
    }
}
