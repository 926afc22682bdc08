//! The business database that clients query: dynamic SQL, roles, change capture. The only place that knows rusqlite.

mod bounded;
pub mod connection;
pub mod deadline;
pub mod error;
pub mod guard;
pub mod pack_check;
pub mod reader;
pub mod schema;
pub mod statement;
pub mod table;
