//! What the notifier is sent.

use actix::Message;

use crate::protocol::error::Result;

/// Copies until nothing is left.
#[derive(Message)]
#[rtype(result = "Result<()>")]
pub struct ShipNow;

/// Ends the copying.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Stop;
