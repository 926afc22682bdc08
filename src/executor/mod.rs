//! The database executor: one writer thread with group commit and a pool of readers, owned by an
//! actix actor. Everybody else holds the [`ExecutorHandle`].

pub mod handle;
pub mod job;

pub use handle::ExecutorHandle;
pub use job::{Idempotency, Job, LogPage, MirrorUser, Origin, Reply, Statement, Work};
