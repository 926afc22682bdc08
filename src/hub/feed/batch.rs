//! What the feed publishes: batches (the commits of one group), posts (the events of one group of people's doings)
//! and signals. Frames are encoded once per audience and shared by all workers.

use std::{collections::HashMap, ops::Range, sync::Arc, time::Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::domain::{Audience, Changes, Commit, Cursor, Epoch, HubEvent, Position, Signal};

use super::{encode, encode_event};

/// What travels through the broker, in one order for all.
pub enum Published {
    Commits(Batch),
    Posts(Posts),
    Signals(Vec<Signal>),
    /// Signals that say how something stands: no answer that says it may come after one that is newer.
    Counts(Vec<Signal>),
}

/// The frames of a batch for one audience, one after another in one piece of memory.
#[derive(Debug, Default)]
pub struct Encoded {
    pub joined: Bytes,
    pub frames: Vec<Piece>,
}

/// One frame of [`Encoded::joined`].
#[derive(Debug)]
pub struct Piece {
    /// Its cursor.
    pub at: Position,
    /// The session that made the commit.
    pub session: Option<Uuid>,
    pub range: Range<usize>,
}

/// Commits in order, published together.
pub struct Batch {
    pub commits: Vec<Arc<Commit>>,
    /// Where the hub's own log was when they were put in order.
    pub hub: u64,
    /// When they were durable.
    pub at: Instant,
    encoded: Mutex<HashMap<Audience, Arc<Encoded>>>,
}

impl Batch {
    pub fn new(commits: Vec<Arc<Commit>>, hub: u64, at: Instant) -> Self {
        Self {
            commits,
            hub,
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
            if let Some(frame) = encode::commit(commit, audience, epoch, self.hub) {
                let start = joined.len();
                joined.extend_from_slice(&frame);
                let session = commit.by.as_ref().and_then(|by| by.session);
                frames.push(Piece {
                    at: Position {
                        commit: commit.n,
                        hub: self.hub,
                    },
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

/// The durable events of one group, in order.
pub struct Posts {
    pub events: Vec<Arc<HubEvent>>,
    /// Where the log of the business database was when they were put in order.
    pub commit: u64,
    /// By event and rights of the role.
    encoded: Mutex<HashMap<(u64, u32), Bytes>>,
}

impl Posts {
    pub fn new(events: Vec<Arc<HubEvent>>, commit: u64) -> Self {
        Self {
            events,
            commit,
            encoded: Mutex::default(),
        }
    }

    /// The place that the last of them makes.
    pub fn last(&self) -> Position {
        Position {
            commit: self.commit,
            hub: self.events.last().map_or(0, |event| event.n),
        }
    }

    /// One event's frame for a role: the first worker that asks encodes, the others share.
    pub fn frame_for(&self, event: &HubEvent, epoch: Epoch, rights: u32) -> Bytes {
        let cursor = Cursor {
            epoch,
            at: Position {
                commit: self.commit,
                hub: event.n,
            },
            rights,
        };
        self.encoded
            .lock()
            .entry((event.n, rights))
            .or_insert_with(|| encode_event::hub_event(event, cursor))
            .clone()
    }
}
