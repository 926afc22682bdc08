//! Who looks for words: apart from the ledger's other reads, because a search may take as long as a request may.

use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, Semaphore};

use crate::{
    executor::shared::busy,
    protocol::error::{Code, Error, Result},
    store::data::timed_reader::TimedReader,
};

/// Searches at a time.
const AT_ONCE: usize = 3;

/// Cheap to clone.
#[derive(Clone)]
pub struct Seekers {
    inner: Arc<Inner>,
}

struct Inner {
    path: Box<Path>,
    within: Duration,
    idle: Mutex<Vec<TimedReader>>,
    turns: Arc<Semaphore>,
    /// Of each user who searches or waits: one search at a time, so that nobody waits for all of another's.
    users: Mutex<HashMap<i64, Weak<Turn<()>>>>,
}

impl Seekers {
    /// Of the file at `path`; a search takes `within` at most, its waiting included.
    pub fn new(path: &Path, within: Duration) -> Self {
        Self {
            inner: Arc::new(Inner {
                path: path.into(),
                within,
                idle: Mutex::default(),
                turns: Arc::new(Semaphore::new(AT_ONCE)),
                users: Mutex::default(),
            }),
        }
    }

    fn of_user(&self, user: i64) -> Arc<Turn<()>> {
        let mut users = self.inner.users.lock();
        if let Some(own) = users.get(&user).and_then(Weak::upgrade) {
            return own;
        }
        users.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Turn::new(()));
        users.insert(user, Arc::downgrade(&own));
        own
    }

    /// Runs a user's search when it is his turn; `work` is told until when.
    ///
    /// # Errors
    /// `busy` where his turn does not come in time, `timeout` where the search takes too long.
    pub async fn seek<T: Send + 'static>(
        &self,
        user: i64,
        work: impl FnOnce(&mut TimedReader, Instant) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let until = Instant::now() + self.inner.within;
        let (own, turns) = (self.of_user(user), self.inner.turns.clone());
        let turn = async move {
            let own = own.lock_owned().await;
            turns.acquire_owned().await.map(|turn| (own, turn))
        };
        let turn = tokio::time::timeout_at(until.into(), turn)
            .await
            .map_err(|_| busy())?
            .map_err(|_| Error::of(Code::Unavailable))?;
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || {
            let idle = inner.idle.lock().pop();
            let mut reader = idle.map_or_else(|| TimedReader::open(&inner.path), Ok)?;
            let found = work(&mut reader, until);
            inner.idle.lock().push(reader);
            drop(turn);
            found
        })
        .await
        .map_err(Error::internal)?
    }
}
