//! Who takes a socket's messages: a session, or (for conformance tests) an echo.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use crate::{
    hub::outbox::Outbox,
    protocol::frame,
    session::{SessionHandle, handle::Taking},
};

use super::socket::Endpoint;

/// Hands messages to a session, one at a time: the next when the last was taken up.
pub struct SessionEndpoint {
    session: SessionHandle,
    taking: Option<Taking>,
}

impl SessionEndpoint {
    pub fn new(session: SessionHandle) -> Self {
        Self {
            session,
            taking: None,
        }
    }
}

impl Endpoint for SessionEndpoint {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(taking) = &mut self.taking {
            std::task::ready!(taking.as_mut().poll(cx));
            self.taking = None;
        }
        Poll::Ready(())
    }

    fn text(&mut self, text: String) {
        self.taking = Some(self.session.text(text));
    }

    fn binary(&mut self, _payload: Vec<u8>) {
        self.taking = Some(self.session.binary());
    }
}

impl Drop for SessionEndpoint {
    fn drop(&mut self) {
        self.session.stop();
    }
}

/// Says everything back, through the same reader, writer and limits.
pub struct EchoEndpoint {
    outbox: Arc<Outbox>,
    max_waiting: usize,
}

impl EchoEndpoint {
    pub fn new(outbox: Arc<Outbox>, max_waiting: usize) -> Self {
        Self { outbox, max_waiting }
    }
}

impl Endpoint for EchoEndpoint {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.outbox.result_bytes() <= self.max_waiting {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref(); // the same task drains the outbox: look again after it wrote
        Poll::Pending
    }

    fn text(&mut self, text: String) {
        let _ = self.outbox.push_answer(frame::text(text.as_bytes()), true); // nobody asked to be told
    }

    fn binary(&mut self, payload: Vec<u8>) {
        let _ = self.outbox.push_answer(frame::binary(&payload), true);
    }
}
