//! How nodes hear each other. Publishing always goes through the broker, even on one node, so that several
//! nodes need no rewrite: feed → broker → every node's relays.
//!
//! Contract: each subscriber gets every batch published after it subscribed, once, in the order published;
//! `publish` waits for a subscriber that is behind (bounded), never drops.

use std::sync::Arc;

use parking_lot::RwLock;
use tokio::sync::mpsc;

/// Batches that may wait for one subscriber.
const QUEUE: usize = 64;

/// The memory broker: one process. `B` is what is published.
pub struct Memory<B> {
    subscribers: Arc<RwLock<Vec<mpsc::Sender<Arc<B>>>>>,
}

impl<B> Clone for Memory<B> {
    fn clone(&self) -> Self {
        Self {
            subscribers: self.subscribers.clone(),
        }
    }
}

impl<B> Default for Memory<B> {
    fn default() -> Self {
        Self {
            subscribers: Arc::default(),
        }
    }
}

impl<B> Memory<B> {
    pub async fn publish(&self, batch: Arc<B>) {
        // The list is copied so that no lock is held across an await; it has one entry per worker.
        let subscribers = self.subscribers.read().clone();
        let mut gone = false;
        for subscriber in &subscribers {
            gone |= subscriber.send(batch.clone()).await.is_err();
        }
        if gone {
            self.subscribers.write().retain(|s| !s.is_closed());
        }
    }

    pub fn subscribe(&self) -> mpsc::Receiver<Arc<B>> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        self.subscribers.write().push(sender);
        receiver
    }
}
