//! Persistence: what the hub owns (`hub`, diesel) and the business database (`data`, rusqlite).

pub mod data;
pub mod hub;
