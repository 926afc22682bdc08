//! What the hub itself owns: users, logins, audit. The only place that knows diesel.

pub mod backup;

pub use backup::{backup_to, check, rebase_audit, verify_audit};
