//! Messages of presence.

use std::sync::{Arc, atomic::AtomicI64};

use actix::prelude::*;

use super::board::{Choice, Who};

/// A session began.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Join {
    pub who: Who,
    /// Where its requests are noted.
    pub active: Arc<AtomicI64>,
    pub is_poll: bool,
}

/// A session ended.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Leave {
    pub user_id: i64,
    pub is_poll: bool,
}

/// A user says how he is.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Choose {
    pub who: Who,
    pub active: Arc<AtomicI64>,
    pub choice: Choice,
}

/// Stores when everybody was last seen.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Save;
