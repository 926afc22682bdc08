//! One actor per connection: dispatch, pipelining, limits. And the requests themselves, which HTTP shares.
//!
//! | message | from | answer |
//! |---|---|---|
//! | [`messages::Incoming`] | the socket: a text message | when it was taken up (the socket reads no further until then) |
//! | [`messages::BinaryReceived`] | the socket | none |
//! | [`messages::Answered`] | executor threads, when the session asked to be told | none |
//! | [`crate::hub::relay::CatchUp`] | the relay | none |
//! | [`messages::Stop`] | the transport, when it is gone | none |

mod actor;
mod answers;
mod catch_up;
pub mod context;
mod dispatch;
mod guest;
mod greeting;
pub mod handle;
mod lanes;
mod messages;
mod picture;
pub mod rate;
pub mod requests;
pub mod stream;

pub use context::{Context, Worker};
pub use handle::{GuestOpening, Opening, SessionHandle, StreamQuery};
pub use stream::{EventStream, open_stream};
