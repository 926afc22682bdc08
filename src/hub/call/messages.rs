//! Messages of a call.

use std::sync::Arc;

use actix::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    domain::call::{Number, Person, Socket},
    hub::outbox::Outbox,
    protocol::{call::Act, error::Result},
};

/// Who does something.
#[derive(Debug, Clone)]
pub enum Party {
    User {
        person: Person,
        /// `None`: over HTTP.
        socket: Option<Socket>,
    },
    Guest {
        number: Number,
        socket: Socket,
    },
}

impl Party {
    pub fn socket(&self) -> Option<Uuid> {
        match self {
            Self::User { socket, .. } => socket.map(|s| s.id),
            Self::Guest { socket, .. } => Some(socket.id),
        }
    }
}

/// One act of somebody.
#[derive(Message)]
#[rtype(result = "Result<Value>")]
pub(super) struct Perform {
    pub party: Party,
    pub act: Act,
}

/// Somebody gave the right code. Answers his number; `login` is what his token will be known by.
#[derive(Message)]
#[rtype(result = "Result<Number>")]
pub(super) struct GuestJoins {
    pub name: Arc<str>,
    pub login: Uuid,
}

/// A guest's socket opened.
#[derive(Message)]
#[rtype(result = "Result<()>")]
pub(super) struct GuestArrives {
    pub number: Number,
    pub socket: Socket,
    pub outbox: Arc<Outbox>,
}

/// A user whom the call waits for opened a socket.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Opened {
    pub user: i64,
    pub socket: Socket,
    /// Its client can ask on it.
    pub may_sit: bool,
}

/// A socket is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Gone(pub Uuid);

/// The room no longer has this user.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Removed(pub i64);

/// How the call stands, as this user sees it.
#[derive(Message)]
#[rtype(result = "Value")]
pub(super) struct Describe {
    pub user: i64,
}
