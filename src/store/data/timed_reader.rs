//! A reader whose statements end in time, for the hub's own file: what is looked for in a full text has no bound of its
//! own, and diesel has no way to interrupt a statement.

use std::{path::Path, time::Instant};

use rusqlite::Connection;

use crate::protocol::error::Result;

use super::{connection::open_full_reader, deadline::Deadline, error::from_sqlite};

pub struct TimedReader {
    conn: Connection,
    deadline: Deadline,
}

impl TimedReader {
    pub fn open(path: &Path) -> Result<Self> {
        let conn = open_full_reader(path)?;
        let deadline = Deadline::install(&conn)?;
        Ok(Self { conn, deadline })
    }

    /// The rows, each a number and a text, of a statement with the parameters `(text, number)`.
    ///
    /// # Errors
    /// `timeout` past `until`.
    pub fn rows(&mut self, sql: &str, parameters: (&str, i64), until: Instant) -> Result<Vec<(i64, String)>> {
        self.deadline.arm(until);
        let rows = self.conn.prepare_cached(sql).and_then(|mut statement| {
            let rows = statement.query_map(parameters, |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        });
        self.deadline.disarm();
        rows.map_err(from_sqlite)
    }
}
