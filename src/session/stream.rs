//! A session without a WebSocket: the JSON text of its frames as a stream, for SSE and long poll.

use std::{
    collections::VecDeque,
    net::IpAddr,
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use bytes::Bytes;
use futures_util::Stream;

use crate::{
    domain::Principal,
    hub::outbox::Drained,
    protocol::{close::Close, error::Result, frame},
};

use super::{
    context::Worker,
    handle::{Opening, SessionHandle, StreamQuery},
};

/// Yields each frame's JSON text in order; ends when the session is closed. Dropping it ends the session.
pub struct EventStream {
    session: SessionHandle,
    frames: VecDeque<Bytes>,
    texts: VecDeque<Bytes>,
    /// Why it ended.
    closed: Option<Close>,
}

/// Opens a session whose frames are read as texts. Errors: the password must be changed first, or a table
/// may not be read.
pub fn open_stream(
    worker: &Worker,
    who: Principal,
    expires_ms: i64,
    address: IpAddr,
    user_agent: String,
    query: StreamQuery,
    transport: &'static str,
) -> Result<EventStream> {
    let opening = Opening {
        who,
        expires_ms,
        address,
        user_agent,
        transport,
        query,
    };
    opening.check(worker)?;
    let session = SessionHandle::open(worker.clone(), opening);
    Ok(EventStream {
        session,
        frames: VecDeque::new(),
        texts: VecDeque::new(),
        closed: None,
    })
}

impl EventStream {
    /// Why the hub ended the stream, once it did.
    pub fn closed(&self) -> Option<&Close> {
        self.closed.as_ref()
    }
}

impl Stream for EventStream {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Bytes>> {
        let this = &mut *self;
        loop {
            if let Some(text) = this.texts.pop_front() {
                return Poll::Ready(Some(text));
            }
            if this.closed.is_some() {
                return Poll::Ready(None);
            }
            match this
                .session
                .outbox()
                .poll_drain(cx, &mut this.frames, 16, 64 * 1024)
            {
                Poll::Ready(Drained::Frames { .. }) => {
                    for frames in this.frames.drain(..) {
                        this.texts.extend(frame::text_payloads(&frames));
                    }
                }
                Poll::Ready(Drained::Closing(close)) => this.closed = Some(close),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.session.stop();
    }
}
