//! The database executor: one writer thread with group commit and a pool of readers, owned by an
//! actix actor. Everybody else holds the [`ExecutorHandle`].
//!
//! Jobs go from the handle straight to the writer's bounded channel or to the readers' arbiter, not through
//! the actor's mailbox: that would be a thread hop more for each statement, and a mailbox cannot be drained
//! into one transaction. The actor owns what lives longer than a job:
//!
//! | message | sent by | answer |
//! |---|---|---|
//! | [`messages::Backup`] | `ExecutorHandle::backup` | the commit that the copy stands at; one copy at a time |
//! | [`messages::Shutdown`] | `ExecutorHandle::shutdown` | once all that was queued is answered and the file is closed |
//!
//! What the handle queues elsewhere:
//!
//! | queue | bound | past it |
//! |---|---|---|
//! | writer channel | 1,024 jobs, 64 MiB | `busy` |
//! | readers | 1,024 permits: one a job, one more for each 64 KiB of it | `busy` |
//!
//! Readers are plain threads on one channel, not a SyncArbiter: its mailbox is forwarded on the main arbiter, a
//! thread more for each point read. A read that is not quick moves to threads of its own (`readers`).
//!
//! What people do is made durable beside it, in `hub.db`, by the [`ledger`].

mod actor;
mod answer;
mod fair_queue;
pub mod handle;
pub mod job;
pub mod ledger;
mod local;
mod messages;
pub mod options;
mod reader;
mod readers;
mod reply;
mod shared;
mod writer;

pub use actor::Executor;
pub use answer::take_apart;
pub use handle::ExecutorHandle;
pub use job::{Idempotency, Job, LogPage, MirrorUser, Origin, Reply, Statement, Work, WriteAudit};
pub use local::LocalReader;
pub use options::{ExecutorOptions, StartError, Started};
