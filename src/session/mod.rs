//! One actor per connection: dispatch, pipelining, limits. And the requests themselves, which HTTP shares.

pub mod context;
pub mod requests;
pub mod stream;

pub use context::Context;
pub use stream::{EventStream, StreamQuery, open_stream};
