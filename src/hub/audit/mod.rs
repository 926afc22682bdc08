//! The audit: an append-only, hash-chained table in `hub.db`. Writes of the business database come with
//! their commit from `data.db`; logins, refusals and administrators' acts come from here.
//!
//! One [writer thread](writer) stores in groups; an actor, the [`Shipper`](actor::Shipper), fetches the audit
//! rows that the executor wrote beside each change and hands them to it. Everybody may hold the
//! [`AuditHandle`]; acts on accounts append their row in their own transaction instead
//! (`hub::accounts::acts`).
//!
//! | message to the shipper | from | effect |
//! |---|---|---|
//! | its own timer, 2 a second | | one round of copying |
//! | [`ShipNow`](messages::ShipNow) | the handle | copies until nothing is left, then answers |
//! | [`Stop`](messages::Stop) | the handle | stops the timer |

pub mod actor;
pub mod handle;
pub mod messages;
pub mod source;

mod writer;

pub use handle::{AuditFilter, AuditHandle, AuditRecord, Entry};
pub use source::WriteAuditSource;
