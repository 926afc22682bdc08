//! What is shown of the board: each user's entry as finished JSON, by which his role decides who gets it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::{json, value::RawValue};

use super::board::{Seen, Status, Who};
use crate::domain::{Role, timestamp::rfc3339};

/// One user as others see him.
#[derive(Debug, Clone)]
pub struct Entry {
    pub username: Arc<str>,
    pub role: Arc<Role>,
    pub seen: Seen,
    pub json: Arc<RawValue>,
}

/// Everybody who is not offline, and when the others were last seen.
#[derive(Debug, Default)]
pub struct Roster {
    pub online: BTreeMap<i64, Entry>,
    /// Milliseconds since 1970.
    pub last_seen: HashMap<i64, i64>,
}

impl Entry {
    pub fn new(who: &Who, seen: Seen, last_seen_ms: Option<i64>) -> Option<Self> {
        let mut object = json!({
            "user_id": who.user_id,
            "username": &*who.username,
            "role": &*who.role.name,
            "status": seen.status.as_str(),
            "status_text": seen.text,
            "connections": seen.connections,
            "last_seen": last_seen_ms.map(rfc3339),
        });
        if let Some(until_ms) = seen.until_ms {
            object["until"] = rfc3339(until_ms).into();
        }
        Some(Self {
            username: Arc::clone(&who.username),
            role: Arc::clone(&who.role),
            seen,
            json: RawValue::from_string(object.to_string()).ok()?.into(),
        })
    }

    /// Somebody who is not there.
    pub fn offline(who: &Who, last_seen_ms: Option<i64>) -> Option<Self> {
        let seen = Seen {
            status: Status::Offline,
            text: None,
            until_ms: None,
            connections: 0,
        };
        Self::new(who, seen, last_seen_ms)
    }
}
