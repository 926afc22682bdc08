//! The command line: one file per command.

pub mod audit;
pub mod output;
pub mod terminal;
pub mod user;

pub use output::Failure;
