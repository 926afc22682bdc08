//! What the socket's task takes from the outbox, and who waits until it has.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use bytes::Bytes;

use super::{Outbox, waiting::Kind};
use crate::protocol::close::Close;

/// What the socket finds in the outbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Drained {
    /// Frames were appended. `all`: nothing is left, and the waker hears of what comes next.
    Frames { all: bool },
    /// Nothing more will come: write this close frame and end.
    Closing(Close),
}

impl Outbox {
    /// Moves up to `max_items` entries of at most about `max_bytes` to `out`, which the task then holds.
    pub fn poll_drain(
        &self,
        cx: &mut Context<'_>,
        out: &mut VecDeque<Bytes>,
        max_items: usize,
        max_bytes: usize,
    ) -> Poll<Drained> {
        // Registered first: a push after the look below wakes us.
        self.socket.register(cx.waker());
        let mut inner = self.inner.lock();
        let mut moved = 0;
        let mut bytes = 0;
        while moved < max_items && bytes < max_bytes {
            let Some(item) = inner.queue.pop_front() else {
                break;
            };
            *inner.count_of(item.kind) -= item.bytes.len();
            bytes += item.bytes.len();
            out.push_back(item.bytes);
            moved += 1;
        }
        if inner.queue.is_empty() && inner.queue.capacity() > 64 {
            inner.queue = VecDeque::new(); // an idle socket keeps no memory of a busy one
        }
        let closing = if moved == 0 && inner.may_close() {
            inner.closing.clone()
        } else {
            None
        };
        if max_items > 0 {
            inner.held = moved > 0;
        }
        // A close is looked for by the next call.
        let all = inner.queue.is_empty() && inner.closing.is_none();
        drop(inner);
        if moved > 0 {
            self.replay.wake();
            self.answers.wake();
            Poll::Ready(Drained::Frames { all })
        } else if let Some(reason) = closing {
            Poll::Ready(Drained::Closing(reason))
        } else {
            Poll::Pending
        }
    }

    /// Ready when fewer than `bytes` of events wait, or the outbox is closing. For the replay only.
    pub async fn room_below(&self, bytes: usize) {
        std::future::poll_fn(|cx| {
            self.replay.register(cx.waker());
            let inner = self.inner.lock();
            if inner.event_bytes < bytes || inner.closed || inner.closing.is_some() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// Ready when the answers that wait were taken by the socket, or the outbox is closing.
    pub async fn results_sent(&self) {
        std::future::poll_fn(|cx| {
            self.answers.register(cx.waker());
            let inner = self.inner.lock();
            if inner.result_bytes == 0 || inner.closed || inner.closing.is_some() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    /// The socket's task is about to write what did not come from here: until [`Self::let_go`] or a look that
    /// finds nothing, nobody writes past it. What somebody began comes first, and is appended to `out`.
    pub fn take_hold(&self, out: &mut VecDeque<Bytes>) {
        let mut inner = self.inner.lock();
        inner.held = true;
        if let Some(item) = inner.queue.pop_front_if(|item| item.kind == Kind::Begun) {
            inner.event_bytes -= item.bytes.len();
            out.push_back(item.bytes);
        }
    }

    /// The socket's task has written all it had.
    pub fn let_go(&self) {
        self.inner.lock().held = false;
    }

    /// The socket is gone.
    pub fn shut(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        inner.queue = VecDeque::new();
        inner.behind = None;
        inner.event_bytes = 0;
        inner.result_bytes = 0;
        inner.said_bytes = 0;
        drop(inner);
        self.replay.wake();
        self.answers.wake();
    }
}
