//! Messages of a room's actor, and what they carry.

use std::sync::Arc;

use actix::prelude::*;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Doer, tally::Counts};
use crate::protocol::{
    error::Result,
    people::{MessageKind, Priority},
};

/// A message to be written, checked in its form.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Draft {
    pub kind: MessageKind,
    pub content: String,
    pub file: Option<i64>,
    pub context: Option<Map<String, Value>>,
    pub reply_to: Option<i64>,
    pub priority: Priority,
    pub needs_ack: bool,
    /// Not part of what a retry is compared by.
    #[serde(skip)]
    pub client_id: String,
}

/// A message that was written.
#[derive(Debug, Clone)]
pub struct Posted {
    pub id: i64,
    pub room: i64,
    pub seq: i64,
    pub message: Value,
    /// It had been written before, under the same `client_id`.
    pub duplicate: bool,
    /// Who has read it with its writing.
    pub read_by: Vec<i64>,
}

/// What is done to a message.
#[derive(Debug, Clone)]
pub enum Revision {
    Edit(String),
    Delete,
    React { emoji: String, on: bool },
    Acknowledge,
}

/// Who comes and goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Movement {
    Join,
    Leave,
    Add(i64),
    Remove(i64),
}

#[derive(Message)]
#[rtype(result = "Result<Posted>")]
pub(super) struct Post {
    pub doer: Doer,
    pub draft: Arc<Draft>,
    /// The hub writes it for somebody who need not be in the room; to these users it is nothing new.
    pub by_hub: Option<Arc<[i64]>>,
}

/// Messages up to here are past their time.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Forget {
    pub up_to: i64,
}

#[derive(Message)]
#[rtype(result = "Result<Value>")]
pub(super) struct Revise {
    pub doer: Doer,
    pub message_id: i64,
    pub revision: Revision,
}

/// Moves the cursors of the doer; answers how far he has read or been delivered, and his counts.
#[derive(Message)]
#[rtype(result = "Result<(i64, Counts)>")]
pub(super) struct Mark {
    pub doer: Doer,
    pub up_to: i64,
    /// Else only delivered.
    pub read: bool,
}

#[derive(Message)]
#[rtype(result = "Result<Value>")]
pub(super) struct Populate {
    pub doer: Doer,
    pub movement: Movement,
}

#[derive(Message)]
#[rtype(result = "Result<()>")]
pub(super) struct Typing {
    pub doer: Doer,
    pub on: bool,
}

/// The users who are in the room now; `not_found` for whoever is not. `None` asks for the hub itself.
#[derive(Message)]
#[rtype(result = "Result<Vec<i64>>")]
pub(super) struct Who {
    pub asking: Option<Doer>,
}
