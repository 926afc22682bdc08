//! Accounts change beside the rooms: whoever is shown in a room under another name or role, or is gone with his account,
//! makes that room another one for those who see it.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use tokio::sync::watch;

use super::{RoomsHandle, populate::emit};
use crate::{
    protocol::error::Result,
    store::{data::mirror::MirrorUser, hub::rooms},
};

/// Tells, as long as the hub runs, the rooms of everybody whose account changed in what others see of it.
pub async fn follow(handle: RoomsHandle, mut accounts: watch::Receiver<Arc<Vec<MirrorUser>>>) {
    let mut known = by_id(&accounts.borrow_and_update());
    let mut departed = handle.parts().ledger.read(rooms::last_departure).await.ok();
    while accounts.changed().await.is_ok() {
        let now = by_id(&accounts.borrow_and_update());
        let (others, gone): (Vec<i64>, Vec<i64>) = known
            .iter()
            .filter(|(id, face)| now.get(id) != Some(face))
            .map(|(id, _)| *id)
            .partition(|id| now.contains_key(id));
        match tell(&handle, others, gone, departed).await {
            Ok(up_to) => (known, departed) = (now, up_to),
            // They still differ from what is known: the next change tells them too.
            Err(error) => tracing::warn!(%error, "rooms could not be told of changed accounts"),
        }
    }
}

/// What a room shows of its members.
type Face = (String, String, String);

fn by_id(users: &[MirrorUser]) -> HashMap<i64, Face> {
    let face = |user: &MirrorUser| {
        (
            user.username.clone(),
            user.display_name.clone(),
            user.role.clone(),
        )
    };
    users.iter().map(|user| (user.id, face(user))).collect()
}

/// `room_updated` to the rooms that list one of the `others`, and to those that somebody left with his account since.
async fn tell(
    handle: &RoomsHandle,
    others: Vec<i64>,
    gone: Vec<i64>,
    since: Option<i64>,
) -> Result<Option<i64>> {
    let parts = handle.parts();
    let renderer = parts.renderer.clone();
    parts
        .ledger
        .write(move |tx| {
            let mut concerned = Vec::new();
            for user in &others {
                let listed = rooms::listing(tx.conn, *user)?;
                concerned.extend(listed.into_iter().map(|room| (room, *user)));
            }
            let mut up_to = since;
            // Who was in which is not known any more once an account is removed. (Where none was, the place stays: the
            // list that tells of a removal may come after this.)
            if let Some(user) = gone.first() {
                let last = rooms::last_departure(tx.conn)?;
                let left = rooms::left_since(tx.conn, since.unwrap_or(last))?;
                concerned.extend(left.into_iter().map(|room| (room, *user)));
                up_to = Some(last);
            }
            for (room, user) in concerned {
                let members: HashSet<i64> = rooms::member_ids(tx.conn, room.id)?.into_iter().collect();
                // These have a name of their own, or none: no language is needed.
                let seen = renderer.room(tx.conn, &room, "")?;
                emit(tx, &room, &seen, "updated", user, &Arc::new(members))?;
            }
            Ok(up_to)
        })
        .await
}
