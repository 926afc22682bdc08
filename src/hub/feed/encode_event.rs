//! A durable event of people as one frame. Its cursor depends on the rights of the role that gets it.

use bytes::Bytes;

use crate::{
    domain::{Cursor, HubEvent},
    protocol::frame,
};

/// `{"type":…,"cursor":…,<members>}`.
pub fn hub_event(event: &HubEvent, cursor: Cursor) -> Bytes {
    frame::text_with(event.members.len() + 128, |out| {
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(event.kind.as_bytes());
        out.extend_from_slice(b"\",\"cursor\":\"");
        out.extend_from_slice(cursor.to_string().as_bytes());
        out.extend_from_slice(b"\",");
        out.extend_from_slice(&event.members);
        out.push(b'}');
    })
}
