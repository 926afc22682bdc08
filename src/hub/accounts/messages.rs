//! What the accounts actor is sent.

use actix::Message;

use super::directory::Consequences;
use crate::{
    domain::Roles,
    protocol::error::Result as Answer,
    store::hub::{Connection, Result},
};

/// A change to the accounts: runs in one write transaction of `hub.db`; an error undoes it.
pub trait Job: Send + 'static {
    type Output: Send + 'static;

    fn run(self, conn: &mut Connection, roles: &Roles) -> Result<Done<Self::Output>>;
}

/// A change that was made.
#[derive(Debug)]
pub struct Done<T> {
    pub answer: T,
    pub touched: Touched,
    /// The login session whose sockets close with 4403: an administrator disconnected it.
    pub disconnected: Option<uuid::Uuid>,
}

/// What of the memory a change made stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    Nothing,
    User(i64),
    All,
}

impl<T> Done<T> {
    pub fn new(answer: T, touched: Touched) -> Self {
        Self {
            answer,
            touched,
            disconnected: None,
        }
    }
}

/// Makes a change; answered when it is durable, in memory, and told to those concerned.
pub struct Apply<J: Job>(pub J);

impl<J: Job> Message for Apply<J> {
    type Result = Answer<J::Output>;
}

/// Looks whether `hub.db` was changed from another side. Answers what that meant.
pub struct Poll;

impl Message for Poll {
    type Result = Answer<Consequences>;
}
