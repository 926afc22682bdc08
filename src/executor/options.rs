//! What the executor is started with.

use std::{path::PathBuf, sync::Arc};

use super::{ExecutorHandle, MirrorUser};
use crate::{
    config,
    domain::Commit,
    pack::{Migration, Rule, Source},
    protocol::Error,
    store::data::open::OpenError,
    telemetry::Metrics,
};

/// Told of every group of commits once it is durable and answered, in order. Called on the writer thread: must not block.
pub type OnCommit = Box<dyn Fn(Vec<Arc<Commit>>) + Send + 'static>;

pub struct ExecutorOptions {
    /// `data.db`; made where it is not there.
    pub path: PathBuf,
    pub migrations: Vec<Migration>,
    /// The accounts, which migrations and the seed may read. `None`: as they were mirrored last.
    pub users: Option<Vec<MirrorUser>>,
    /// The pack's notification rules.
    pub rules: Vec<Rule>,
    /// The roles whose users are in the room of everyone.
    pub internal_roles: Vec<Arc<str>>,
    /// Run once, in a database that was never seeded.
    pub seed: Option<Source>,
    /// Reader threads; 0: one per core, at least two.
    pub readers: usize,
    pub limits: config::Limits,
    pub changes: config::Changes,
    pub idempotency: config::Idempotency,
    pub metrics: Metrics,
    pub on_commit: OnCommit,
}

/// A running executor, and what its start found.
pub struct Started {
    pub handle: ExecutorHandle,
    /// Virtual tables: their changes cannot be captured; to be told at start.
    pub not_captured: Vec<String>,
    /// How many migrations were applied.
    pub migrated: usize,
    pub seeded: bool,
}

/// Why the executor did not start. For the console: may name files.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the business database cannot be used: {0}")]
    Database(Error),
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}
