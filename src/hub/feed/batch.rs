//! A batch: the commits of one group, and their frames, encoded once per audience and shared by all workers.

use std::{collections::HashMap, ops::Range, sync::Arc, time::Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::domain::{Audience, Changes, Commit, Epoch};

use super::encode;

/// The frames of a batch for one audience, one after another in one piece of memory.
#[derive(Debug, Default)]
pub struct Encoded {
    pub joined: Bytes,
    pub frames: Vec<Piece>,
}

/// One frame of [`Encoded::joined`].
#[derive(Debug)]
pub struct Piece {
    pub commit: u64,
    /// The session that made the commit.
    pub session: Option<Uuid>,
    pub range: Range<usize>,
}

/// Commits in order, published together.
pub struct Batch {
    pub commits: Vec<Arc<Commit>>,
    /// When they were durable.
    pub at: Instant,
    encoded: Mutex<HashMap<Audience, Arc<Encoded>>>,
}

impl Batch {
    pub fn new(commits: Vec<Arc<Commit>>, at: Instant) -> Self {
        Self {
            commits,
            at,
            encoded: Mutex::default(),
        }
    }

    pub fn first(&self) -> u64 {
        self.commits.first().map_or(0, |c| c.n)
    }

    pub fn last(&self) -> u64 {
        self.commits.last().map_or(0, |c| c.n)
    }

    /// A single commit whose changes are only in the log.
    pub fn is_stored(&self) -> bool {
        self.commits
            .iter()
            .any(|c| matches!(c.changes, Changes::Stored { .. }))
    }

    /// The frames for an audience: the first worker that asks encodes, the others share.
    pub fn frames_for(&self, audience: &Audience, epoch: Epoch) -> Arc<Encoded> {
        // Encoding under the lock is intended: another worker would otherwise do the same work beside us.
        let mut encoded = self.encoded.lock();
        if let Some(done) = encoded.get(audience) {
            return done.clone();
        }
        let mut joined = Vec::new();
        let mut frames = Vec::new();
        for commit in &self.commits {
            if let Some(frame) = encode::commit(commit, audience, epoch) {
                let start = joined.len();
                joined.extend_from_slice(&frame);
                let session = commit.by.as_ref().and_then(|by| by.session);
                frames.push(Piece {
                    commit: commit.n,
                    session,
                    range: start..joined.len(),
                });
            }
        }
        let done = Arc::new(Encoded {
            joined: Bytes::from(joined),
            frames,
        });
        encoded.insert(audience.clone(), done.clone());
        done
    }
}
