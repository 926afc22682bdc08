//! The time limit of statements: SQLite asks a few thousand times a second whether to go on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use rusqlite::Connection;

use crate::protocol::error::Result;

use super::error::from_sqlite;

/// Virtual machine operations between two looks at the clock: about 5 µs of work.
const OPERATIONS: i32 = 200;

/// Not armed.
const NEVER: u64 = u64::MAX;

#[derive(Debug)]
struct Shared {
    start: Instant,
    /// Nanoseconds after `start`.
    at: AtomicU64,
}

/// The deadline of whatever a connection is running. Clones share it.
#[derive(Debug, Clone)]
pub struct Deadline(Arc<Shared>);

impl Deadline {
    /// Puts a deadline on a connection; once per connection. Not armed.
    pub fn install(conn: &Connection) -> Result<Self> {
        let shared = Arc::new(Shared {
            start: Instant::now(),
            at: AtomicU64::new(NEVER),
        });
        let deadline = Self(Arc::clone(&shared));
        let asked = deadline.clone();
        conn.progress_handler(OPERATIONS, Some(move || asked.expired()))
            .map_err(from_sqlite)?;
        Ok(deadline)
    }

    /// Statements that run past `at` are interrupted.
    pub fn arm(&self, at: Instant) {
        let after = u64::try_from(at.saturating_duration_since(self.0.start).as_nanos()).unwrap_or(NEVER - 1);
        self.0.at.store(after, Ordering::Relaxed);
    }

    pub fn disarm(&self) {
        self.0.at.store(NEVER, Ordering::Relaxed);
    }

    /// Whether the armed time is over.
    pub fn expired(&self) -> bool {
        let at = self.0.at.load(Ordering::Relaxed);
        at != NEVER && u64::try_from(self.0.start.elapsed().as_nanos()).unwrap_or(NEVER) >= at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c";

    #[test]
    fn a_statement_past_its_time_is_interrupted_and_the_next_one_runs() {
        let conn = Connection::open_in_memory().unwrap();
        let deadline = Deadline::install(&conn).unwrap();
        deadline.arm(Instant::now() + std::time::Duration::from_millis(20));
        let error = conn.query_row(ENDLESS, [], |_| Ok(())).unwrap_err();
        assert_eq!(from_sqlite(error).code, crate::protocol::Code::Timeout);
        assert!(deadline.expired());
        deadline.disarm();
        conn.query_row("SELECT 1", [], |_| Ok(())).unwrap();
    }
}
