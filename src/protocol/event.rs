//! Event frames (PROTOCOL section 3, "Events") that are small and rare enough for serde.
//! `data_change` is written by `hub::feed`, once per audience.

use serde::Serialize;
use uuid::Uuid;

/// A user as others may see it.
#[derive(Debug, Clone, Serialize)]
pub struct UserInfo {
    pub id: i64,
    pub username: String,
    pub display_name: String,
    pub role: String,
    pub lang: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct ServerInfo {
    pub name: &'static str,
    pub version: &'static str,
}

#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    pub max_frame_bytes: usize,
    pub max_result_bytes: usize,
    pub max_rows: usize,
    pub requests_per_second: u32,
    pub burst: u32,
    pub pipeline: usize,
}

/// The first frame of every socket and stream.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "welcome")]
pub struct Welcome {
    pub session: Uuid,
    pub user: UserInfo,
    pub epoch: Uuid,
    pub cursor: String,
    pub commit: u64,
    pub at: String,
    pub heartbeat_ms: u64,
    pub server: ServerInfo,
    pub limits: Limits,
    pub rooms: Vec<serde_json::Value>,
    /// Whether there are rooms that `rooms` does not name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub rooms_truncated: bool,
    pub presence: Vec<std::sync::Arc<serde_json::value::RawValue>>,
    /// Whether more contacts are online than `presence` names.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub presence_truncated: bool,
    pub unread_notifications: u64,
}

/// A guest of a call: no account.
#[derive(Debug, Clone, Serialize)]
pub struct GuestInfo {
    pub id: Option<i64>,
    pub username: &'static str,
    pub display_name: String,
    pub role: &'static str,
    pub lang: &'static str,
}

/// The first frame of a guest's socket: the members of every `welcome`, without anything of the house, and his seat.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename = "welcome")]
pub struct GuestWelcome {
    pub session: Uuid,
    pub user: GuestInfo,
    pub epoch: Uuid,
    /// Empty: there is nothing to resume.
    pub cursor: &'static str,
    pub commit: u64,
    pub at: String,
    pub heartbeat_ms: u64,
    pub server: ServerInfo,
    pub limits: Limits,
    pub rooms: [serde_json::Value; 0],
    pub presence: [serde_json::Value; 0],
    pub unread_notifications: u64,
    pub call_id: i64,
    pub participant: u32,
}

#[derive(Debug, Clone, Copy, Serialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ResyncReason {
    Expired,
    Unknown,
    Rights,
}

/// Events with few members.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Event {
    CaughtUp {
        cursor: String,
        replayed: u64,
    },
    Resync {
        reason: ResyncReason,
        cursor: String,
    },
    Cursor {
        cursor: String,
    },
    Pong {
        id: serde_json::Value,
        at: String,
        cursor: String,
    },
    SystemMessage {
        level: String,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<String>,
    },
}
