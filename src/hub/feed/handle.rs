//! What the executor holds of the feed.

use std::sync::Arc;

use tokio::sync::mpsc;

use crate::domain::Commit;

/// Groups of commits that may wait for the feed before the writer waits.
pub(super) const QUEUE: usize = 64;

#[derive(Clone)]
pub struct FeedHandle {
    pub(super) commits: mpsc::Sender<Vec<Arc<Commit>>>,
}

impl FeedHandle {
    /// Hands over one group, in commit order; called by the writer's thread after COMMIT. Blocks while
    /// the feed is `QUEUE` groups behind: this is what bounds it. Never call from an async task.
    pub fn committed(&self, commits: Vec<Arc<Commit>>) {
        if self.commits.blocking_send(commits).is_err() {
            tracing::debug!("the feed has stopped; sessions resume from the log");
        }
    }
}
