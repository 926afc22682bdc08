//! Messages of a session.

use actix::prelude::*;

/// A text message of the client. The answer comes when the session took it up: until then the socket
/// reads no further, which is what bounds a session's mailbox.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Incoming(pub String);

/// A binary message: not part of the protocol.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct BinaryReceived;

/// Requests were answered, and some wait for that.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Answered;

/// The transport is gone.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Stop;
