//! Request frames (PROTOCOL section 3). A frame is `{"type", "id", …}`; exactly one answer each.

use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    call::CallFrame,
    error::{Error, Result},
    notification::{ListNotifications, MarkRead, Notify},
    people::{ListRooms, People},
    value::Params,
};

/// What a statement is; must equal what it really is where the client names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Select,
    Insert,
    Update,
    Delete,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Query {
    pub query: String,
    #[serde(default)]
    pub params: Params,
    #[serde(default, alias = "type_")]
    pub kind: Option<Kind>,
    #[serde(default)]
    pub expect_affected: Option<u64>,
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct BatchStatement {
    pub query: String,
    #[serde(default)]
    pub params: Params,
    #[serde(default)]
    pub expect_affected: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Batch {
    pub statements: Vec<BatchStatement>,
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Rpc {
    pub function: String,
    /// JSON arguments, by position (array) or name (object); typed by the function's parameters.
    #[serde(default)]
    pub args: Value,
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// `tables: […]` or `"*"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableSet {
    All,
    Only(Vec<String>),
}

impl<'de> Deserialize<'de> for TableSet {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(s) if s == "*" => Ok(Self::All),
            Value::Array(items) => items
                .into_iter()
                .map(|item| match item {
                    Value::String(s) => Ok(s),
                    _ => Err(serde::de::Error::custom("tables holds names")),
                })
                .collect::<std::result::Result<_, _>>()
                .map(Self::Only),
            _ => Err(serde::de::Error::custom("tables is a list of names or \"*\"")),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
pub struct Subscribe {
    pub tables: TableSet,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Renew {
    pub token: String,
}

/// A request, parsed.
#[derive(Debug, Clone)]
pub enum Request {
    Ping,
    Renew(Renew),
    Query(Query),
    Batch(Batch),
    Rpc(Rpc),
    Subscribe(Subscribe),
    Rooms(ListRooms),
    Users,
    People(People),
    Notifications(ListNotifications),
    MarkNotificationsRead(MarkRead),
    Notify(Notify),
    Call(CallFrame),
}

impl Request {
    /// The frame's `type`, for spans, metrics and the audit.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Renew(_) => "renew",
            Self::Query(_) => "query",
            Self::Batch(_) => "batch",
            Self::Rpc(_) => "rpc",
            Self::Subscribe(_) => "subscribe",
            Self::Rooms(_) => "rooms",
            Self::Users => "users",
            Self::People(people) => people.name(),
            Self::Notifications(_) => "notifications",
            Self::MarkNotificationsRead(_) => "mark_notifications_read",
            Self::Notify(_) => "notify",
            Self::Call(frame) => frame.name(),
        }
    }
}

/// A frame: its `id` (a string or an integer, echoed in the answer) and its request or its error.
#[derive(Debug)]
pub struct Frame {
    pub id: Option<Value>,
    pub request: Result<Request>,
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

impl Frame {
    /// Reads one frame. Never fails: what is wrong with the frame is in `request`.
    pub fn parse(text: &str) -> Self {
        let not_an_object = || Error::invalid("The frame is not a JSON object.");
        // serde would take an array for the members in their order.
        let head = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|cause| not_an_object().caused_by(cause))
        } else {
            Err(not_an_object())
        };
        let head: Head<'_> = match head {
            Ok(head) => head,
            Err(error) => {
                return Self {
                    id: None,
                    request: Err(error),
                };
            }
        };
        let id = match head.id.map(|raw| serde_json::from_str::<Value>(raw.get())) {
            Some(Ok(id @ Value::String(_))) => Some(id),
            Some(Ok(Value::Number(n))) if n.is_i64() || n.is_u64() => Some(Value::Number(n)),
            None => {
                return Self {
                    id: None,
                    request: Err(Error::invalid("The frame has no id.")),
                };
            }
            Some(_) => {
                return Self {
                    id: None,
                    request: Err(Error::invalid("id is a string or an integer.")),
                };
            }
        };
        let kind: Option<String> = head.kind.and_then(|raw| serde_json::from_str(raw.get()).ok());
        let request = match kind.as_deref() {
            None => Err(Error::invalid("type is missing or not a string.")),
            Some("query") => fields(text).map(Request::Query),
            Some("batch") => fields(text).map(Request::Batch),
            Some("rpc") => fields(text).map(Request::Rpc),
            Some("ping") => Ok(Request::Ping),
            Some("renew") => fields(text).map(Request::Renew),
            Some("subscribe") => fields(text).map(Request::Subscribe),
            Some("rooms") => fields(text).map(Request::Rooms),
            Some("users") => Ok(Request::Users),
            Some("notifications") => fields(text).map(Request::Notifications),
            Some("mark_notifications_read") => fields(text).map(Request::MarkNotificationsRead),
            Some("notify") => fields(text).map(Request::Notify),
            Some(other) if let Some(people) = People::parse(other, text) => people.map(Request::People),
            Some(kind) if let Some(frame) = CallFrame::parse(kind, text) => frame.map(Request::Call),
            Some(_) => Err(Error::invalid("This frame type is not known.")),
        };
        Self { id, request }
    }
}

pub(super) fn fields<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(invalid_field)
}

/// What serde says of a field is a fixed vocabulary over names the caller sent.
pub fn invalid_field(cause: serde_json::Error) -> Error {
    let mut said = cause.to_string();
    if let Some(at) = said.rfind(" at line ") {
        said.truncate(at);
    }
    said.truncate(said.char_indices().nth(200).map_or(said.len(), |(at, _)| at));
    Error::invalid(format!("A field is missing or mistyped: {said}."))
}
