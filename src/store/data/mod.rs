//! The business database that clients query: dynamic SQL, roles, change capture. The only place that knows rusqlite.

pub mod backup;
pub mod guard;
