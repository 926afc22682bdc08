//! What the writer does between groups: other programs' writes, retention, the size of the log file.

use std::time::{Duration, Instant};

use super::WriterThread;
use crate::{
    domain::timestamp, executor::shared::file_size, protocol::error::Result, store::data::log::Retention,
};

/// How long the writer sleeps at most: other programs' writes are to be told within a second.
pub const TICK: Duration = Duration::from_millis(200);
/// Between two looks for what is past retention.
const TRIM_EVERY: Duration = Duration::from_millis(500);
/// The write-ahead log is emptied once it is larger than this, bytes; SQLite's own checkpoints never shrink it
/// while readers come and go.
const WAL_BYTES: u64 = 32 << 20;
/// Past this size writes wait longer for readers to let the log be emptied.
const WAL_BYTES_URGENT: u64 = 256 << 20;

/// How long things are kept, and when they were last looked at.
#[derive(Debug)]
pub struct Keep {
    changes_s: u64,
    changes_rows: u64,
    answers_s: u64,
    looked: Instant,
    trimmed: Instant,
    failed: bool,
}

impl Keep {
    pub fn new(changes: &crate::config::Changes, idempotency: &crate::config::Idempotency) -> Self {
        let now = Instant::now();
        Self {
            changes_s: changes.retention_s,
            changes_rows: changes.retention_rows,
            answers_s: idempotency.ttl_s,
            looked: now,
            trimmed: now,
            failed: false,
        }
    }
}

impl WriterThread {
    /// Does what is due.
    pub(super) fn keep_house(&mut self) {
        if self.keep.looked.elapsed() < TICK {
            return;
        }
        self.keep.looked = Instant::now();
        let kept = self
            .absorb_others()
            .and_then(|()| self.trim())
            .and_then(|()| self.shrink_log());
        match kept {
            Ok(()) => self.keep.failed = false,
            // Every tick would say the same again.
            Err(cause) if !self.keep.failed => {
                self.keep.failed = true;
                tracing::warn!(%cause, "the business database cannot be kept in order now");
            }
            Err(_) => {}
        }
    }

    fn absorb_others(&mut self) -> Result<()> {
        if self.writer.others_wrote()? {
            self.transaction(|_| Ok(()))?;
        }
        Ok(())
    }

    fn trim(&mut self) -> Result<()> {
        if self.keep.trimmed.elapsed() < TRIM_EVERY {
            return Ok(());
        }
        let before = |seconds: u64| {
            let ms = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
            timestamp::now_ms().saturating_sub(ms)
        };
        let changes = Retention {
            before_ms: before(self.keep.changes_s),
            rows: i64::try_from(self.keep.changes_rows).unwrap_or(i64::MAX),
        };
        let answers = before(self.keep.answers_s);
        let more = self.transaction(|writer| writer.trim(changes, answers))?;
        if !more {
            self.keep.trimmed = Instant::now();
        }
        Ok(())
    }

    fn shrink_log(&mut self) -> Result<()> {
        let size = file_size(&self.link.path, "-wal");
        if size > WAL_BYTES {
            let patience = if size > WAL_BYTES_URGENT { 500 } else { 20 };
            self.writer.checkpoint(Duration::from_millis(patience))?;
        }
        Ok(())
    }
}
