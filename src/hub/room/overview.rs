//! The rooms as administrators see them: who and how much, never what.

use serde::Serialize;

use super::RoomsHandle;
use crate::{
    domain::{Roles, room::RoomKind, timestamp::rfc3339},
    hub::accounts::UserRecord,
    protocol::error::Result,
    store::hub::rooms_overview::{self, Overview},
};

/// The most rooms of one list.
const MOST: i64 = 500;

/// A room without anything that was written in it.
#[derive(Debug, Serialize)]
pub struct RoomRecord {
    pub id: i64,
    pub kind: String,
    pub name: Option<String>,
    pub role: Option<String>,
    pub open: bool,
    /// Of a direct room: the two.
    pub usernames: Vec<String>,
    pub member_count: usize,
    /// Messages ever sent.
    pub messages: i64,
    pub created_at: String,
    pub last_message_at: Option<String>,
}

impl RoomsHandle {
    /// The rooms that were used last, the latest first, and how many there are in all.
    pub async fn overview(&self) -> Result<(Vec<RoomRecord>, i64)> {
        let users = self.parts.accounts.users().await?;
        let roles = self.parts.accounts.roles();
        let read = self
            .parts
            .ledger
            .read(|conn| rooms_overview::overview(conn, MOST));
        let (rooms, all) = read.await?;
        let records = rooms
            .into_iter()
            .map(|room| record(room, &users, &roles))
            .collect();
        Ok((records, all))
    }
}

fn record(found: Overview, users: &[UserRecord], roles: &Roles) -> RoomRecord {
    let room = found.room;
    let kind = room.kind();
    let active = users.iter().filter(|user| user.active);
    let member_count = match kind {
        RoomKind::Role => active
            .filter(|user| Some(&user.role) == room.role.as_ref())
            .count(),
        RoomKind::Everyone => active
            .filter(|user| roles.get(&user.role).is_some_and(|role| !role.external))
            .count(),
        _ => usize::try_from(found.member_count).unwrap_or(0),
    };
    let usernames = found.names.as_deref().unwrap_or_default();
    RoomRecord {
        id: room.id,
        kind: room.kind,
        name: room.name,
        role: room.role,
        open: room.open,
        usernames: usernames.lines().map(str::to_owned).collect(),
        member_count,
        messages: room.last_seq,
        created_at: rfc3339(room.created_at_ms),
        last_message_at: found.last_at_ms.map(rfc3339),
    }
}
