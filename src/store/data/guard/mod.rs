//! What a role may do in SQL, enforced by SQLite itself and by its own grammar.

pub mod classify;

pub use classify::classify;
