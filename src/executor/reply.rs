//! The promise that every job is answered exactly once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Reply;
use crate::protocol::{
    error::{Error, Result},
    result::Body,
};

/// A reply that is called when dropped, if not before: whatever happens to a thread, nobody waits forever.
pub struct Promise(Option<Reply>);

impl Promise {
    pub fn new(reply: Reply) -> Self {
        Self(Some(reply))
    }

    pub fn keep(mut self, outcome: Result<Body>) {
        self.call(outcome);
    }

    /// A reply that panics is the caller's bug and must not end a thread of the executor.
    fn call(&mut self, outcome: Result<Body>) {
        if let Some(reply) = self.0.take()
            && catch_unwind(AssertUnwindSafe(|| reply(outcome))).is_err()
        {
            tracing::error!("the receiver of an answer panicked");
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.call(Err(Error::internal("a job was dropped unanswered")));
        }
    }
}
