//! A session without a socket: the same frames as a stream, for SSE and long polls.

use std::{
    net::IpAddr,
    pin::Pin,
    task::{Context as Task, Poll},
};

use bytes::Bytes;
use futures_util::Stream;

use crate::{domain::Principal, protocol::error::Result};

use super::Context;

/// What a stream asks for, as the query string of `/ws` does.
#[derive(Debug, Clone)]
pub struct StreamQuery {
    /// The cursor to resume from.
    pub since: Option<String>,
    /// Tables whose changes are wanted; `None`: all.
    pub tables: Option<Vec<String>>,
    /// `sse` or `poll`, for administrators.
    pub transport: &'static str,
}

/// The frames of a session in order, each as its JSON text; `welcome` is the first. Dropping it closes the session.
pub struct EventStream {
    frames: tokio::sync::mpsc::Receiver<Bytes>,
}

impl Stream for EventStream {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Task<'_>) -> Poll<Option<Bytes>> {
        self.frames.poll_recv(task)
    }
}

/// Opens a session that only receives. `forbidden` where a table in `query.tables` may not be read.
pub async fn open_stream(
    _ctx: &Context,
    _who: Principal,
    _expires_ms: i64,
    _address: IpAddr,
    _user_agent: String,
    _query: StreamQuery,
) -> Result<EventStream> {
    unimplemented!()
}
