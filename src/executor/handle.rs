//! What others hold of the executor.

use std::{ops::ControlFlow, path::Path, sync::Arc};

use crate::{
    domain::{Change, Epoch, Schema},
    protocol::{error::Result, result::Body},
};

use super::job::{Job, LogPage, MirrorUser, Reply};

/// Visits the changes of one commit, in order, until it breaks.
pub type Visit = Box<dyn FnMut(&Change) -> ControlFlow<()> + Send + 'static>;

#[derive(Clone)]
pub struct ExecutorHandle {}

impl ExecutorHandle {
    /// Hands over a job. `reply` is always called exactly once, with `busy` at once where the queue is full.
    /// Jobs of the writer run and are answered in the order submitted.
    pub fn submit(&self, _job: Job, _reply: Reply) {
        unimplemented!()
    }

    /// [`ExecutorHandle::submit`] as a future.
    pub async fn run(&self, _job: Job) -> Result<Body> {
        unimplemented!()
    }

    /// The last durable commit.
    pub fn head(&self) -> u64 {
        unimplemented!()
    }

    pub fn epoch(&self) -> Epoch {
        unimplemented!()
    }

    /// The schema as of the last time it changed.
    pub fn schema(&self) -> Arc<Schema> {
        unimplemented!()
    }

    /// Commits after `after`, at most about `max_bytes` of them.
    pub async fn read_log(&self, _after: u64, _max_bytes: usize) -> Result<LogPage> {
        unimplemented!()
    }

    /// Visits the changes of a commit that is `Changes::Stored`.
    pub async fn visit_commit(&self, _n: u64, _visit: Visit) -> Result<()> {
        unimplemented!()
    }

    /// Makes `_comptoir_user` equal to `users`.
    pub async fn mirror_users(&self, _users: Vec<MirrorUser>) -> Result<()> {
        unimplemented!()
    }

    /// Copies `data.db` to `path` online; answers the commit it stands at.
    pub async fn backup(&self, _path: &Path) -> Result<u64> {
        unimplemented!()
    }

    /// Answers what is queued, checkpoints, closes.
    pub async fn shutdown(&self) {
        unimplemented!()
    }
}
