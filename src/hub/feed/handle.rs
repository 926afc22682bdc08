//! What others hold of the feed.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use crate::{
    domain::{Commit, Posted, Signal},
    protocol::error::{Code, Error, Result},
};

/// Groups of commits or events that may wait for the feed before their writer waits.
pub(super) const QUEUE: usize = 64;

/// How long a signal that must not be lost waits for a place.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is put in order.
pub enum Input {
    Commits(Vec<Arc<Commit>>),
    Posted(Posted),
    Counts(Vec<Signal>),
    Signals(Vec<Signal>),
}

/// Where the feed will read from: made before it starts, so that the writers can be given the handle.
pub struct Inbox(pub(super) mpsc::Receiver<Input>);

/// A handle and what the feed will read.
pub fn channel() -> (FeedHandle, Inbox) {
    let (input, inbox) = mpsc::channel(QUEUE);
    (FeedHandle { input }, Inbox(inbox))
}

#[derive(Clone)]
pub struct FeedHandle {
    input: mpsc::Sender<Input>,
}

impl FeedHandle {
    /// Hands over one group, in commit order; called by the writer's thread after COMMIT. Blocks while
    /// the feed is `QUEUE` groups behind: this is what bounds it. Never call from an async task.
    pub fn committed(&self, commits: Vec<Arc<Commit>>) {
        self.hand_over(Input::Commits(commits));
    }

    /// The same for what one group of the ledger tells.
    pub fn posted(&self, posted: Posted) {
        self.hand_over(Input::Posted(posted));
    }

    fn hand_over(&self, input: Input) {
        if self.input.blocking_send(input).is_err() {
            tracing::debug!("the feed has stopped; sessions resume from the logs");
        }
    }

    /// Sends signals that newer ones will replace (typing, presence); `false`: the feed is behind, they were dropped.
    pub fn signals(&self, signals: Vec<Signal>) -> bool {
        signals.is_empty() || self.try_hand_over(Input::Signals(signals))
    }

    /// The same for counts that are not made in a transaction of the ledger (those come with [`Self::posted`]).
    pub fn counts(&self, counts: Vec<Signal>) -> bool {
        counts.is_empty() || self.try_hand_over(Input::Counts(counts))
    }

    fn try_hand_over(&self, input: Input) -> bool {
        let sent = self.input.try_send(input).is_ok();
        if !sent {
            tracing::debug!("signals were dropped: the feed is behind");
        }
        sent
    }

    /// Sends signals that nobody repeats (the frames of a call); waits for a place.
    pub async fn signals_surely(&self, signals: Vec<Signal>) -> Result<()> {
        tokio::time::timeout(PATIENCE, self.input.send(Input::Signals(signals)))
            .await
            .map_err(|_| Error::of(Code::Busy).retry_after_ms(1_000))?
            .map_err(|_| Error::of(Code::Unavailable))
    }
}
