//! Notifications: their requests, and how one looks.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::value::RawValue;

/// One notification of a user, in a result and (with `type` and `cursor` before it) as an event.
#[derive(Debug, Clone, Serialize)]
pub struct Notification {
    pub id: i64,
    pub event: String,
    /// In the user's language, as `body` is.
    pub title: String,
    pub body: String,
    pub data: Option<Box<RawValue>>,
    /// How often it was told since it was read last.
    pub count: i64,
    /// When it was told last.
    pub created_at: String,
    pub read: bool,
}

/// The result of `notifications`.
#[derive(Debug, Serialize)]
pub struct NotificationList {
    /// Ascending by id.
    pub notifications: Vec<Notification>,
    pub unread: i64,
    /// Whether more lie in the direction that was asked for.
    pub has_more: bool,
}

/// `notifications`: the newest, or those after or before an id.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub struct ListNotifications {
    #[serde(default)]
    pub after: Option<i64>,
    #[serde(default)]
    pub before: Option<i64>,
    #[serde(default)]
    pub limit: Option<i64>,
}

/// Which to mark as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    All,
    These(Vec<i64>),
}

/// `mark_notifications_read`: `"ids":[…]`, `"ids":"all"` or `"all":true`.
#[derive(Debug, Clone)]
pub struct MarkRead(pub Which);

impl<'de> Deserialize<'de> for MarkRead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Ids {
            These(Vec<i64>),
            Word(String),
        }
        #[derive(Deserialize)]
        struct Fields {
            #[serde(default)]
            ids: Option<Ids>,
            #[serde(default)]
            all: Option<bool>,
        }
        let fields = Fields::deserialize(deserializer)?;
        match (fields.ids, fields.all) {
            (Some(Ids::These(ids)), None | Some(false)) => Ok(Self(Which::These(ids))),
            (Some(Ids::Word(word)), None | Some(true)) if word == "all" => Ok(Self(Which::All)),
            (None, Some(true)) => Ok(Self(Which::All)),
            _ => Err(D::Error::custom("ids is a list of ids or \"all\"")),
        }
    }
}

/// `notify`: exactly one of `to_user`, `to_role`, `to_room`.
#[derive(Debug, Clone, Deserialize)]
pub struct Notify {
    #[serde(default)]
    pub to_user: Option<i64>,
    #[serde(default)]
    pub to_role: Option<String>,
    #[serde(default)]
    pub to_room: Option<i64>,
    pub event: String,
    pub title: String,
    #[serde(default)]
    pub body: String,
    #[serde(default)]
    pub data: Option<Box<RawValue>>,
    #[serde(default)]
    pub dedup_key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_can_be_said_in_three_ways_and_nothing_is_not_all() {
        let read = |text: &str| serde_json::from_str::<MarkRead>(text).map(|MarkRead(which)| which);
        for all in [
            r#"{"ids":"all"}"#,
            r#"{"all":true}"#,
            r#"{"ids":"all","all":true}"#,
        ] {
            assert_eq!(read(all).unwrap(), Which::All);
        }
        assert_eq!(read(r#"{"ids":[1,2]}"#).unwrap(), Which::These(vec![1, 2]));
        for wrong in [
            "{}",
            r#"{"ids":"some"}"#,
            r#"{"ids":[1],"all":true}"#,
            r#"{"ids":["1"]}"#,
            r#"{"all":false}"#,
        ] {
            read(wrong).unwrap_err();
        }
    }
}
