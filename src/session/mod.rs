//! One actor per connection: dispatch, pipelining, limits. And the requests themselves, which HTTP shares.

pub mod context;
pub mod requests;

pub use context::Context;
