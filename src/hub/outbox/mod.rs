//! The outbox: what waits for one socket, bounded. Any thread pushes; the socket's task drains.
//!
//! Events count against the byte bound: past it the outbox closes with [`Close::SlowConsumer`] and drops
//! them, because the client gets them again with `since`. With them goes whatever carries a cursor: it may
//! stand behind events that were dropped, and a client that resumed from it would never get them.
//!
//! Events go straight to the connection where nothing waits and the socket's task has nothing in hand: waking the
//! task costs more than the write. What the kernel does not take at once is left to the task.
//!
//! Results do not count; the session bounds them by not starting requests while many are unsent. What is
//! answered without being started (a pong, a refusal) has a bound of its own, of the same size.

use std::{
    collections::VecDeque,
    sync::{
        OnceLock, Weak,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use crate::{domain::Position, protocol::close::Close};

use waiting::{Kind, Waiting};

pub use waiting::Answered;

mod waiting;

/// Signals kept for a session that was not greeted yet. Past it the oldest go: a newer one says more.
const MOST_EARLY: usize = 256;

/// Writes to the connection from outside of the socket's task.
pub trait Straight: Send + Sync {
    /// Never waits; the number of bytes that were taken.
    fn try_write(&self, bytes: &[u8]) -> usize;
}

/// Frames waiting for one socket.
#[repr(C)]
pub struct Outbox {
    /// The connection under the socket.
    straight: OnceLock<Weak<dyn Straight>>,
    inner: Mutex<Waiting>,
    max_event_bytes: usize,
    /// The socket: something to write, or to close.
    socket: AtomicWaker,
    /// The replay: room for more.
    replay: AtomicWaker,
    /// The session: answers were taken.
    answers: AtomicWaker,
    /// How often something that people did, or a count of it, was put in.
    news: AtomicU64,
    /// Microseconds of the last ping's round trip; `u32::MAX`: none yet.
    latency_us: AtomicU32,
}

/// What the socket finds in the outbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Drained {
    /// Frames were appended. `all`: nothing is left, and the waker hears of what comes next.
    Frames { all: bool },
    /// Nothing more will come: write this close frame and end.
    Closing(Close),
}

impl Outbox {
    pub fn new(max_event_bytes: usize) -> Self {
        Self {
            inner: Mutex::default(),
            straight: OnceLock::new(),
            max_event_bytes,
            socket: AtomicWaker::new(),
            replay: AtomicWaker::new(),
            answers: AtomicWaker::new(),
            news: AtomicU64::new(0),
            latency_us: AtomicU32::new(u32::MAX),
        }
    }

    /// Queues frames that are neither events nor answers of requests that were started.
    pub fn push(&self, frames: Bytes) {
        {
            let mut inner = self.inner.lock();
            if inner.closed || inner.closing.is_some() {
                return;
            }
            if inner.said_bytes == 0 || inner.said_bytes + frames.len() <= self.max_event_bytes {
                inner.queue(frames, Kind::Said);
            } else {
                inner.close_slow();
            }
        }
        self.socket.wake();
    }

    /// A request was taken up: a hub that is going away waits for its answer.
    pub fn expect_answer(&self) {
        self.inner.lock().in_flight += 1;
    }

    /// Until the next ordered answer nothing else goes out but answers: what the request causes comes after its own.
    pub fn answer_first(&self) {
        self.inner.lock().behind.get_or_insert_default();
    }

    /// Requests taken up and not yet answered.
    pub fn in_flight(&self) -> usize {
        self.inner.lock().in_flight
    }

    /// Queues the answer of a request; `true`: the session asked to be told.
    #[must_use]
    pub fn push_answer(&self, frame: Bytes, ordered: bool) -> bool {
        let tell = {
            let mut inner = self.inner.lock();
            inner.in_flight = inner.in_flight.saturating_sub(1);
            if ordered {
                inner.answered.ordered += 1;
            } else {
                inner.answered.reads += 1;
            }
            if inner.takes_answers() {
                inner.queue(frame, Kind::Answer);
            }
            if ordered {
                inner.release();
            }
            std::mem::take(&mut inner.session_waits)
        };
        self.socket.wake();
        tell
    }

    /// Takes the answers since the last call; with `wait`, the next answer is told to the session.
    pub fn take_answered(&self, wait: bool) -> Answered {
        let mut inner = self.inner.lock();
        inner.session_waits = wait;
        std::mem::take(&mut inner.answered)
    }

    /// Queues event frames up to this place (the start: signals, which have none); `false`: the outbox was full and is now closing with 4408.
    pub fn push_events(&self, frames: Bytes, at: Position) -> bool {
        self.take_events(&frames, at, false)
    }

    /// As [`Self::push_events`], but writes them itself if nothing stands in the way.
    pub fn write_events(&self, frames: &Bytes, at: Position) -> bool {
        self.take_events(frames, at, true)
    }

    /// The frames are counted as shared only where they are kept: their counter is every worker's.
    fn take_events(&self, frames: &Bytes, at: Position, straight: bool) -> bool {
        let fits = {
            let mut inner = self.inner.lock();
            if inner.closed || inner.closing.is_some() {
                return true;
            }
            // Signals have a bound of their own: a replay, which may pass the bound of events, is no slow consumer.
            let waiting = if at == Position::START {
                Kind::Said
            } else {
                Kind::Event
            };
            let bytes = *inner.count_of(waiting);
            // One commit larger than the bound must still pass when nothing else waits.
            let fits = bytes == 0 || bytes + frames.len() <= self.max_event_bytes;
            if fits {
                inner.told = inner.told.max(at);
                let taken = if straight && inner.may_be_passed() {
                    self.write_straight(frames)
                } else {
                    0
                };
                if taken == frames.len() {
                    return true;
                }
                let kind = if taken > 0 { Kind::Begun } else { waiting };
                inner.queue(frames.slice(taken..), kind);
            } else {
                inner.close_slow();
            }
            fits
        };
        self.socket.wake();
        fits
    }

    /// What people did, or a count of it, is about to be put in.
    pub fn note_news(&self) {
        self.news.fetch_add(1, Ordering::Relaxed);
    }

    /// Rises with each of [`Self::note_news`]: an answer that was looked up while it stayed the same is not older than
    /// what was put in before it, if both are put in by the thread of the worker.
    pub fn news(&self) -> u64 {
        self.news.load(Ordering::Relaxed)
    }

    /// Queues the event of a place, read from the log. It may pass the bound: the replay waits for room before it reads a page.
    pub fn push_replayed(&self, frame: Bytes, at: Position) {
        self.note_news();
        {
            let mut inner = self.inner.lock();
            if inner.closed || inner.closing.is_some() {
                return;
            }
            inner.queue(frame, Kind::Event);
            inner.told = inner.told.max(at);
        }
        self.socket.wake();
    }

    /// Queues the first frames of a session, and then the signals that came before them: `welcome` shows how things
    /// stood at some moment, and nothing may fall between that and the stream.
    pub fn greet(&self, frames: Bytes) {
        {
            let mut inner = self.inner.lock();
            let early = inner.early.take();
            if inner.closed || inner.closing.is_some() {
                return;
            }
            // Counted as an answer: however many rooms it lists, it is no sign of a slow consumer.
            inner.queue(frames, Kind::Greeting);
            for signal in early.into_iter().flatten() {
                inner.queue(signal, Kind::Said);
            }
        }
        self.socket.wake();
    }

    /// Keeps a signal until the session was greeted; `false`: it was, and the signal is to be pushed.
    pub fn hold(&self, frame: &Bytes) -> bool {
        let mut inner = self.inner.lock();
        let Some(early) = &mut inner.early else {
            return false;
        };
        if early.len() == MOST_EARLY {
            early.pop_front();
        }
        early.push_back(frame.clone());
        true
    }

    /// Pushes a signal, after the first frames; `false`: the outbox was full.
    pub fn signal(&self, frame: Bytes) -> bool {
        self.hold(&frame) || self.push_events(frame, Position::START)
    }

    /// Asks the socket to close after what is queued; the first reason stands.
    pub fn close(&self, reason: Close) {
        {
            let mut inner = self.inner.lock();
            if inner.closing.is_none() {
                inner.closing = Some(reason);
            }
        }
        self.socket.wake();
        self.replay.wake();
        self.answers.wake();
    }

    /// The connection under the socket, for [`Self::write_events`].
    pub fn attach(&self, straight: Weak<dyn Straight>) {
        let _ = self.straight.set(straight); // the first stays: an outbox has one socket
    }

    fn write_straight(&self, frames: &[u8]) -> usize {
        let straight = self.straight.get().and_then(Weak::upgrade);
        straight.map_or(0, |straight| straight.try_write(frames))
    }

    /// Brings what [`Self::write_events`] touches into the processor's cache. Between two writes to a thousand
    /// sockets all of it is gone; asked of several outboxes in a row, the fetches overlap.
    pub fn warm(&self) {
        std::hint::black_box(self.inner.is_locked());
        std::hint::black_box(self.straight.get().map(Weak::strong_count));
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

    /// The relay pushes nothing after this place; the end: it pushes what comes.
    pub fn set_left_at(&self, at: Position) {
        self.inner.lock().left_at = at;
    }

    /// The last place that the relay may have pushed.
    pub fn left_at(&self) -> Position {
        self.inner.lock().left_at
    }

    /// The place of the last event that was queued.
    pub fn told(&self) -> Position {
        self.inner.lock().told
    }

    pub fn is_closing(&self) -> bool {
        let inner = self.inner.lock();
        inner.closed || inner.closing.is_some()
    }

    /// Whether the answer of a request that begins now would still be sent.
    pub fn takes_answers(&self) -> bool {
        self.inner.lock().takes_answers()
    }

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

    /// Bytes and entries that wait.
    pub fn depth(&self) -> (usize, usize) {
        let inner = self.inner.lock();
        (
            inner.event_bytes + inner.result_bytes + inner.said_bytes,
            inner.queue.len() + inner.behind.as_ref().map_or(0, |behind| behind.len()),
        )
    }

    /// Bytes of answers that wait.
    pub fn result_bytes(&self) -> usize {
        self.inner.lock().result_bytes
    }

    pub fn set_latency(&self, round_trip: std::time::Duration) {
        let us = u32::try_from(round_trip.as_micros()).unwrap_or(u32::MAX - 1);
        self.latency_us.store(us, Ordering::Relaxed);
    }

    /// Milliseconds of the last ping's round trip.
    pub fn latency_ms(&self) -> Option<f64> {
        match self.latency_us.load(Ordering::Relaxed) {
            u32::MAX => None,
            us => Some(f64::from(us) / 1000.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn at(commit: u64) -> Position {
        Position { commit, hub: 0 }
    }

    fn drain(outbox: &Outbox) -> (VecDeque<Bytes>, Poll<Drained>) {
        let mut out = VecDeque::new();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let polled = outbox.poll_drain(&mut cx, &mut out, 100, usize::MAX);
        (out, polled)
    }

    #[test]
    fn a_full_outbox_drops_events_and_cursors_keeps_answers_and_closes_as_a_slow_consumer() {
        let outbox = Outbox::new(10);
        assert!(outbox.push_events(Bytes::from_static(b"12345"), at(1)));
        outbox.push(Bytes::from_static(b"pong"));
        let _ = outbox.push_answer(Bytes::from_static(b"answer, longer than the bound"), true);
        assert!(!outbox.push_events(Bytes::from_static(b"678901"), at(2)));
        let (frames, polled) = drain(&outbox);
        assert_eq!(frames, [Bytes::from_static(b"answer, longer than the bound")]);
        assert_eq!(polled, Poll::Ready(Drained::Frames { all: false }));
        assert_eq!(
            drain(&outbox).1,
            Poll::Ready(Drained::Closing(Close::SlowConsumer))
        );
    }

    #[test]
    fn what_a_request_causes_waits_for_its_answer() {
        let outbox = Outbox::new(100);
        let frame = |text: &'static str| Bytes::from_static(text.as_bytes());
        outbox.answer_first();
        assert!(outbox.write_events(&frame("event"), at(1)));
        outbox.push(frame("pong"));
        let _ = outbox.push_answer(frame("answer of a read"), false);
        assert_eq!(drain(&outbox).0, [frame("answer of a read")]);
        assert_eq!(outbox.depth(), (9, 2));
        let _ = outbox.push_answer(frame("answer"), true);
        assert_eq!(drain(&outbox).0, [frame("answer"), frame("event"), frame("pong")]);
        assert_eq!(outbox.depth(), (0, 0));
    }

    #[test]
    fn what_ends_a_replay_passes_none_of_its_events() {
        let frame = |text: &'static str| Bytes::from_static(text.as_bytes());
        let outbox = Outbox::new(10);
        outbox.greet(frame("welcome"));
        assert_eq!(drain(&outbox).0, [frame("welcome")]);
        outbox.answer_first();
        outbox.push_replayed(frame("event"), at(1));
        outbox.greet(frame("caught up"));
        assert!(drain(&outbox).0.is_empty());
        let _ = outbox.push_answer(frame("answer"), true);
        assert_eq!(
            drain(&outbox).0,
            [frame("answer"), frame("event"), frame("caught up")]
        );

        // Nor does it stay where they are dropped.
        outbox.push_replayed(frame("event"), at(2));
        outbox.greet(frame("caught up"));
        assert!(!outbox.push_events(frame("too much"), at(3)));
        assert_eq!(outbox.depth(), (0, 0));
        let drained = drain(&outbox);
        assert!(drained.0.is_empty());
        assert_eq!(drained.1, Poll::Ready(Drained::Closing(Close::SlowConsumer)));
    }

    #[test]
    fn what_waits_for_an_answer_counts_and_is_dropped_with_a_slow_consumer() {
        let outbox = Outbox::new(10);
        outbox.answer_first();
        assert!(outbox.push_events(Bytes::from_static(b"123456"), at(1)));
        assert!(!outbox.push_events(Bytes::from_static(b"789012"), at(2)));
        let _ = outbox.push_answer(Bytes::from_static(b"answer"), true);
        assert_eq!(outbox.depth(), (0, 0));
        assert_eq!(
            drain(&outbox).1,
            Poll::Ready(Drained::Closing(Close::SlowConsumer))
        );
    }

    #[test]
    fn nothing_is_not_queued() {
        let outbox = Outbox::new(10);
        outbox.push(Bytes::new());
        assert_eq!(drain(&outbox).1, Poll::Pending);
    }

    #[test]
    fn pongs_that_nobody_reads_are_bounded() {
        let outbox = Outbox::new(10);
        let pushed = (0..100).take_while(|_| {
            outbox.push(Bytes::from_static(b"pong"));
            !outbox.is_closing()
        });
        assert_eq!(pushed.count(), 2);
        assert_eq!(outbox.depth(), (0, 0));
        assert_eq!(
            drain(&outbox).1,
            Poll::Ready(Drained::Closing(Close::SlowConsumer))
        );
    }

    #[test]
    fn what_was_told_is_the_last_commit_and_no_notice() {
        let outbox = Outbox::new(100);
        assert!(outbox.push_events(Bytes::from_static(b"event"), at(7)));
        assert!(outbox.push_events(Bytes::from_static(b"notice"), at(0)));
        assert_eq!(outbox.told(), at(7));
        outbox.push_replayed(Bytes::from_static(b"event"), at(9));
        assert_eq!(outbox.told(), at(9));
    }

    #[test]
    fn one_event_larger_than_the_bound_passes_through_an_empty_outbox() {
        let outbox = Outbox::new(3);
        assert!(outbox.push_events(Bytes::from_static(b"large"), at(1)));
        assert_eq!(drain(&outbox).0.len(), 1);
    }

    #[test]
    fn a_hub_that_goes_away_closes_after_the_last_answer() {
        let outbox = Outbox::new(10);
        outbox.expect_answer();
        outbox.close(Close::GoingAway { retry_after_ms: 1 });
        assert_eq!(drain(&outbox).1, Poll::Pending);
        let _ = outbox.push_answer(Bytes::from_static(b"answer"), true);
        assert_eq!(drain(&outbox).0.len(), 1);
        assert!(matches!(drain(&outbox).1, Poll::Ready(Drained::Closing(_))));
    }

    #[test]
    fn the_session_is_told_of_an_answer_only_when_it_asked() {
        let outbox = Outbox::new(10);
        assert!(!outbox.push_answer(Bytes::new(), true));
        assert_eq!(outbox.take_answered(true), Answered { ordered: 1, reads: 0 });
        assert!(outbox.push_answer(Bytes::new(), false));
        assert!(!outbox.push_answer(Bytes::new(), false));
        assert_eq!(outbox.take_answered(false), Answered { ordered: 0, reads: 2 });
    }

    /// A connection that takes so many bytes, and keeps them.
    struct Kernel {
        room: Mutex<usize>,
        taken: Mutex<Vec<u8>>,
    }

    impl Straight for Kernel {
        fn try_write(&self, bytes: &[u8]) -> usize {
            let mut room = self.room.lock();
            let taken = bytes.len().min(*room);
            *room -= taken;
            self.taken.lock().extend_from_slice(&bytes[..taken]);
            taken
        }
    }

    fn over_a_kernel_with(room: usize, outbox: &Outbox) -> Arc<Kernel> {
        let kernel = Arc::new(Kernel {
            room: Mutex::new(room),
            taken: Mutex::default(),
        });
        let straight: Weak<Kernel> = Arc::downgrade(&kernel);
        outbox.attach(straight);
        kernel
    }

    #[test]
    fn an_event_is_written_straight_only_where_nothing_waits_and_the_task_holds_nothing() {
        let outbox = Outbox::new(100);
        let kernel = over_a_kernel_with(100, &outbox);
        assert!(outbox.write_events(&Bytes::from_static(b"a"), at(1)));
        assert!(kernel.taken.lock().is_empty(), "the task has not looked yet");
        assert_eq!(drain(&outbox).0, [Bytes::from_static(b"a")]);

        assert!(outbox.write_events(&Bytes::from_static(b"b"), at(2)));
        assert!(kernel.taken.lock().is_empty(), "the task has a in hand");
        assert_eq!(drain(&outbox).0, [Bytes::from_static(b"b")]);
        outbox.let_go();

        outbox.push(Bytes::from_static(b"c"));
        assert!(outbox.write_events(&Bytes::from_static(b"d"), at(3)));
        assert!(kernel.taken.lock().is_empty(), "c waits");
        assert_eq!(drain(&outbox).0.len(), 2);
        assert_eq!(drain(&outbox).1, Poll::Pending);

        assert!(outbox.write_events(&Bytes::from_static(b"e"), at(4)));
        assert_eq!(*kernel.taken.lock(), b"e");
        assert_eq!((outbox.depth(), outbox.told()), ((0, 0), at(4)));

        outbox.take_hold(&mut VecDeque::new());
        assert!(outbox.write_events(&Bytes::from_static(b"f"), at(5)));
        assert_eq!(*kernel.taken.lock(), b"e");
        assert_eq!(drain(&outbox).0, [Bytes::from_static(b"f")]);
        assert_eq!(drain(&outbox).1, Poll::Pending);

        outbox.close(Close::Normal);
        assert!(outbox.write_events(&Bytes::from_static(b"g"), at(6)));
        assert_eq!(*kernel.taken.lock(), b"e", "nothing goes behind a close");
    }

    #[test]
    fn what_was_begun_goes_out_before_anything_else_even_from_a_slow_consumer() {
        let outbox = Outbox::new(10);
        let kernel = over_a_kernel_with(3, &outbox);
        assert_eq!(drain(&outbox).1, Poll::Pending);
        assert!(outbox.write_events(&Bytes::from_static(b"12345"), at(1)));
        assert_eq!(*kernel.taken.lock(), b"123");

        let mut out = VecDeque::new();
        outbox.take_hold(&mut out); // a ping, say
        assert_eq!(out, [Bytes::from_static(b"45")]);
        assert_eq!(outbox.depth(), (0, 0));
        outbox.let_go();

        *kernel.room.lock() = 1;
        assert!(outbox.write_events(&Bytes::from_static(b"678"), at(2)));
        assert!(outbox.write_events(&Bytes::from_static(b"dropped"), at(3)));
        assert!(!outbox.write_events(&Bytes::from_static(b"too much"), at(4)));
        assert_eq!(drain(&outbox).0, [Bytes::from_static(b"78")]);
        assert_eq!(
            drain(&outbox).1,
            Poll::Ready(Drained::Closing(Close::SlowConsumer))
        );
        assert_eq!(outbox.depth(), (0, 0));
    }

    #[test]
    fn a_connection_that_is_gone_takes_nothing() {
        let outbox = Outbox::new(10);
        drop(over_a_kernel_with(100, &outbox));
        assert_eq!(drain(&outbox).1, Poll::Pending);
        assert!(outbox.write_events(&Bytes::from_static(b"kept"), at(1)));
        assert_eq!(drain(&outbox).0, [Bytes::from_static(b"kept")]);
    }
}
