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

use std::sync::{
    OnceLock, Weak,
    atomic::{AtomicU32, AtomicU64, Ordering},
};

use bytes::Bytes;
use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use crate::{
    domain::{About, Position},
    protocol::close::Close,
};

use early::Early;
use waiting::{Kind, Waiting};

pub use drain::Drained;
pub use waiting::Answered;

mod drain;
mod early;
mod waiting;

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

/// What became of frames that were pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// Written, kept for later, or dropped with the rest of an outbox that closes.
    Done,
    Queued,
    TooMuch,
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

    fn take_events(&self, frames: &Bytes, at: Position, straight: bool) -> bool {
        let taken = self.take(&mut self.inner.lock(), frames, at, straight);
        self.wake_for(taken)
    }

    /// The frames are counted as shared only where they are kept: their counter is every worker's.
    fn take(&self, inner: &mut Waiting, frames: &Bytes, at: Position, straight: bool) -> Taken {
        if inner.closed || inner.closing.is_some() {
            return Taken::Done;
        }
        // Signals have a bound of their own: a replay, which may pass the bound of events, is no slow consumer.
        let waiting = if at == Position::START {
            Kind::Said
        } else {
            Kind::Event
        };
        let bytes = *inner.count_of(waiting);
        // One commit larger than the bound must still pass when nothing else waits.
        if bytes > 0 && bytes + frames.len() > self.max_event_bytes {
            inner.close_slow();
            return Taken::TooMuch;
        }
        inner.told = inner.told.max(at);
        let written = if straight && inner.may_be_passed() {
            self.write_straight(frames)
        } else {
            0
        };
        if written == frames.len() {
            return Taken::Done;
        }
        let kind = if written > 0 { Kind::Begun } else { waiting };
        inner.queue(frames.slice(written..), kind);
        Taken::Queued
    }

    fn wake_for(&self, taken: Taken) -> bool {
        if taken != Taken::Done {
            self.socket.wake();
        }
        taken != Taken::TooMuch
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
            inner.queue(frames, Kind::Greeting);
            for signal in early.into_iter().flat_map(Early::into_frames) {
                inner.queue(signal, Kind::Said);
            }
        }
        self.socket.wake();
    }

    /// Pushes a signal, behind the first frames of the session; `false`: the outbox was full.
    pub fn signal(&self, frame: &Bytes, about: Option<About>) -> bool {
        self.take_signal(frame, about, false)
    }

    /// As [`Self::signal`], but writes it itself if nothing stands in the way.
    pub fn write_signal(&self, frame: &Bytes, about: Option<About>) -> bool {
        self.take_signal(frame, about, true)
    }

    fn take_signal(&self, frame: &Bytes, about: Option<About>, straight: bool) -> bool {
        let taken = {
            let mut inner = self.inner.lock();
            let is_over = inner.closed || inner.closing.is_some();
            match &mut inner.early {
                _ if is_over => Taken::Done,
                None => self.take(&mut inner, frame, Position::START, straight),
                Some(early) => {
                    if early.keep(frame, about, self.max_event_bytes) {
                        Taken::Done
                    } else {
                        inner.close_slow();
                        Taken::TooMuch
                    }
                }
            }
        };
        self.wake_for(taken)
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
mod tests;
