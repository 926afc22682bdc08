//! What the executor's actor is told.

use std::path::PathBuf;

use actix::Message;

use crate::protocol::error::Result;

/// Copies the database online; answers the commit that the copy stands at. `busy` while another copy is made.
#[derive(Debug, Message)]
#[rtype(result = "Result<u64>")]
pub struct Backup {
    pub to: PathBuf,
}

/// Answers what is queued, checkpoints, closes.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Shutdown;
