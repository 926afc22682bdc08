//! The actor of the feed.

use std::{sync::Arc, time::Instant};

use actix::prelude::*;
use tokio::sync::mpsc;

use crate::{
    broker,
    domain::{Changes, Commit},
};

use super::{
    batch::Batch,
    handle::{FeedHandle, QUEUE},
};

pub struct Feed {
    broker: broker::Memory<Batch>,
    commits: Option<mpsc::Receiver<Vec<Arc<Commit>>>>,
}

impl Feed {
    /// Starts the feed on the current arbiter.
    pub fn start_with(broker: broker::Memory<Batch>) -> FeedHandle {
        let (sender, receiver) = mpsc::channel(QUEUE);
        Self {
            broker,
            commits: Some(receiver),
        }
        .start();
        FeedHandle { commits: sender }
    }
}

impl Actor for Feed {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Some(mut commits) = self.commits.take() else {
            return;
        };
        let broker = self.broker.clone();
        let publish = async move {
            while let Some(group) = commits.recv().await {
                for batch in split(group) {
                    broker.publish(Arc::new(batch)).await;
                }
            }
        };
        ctx.spawn(publish.into_actor(self).map(|(), _, ctx| ctx.stop()));
    }
}

/// A commit too large to hold travels alone: its readers fetch it from the log.
fn split(group: Vec<Arc<Commit>>) -> Vec<Batch> {
    let at = Instant::now();
    let mut batches = Vec::with_capacity(1);
    let mut inline = Vec::new();
    for commit in group {
        if matches!(commit.changes, Changes::Stored { .. }) {
            if !inline.is_empty() {
                batches.push(Batch::new(std::mem::take(&mut inline), at));
            }
            batches.push(Batch::new(vec![commit], at));
        } else {
            inline.push(commit);
        }
    }
    if !inline.is_empty() {
        batches.push(Batch::new(inline, at));
    }
    batches
}
