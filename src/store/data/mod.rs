//! The business database that clients query: dynamic SQL, roles, change capture. The only place that knows rusqlite.

pub mod audit_outbox;
pub mod backup;
pub mod books;
mod bounded;
pub mod capture;
mod captured;
pub mod check;
pub mod connection;
pub mod deadline;
pub mod error;
pub mod function;
pub mod guard;
pub mod idempotency;
pub mod log;
pub mod migrate;
pub mod mirror;
pub mod notification_outbox;
pub mod open;
pub mod pack_check;
pub mod reader;
pub mod rules;
pub mod schema;
pub mod statement;
pub mod table;
pub mod timed_reader;
pub mod writer;
