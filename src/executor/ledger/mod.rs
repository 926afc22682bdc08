//! The ledger: the one way by which what people do becomes durable in `hub.db`, with the same group commit as the
//! business database has.
//!
//! One thread drains its bounded queue: `BEGIN IMMEDIATE`, a savepoint for each piece of work, one COMMIT, then the
//! answers, then the events and the counts that the work made, in order. Work may be run again where another of its group took the transaction with
//! it, so it changes nothing but the database. Everybody else holds the [`LedgerHandle`].
//!
//! | queue | bound | past it |
//! |---|---|---|
//! | work | 1,024 | `busy` |
//! | reads | 12 at a time, 5 s of waiting | `busy` |
//! | searches ([`Seekers`]) | 3 at a time, of each user one; they wait as long as a statement may take | `busy` |

mod handle;
mod seekers;
mod thread;
mod tx;

use crate::domain::Posted;

pub use handle::LedgerHandle;
pub use seekers::Seekers;
pub use tx::{Emit, Tx};

/// Told of what every group says once it is durable and answered, in order. Called on the ledger's thread.
pub type OnPosted = Box<dyn Fn(Posted) + Send + 'static>;
