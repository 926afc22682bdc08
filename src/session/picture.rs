//! How things stand for a user when his session begins: what `welcome` shows.

use std::sync::Arc;

use serde_json::{Value, value::RawValue};

use crate::{domain::Principal, protocol::error::Result};

use super::Context;

/// Taken on one snapshot of `hub.db`.
#[derive(Debug, Default)]
pub(super) struct Picture {
    /// The last event of people that it shows.
    pub hub: u64,
    pub rooms: Vec<Value>,
    pub rooms_truncated: bool,
    pub presence: Vec<Arc<RawValue>>,
    pub presence_truncated: bool,
    pub unread_notifications: u64,
}

pub(super) async fn take(ctx: &Context, who: &Principal) -> Result<Picture> {
    let (rooms, unread, hub) = ctx.rooms.picture(who).await?;
    ctx.ledger.saw(hub);
    let (presence, presence_truncated) = ctx.presence.picture(who);
    Ok(Picture {
        hub,
        rooms: rooms.rooms,
        rooms_truncated: rooms.truncated,
        unread_notifications: unread,
        presence,
        presence_truncated,
    })
}
