//! Telling users, within a transaction of the ledger.

use bytes::Bytes;
use serde_json::json;

use crate::{
    domain::{About, Recipients, hub_event::EventKind},
    executor::ledger::{Emit, Tx},
    protocol::{frame, notification::Notification},
    store::hub::{
        Error, Result,
        notifications::{self, News},
    },
};

/// Tells each of these users; answers how many there were. Whoever is here hears it after the COMMIT, and how many he
/// has not read since; whoever is not finds it in the log.
pub fn tell(tx: &mut Tx<'_>, user_ids: &[i64], news: &News<'_>) -> Result<usize> {
    let mut told = 0;
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
        show_unread(tx, user_id)?;
        told += 1;
    }
    Ok(told)
}

/// How many a user has not read after this work: shown on all of his sockets, and answered.
pub(super) fn show_unread(tx: &mut Tx<'_>, user_id: i64) -> Result<i64> {
    let unread = notifications::unread(tx.conn, user_id)?;
    let shown = json!({ "type": "unread", "notifications": unread }).to_string();
    let frame = frame::text(shown.as_bytes());
    tx.signal(
        ("notifications", user_id),
        About::UnreadNotifications,
        Recipients::User(user_id),
        frame,
    );
    Ok(unread)
}

/// The members of its frame after `type` and `cursor`.
fn members(notification: &Notification) -> Result<Bytes> {
    let text = serde_json::to_vec(notification).map_err(|_| Error::Malformed("notifications"))?;
    let end = text.len() - 1; // it is an object: at least its two braces
    Ok(Bytes::from(text).slice(1..end))
}
