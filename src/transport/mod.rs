//! Bytes in, bytes out; no rule of its own. The only place that knows actix-web.

pub mod forwarded;
pub mod http;
pub mod origin;
mod stream_query;
pub mod ws;
