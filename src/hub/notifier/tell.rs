//! Telling users, within a transaction of the ledger.

use bytes::Bytes;

use crate::{
    domain::{Recipients, hub_event::EventKind},
    executor::ledger::{Emit, Tx},
    protocol::notification::Notification,
    store::hub::{
        Error, Result,
        notifications::{self, News},
    },
};

/// A user who was told, and how many he has not read since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    pub user_id: i64,
    pub unread: i64,
}

/// Tells each of these users. Whoever is here hears it after the COMMIT, whoever is not finds it in the log. Hand what
/// this answers to [`super::NotifierHandle::show_unread`] once it is durable.
pub fn tell(tx: &mut Tx<'_>, user_ids: &[i64], news: &News<'_>) -> Result<Vec<Told>> {
    let mut told = Vec::with_capacity(user_ids.len());
    for &user_id in user_ids {
        let Some(notification) = notifications::tell(tx.conn, user_id, news)? else {
            continue;
        };
        tx.emit(Emit {
            kind: EventKind::Notification,
            to: Recipients::User(user_id),
            room_id: None,
            user_id: Some(user_id),
            subject_id: Some(notification.id),
            // Told again, it is replayed once: as it is now.
            slot: Some(format!("notification:{}", notification.id)),
            members: members(&notification)?,
        })?;
        told.push(Told {
            user_id,
            unread: notifications::unread(tx.conn, user_id)?,
        });
    }
    Ok(told)
}

/// The members of its frame after `type` and `cursor`.
fn members(notification: &Notification) -> Result<Bytes> {
    let text = serde_json::to_vec(notification).map_err(|_| Error::Malformed("notifications"))?;
    let end = text.len() - 1; // it is an object: at least its two braces
    Ok(Bytes::from(text).slice(1..end))
}
