//! The audit: an append-only, hash-chained table in `hub.db`. Writes of the business database come with
//! their commit from `data.db`; logins, refusals and administrators' acts come from here.

pub mod handle;

pub use handle::{AuditFilter, AuditHandle, AuditRecord, Entry};
