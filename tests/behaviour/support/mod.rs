//! The harness: a hub in its own process and directory, and clients written with other people's codecs.

pub mod cli;
pub mod disk;
pub mod http;
pub mod hub;
pub mod isolated;
pub mod raw;
pub mod socket;
pub mod sse;

use std::time::{Duration, Instant};

pub use http::{Client, Reply};
pub use hub::Hub;
pub use socket::{Gone, Socket};

/// How long a test waits for something that is to come. Generous: two cores run everything at once.
pub const PATIENCE: Duration = Duration::from_secs(15);

/// Asks until the answer is `Some`, for facts that no event announces. Fails after `PATIENCE`.
#[track_caller]
pub fn eventually<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, what, ask)
}

/// Asks until the answer is `Some`; fails after `limit`.
#[track_caller]
pub fn within<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {limit:?}: {what}");
        // Between two questions, so that asking does not starve what is asked about.
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// A name no other test uses.
pub fn unique(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4())
}
