//! Messages of the registry.

use std::sync::Arc;

use actix::prelude::*;
use bytes::Bytes;
use uuid::Uuid;

use crate::hub::accounts::Revoked;

use super::handle::{Connected, SessionInfo};

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Register(pub Arc<Connected>);

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Unregister(pub Uuid);

#[derive(Message)]
#[rtype(result = "Vec<SessionInfo>")]
pub(super) struct List;

#[derive(Message)]
#[rtype(result = "Option<Uuid>")]
pub(super) struct SidOf(pub Uuid);

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Revoke(pub Revoked);

/// Whom a finished frame is for.
#[derive(Clone, Copy)]
pub(super) enum To {
    Everybody,
    Administrators,
    Session(Uuid),
}

/// A finished frame for those connected.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Announce {
    pub frame: Bytes,
    pub to: To,
}

#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct CloseAll;
