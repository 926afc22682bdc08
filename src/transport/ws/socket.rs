//! A socket: one task that owns the upgraded connection, reads frames for a session and writes its outbox.
//!
//! It is one hand-written future, because reading, writing and timers must never wait for each other: a
//! reader that stops must not stop the heartbeat, and a session that is busy must not stop the writing.

use std::{
    collections::VecDeque,
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use actix_codec::ReadBuf;
use actix_web_actors::ws::CloseCode;
use bytes::{Buf, Bytes, BytesMut};
use tokio::time::Sleep;

use crate::{
    hub::outbox::{Drained, Outbox},
    protocol::{close::Close, frame},
};

use super::{
    connection::{Io, Shared},
    reader::{Event, Reader},
};

/// How long the peer may take to answer our close frame.
const CLOSE_GRACE: Duration = Duration::from_secs(2);

/// How long a slow consumer may take to fetch what the kernel holds for it, so that it sees the 4408.
const SLOW_GRACE: Duration = Duration::from_secs(10);

/// Entries and bytes written with one system call.
const WRITE_ITEMS: usize = 64;
const WRITE_BYTES: usize = 128 * 1024;

/// Reads at a time before other tasks of the worker get their turn: a flood of small frames costs far more
/// than its bytes.
const READS_A_TURN: usize = 2;

/// Bytes read at a time. The buffer is the worker's, not the socket's: an idle socket holds none.
const READ_BYTES: usize = 64 * 1024;

/// What our pings carry, so that their pongs are told from others.
const PING: &[u8] = b"comptoir";

/// Pongs that may wait for a peer that pings and does not read; older ones are dropped (RFC 6455 section 5.5.3).
const MAX_PONGS: usize = 64;

thread_local! {
    static SCRATCH: std::cell::RefCell<Vec<u8>> = std::cell::RefCell::new(vec![0; READ_BYTES]);
}

/// Who takes the messages of a socket.
pub trait Endpoint: Unpin {
    /// Ready when a message may be delivered.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<()>;
    fn text(&mut self, text: String);
    fn binary(&mut self, payload: Vec<u8>);
}

/// What a read came to.
enum Read {
    More,
    /// The endpoint is not ready for what was read.
    Held,
    Ended,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Open,
    /// Our close frame is queued or sent; the peer's is awaited until the deadline.
    Closing {
        until: Instant,
        abandon: bool,
    },
    /// The peer's close frame was answered: end when that is written.
    Ending {
        until: Instant,
    },
}

/// The future of one socket; ends when the connection does.
pub struct Socket<T, E> {
    io: T,
    endpoint: E,
    outbox: Arc<Outbox>,
    reader: Reader,
    /// Bytes read and not yet taken up by the endpoint.
    unread: BytesMut,
    writing: VecDeque<Bytes>,
    /// The last look into the outbox emptied it.
    drained: bool,
    /// Something was read since this task was woken.
    took_up: bool,
    /// Pings and pongs, which go before what waits in the outbox.
    controls: VecDeque<Bytes>,
    state: State,
    heartbeat: Duration,
    timer: Pin<Box<Sleep>>,
    heard: Instant,
    pinged: Instant,
    /// When bytes that wait last moved; `None`: nothing waits.
    stuck_since: Option<Instant>,
    /// The peer broke the protocol: what it still sends is thrown away until it hangs up. Closing at once
    /// would reset the connection, and the close frame might never be read.
    deaf: bool,
    shut: bool,
}

impl<T: Shared, E: Endpoint> Socket<T, E> {
    /// `unread`: bytes that came with the handshake.
    pub fn new(
        io: impl Io<Shared = T>,
        endpoint: E,
        outbox: Arc<Outbox>,
        unread: BytesMut,
        max_message: usize,
        heartbeat: Duration,
    ) -> Self {
        let now = Instant::now();
        let io = io.share();
        outbox.attach(io.straight());
        Self {
            io,
            endpoint,
            outbox,
            reader: Reader::new(max_message),
            unread,
            writing: VecDeque::new(),
            drained: false,
            took_up: false,
            controls: VecDeque::new(),
            state: State::Open,
            heartbeat,
            timer: Box::pin(tokio::time::sleep(heartbeat)),
            heard: now,
            pinged: now,
            stuck_since: None,
            deaf: false,
            shut: false,
        }
    }

    /// Begins the closing handshake from our side.
    fn close(&mut self, reason: &Close, now: Instant) {
        let slow = *reason == Close::SlowConsumer;
        let until = if slow {
            // One that is not only slow but silent gets no more time than silence has.
            (now + SLOW_GRACE)
                .min(self.heard + self.patience())
                .max(now + CLOSE_GRACE)
        } else {
            now + CLOSE_GRACE
        };
        if slow {
            // What is half written must be finished; the rest will be resumed.
            self.writing.truncate(1);
        }
        let code = CloseCode::from(reason.code());
        tracing::debug!(?code, reason = %reason.reason(), "the hub closes a socket");
        self.writing
            .push_back(frame::close(code.into(), &reason.reason()));
        self.state = State::Closing { until, abandon: slow };
        self.unread = BytesMut::new();
        self.wake_at(until);
    }

    /// How long a peer may be silent, or take nothing of what waits for it.
    fn patience(&self) -> Duration {
        self.heartbeat.mul_f64(2.5)
    }

    fn wake_at(&mut self, at: Instant) {
        self.timer.as_mut().reset(at.into());
    }

    /// Writes what waits, as much as the kernel takes. Ready when the connection is over.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.state == State::Open && !self.controls.is_empty() {
                self.outbox.take_hold(&mut self.writing);
                self.writing.extend(self.controls.drain(..));
            }
            if self.writing.is_empty() {
                match self.state {
                    // Everything was taken, and the outbox wakes this task for more: no second look.
                    State::Open if std::mem::take(&mut self.drained) => {
                        self.outbox.let_go();
                        return Poll::Pending;
                    }
                    State::Open => {
                        match self
                            .outbox
                            .poll_drain(cx, &mut self.writing, WRITE_ITEMS, WRITE_BYTES)
                        {
                            Poll::Ready(Drained::Frames { all }) => self.drained = all,
                            Poll::Ready(Drained::Closing(reason)) => self.close(&reason, Instant::now()),
                            Poll::Pending => return Poll::Pending,
                        }
                    }
                    State::Closing { .. } => {
                        if self.deaf && !self.shut {
                            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
                            self.shut = true;
                        }
                        return Poll::Pending;
                    }
                    State::Ending { .. } => return Poll::Ready(Ok(())),
                }
            }
            if self.state == State::Open && !self.drained && self.outbox.is_closing() {
                // A slow consumer is told now, not after what it does not read.
                let mut nothing = VecDeque::new();
                if let Poll::Ready(Drained::Closing(reason)) = self.outbox.poll_drain(cx, &mut nothing, 0, 0)
                    && reason == Close::SlowConsumer
                {
                    self.close(&reason, Instant::now());
                }
            }
            let written = match self.poll_write_some(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(result) => result?,
                Poll::Pending => {
                    self.stuck_since.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
            };
            self.stuck_since = None;
            self.advance(written);
        }
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        if self.writing.len() == 1 {
            return io.poll_write(cx, self.writing.front().map_or(&[], |b| b));
        }
        let mut slices = [IoSlice::new(&[]); WRITE_ITEMS];
        let mut used = 0;
        for (slice, bytes) in slices.iter_mut().zip(&self.writing) {
            *slice = IoSlice::new(bytes);
            used += 1;
        }
        io.poll_write_vectored(cx, &slices[..used])
    }

    fn advance(&mut self, mut written: usize) {
        while written > 0 {
            let Some(first) = self.writing.front_mut() else {
                return;
            };
            if written < first.len() {
                first.advance(written);
                return;
            }
            written -= first.len();
            self.writing.pop_front();
        }
        if self.writing.is_empty() && self.writing.capacity() > WRITE_ITEMS {
            self.writing = VecDeque::new();
        }
    }

    /// Reads and delivers. Ready when the connection is over.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        for _ in 0..READS_A_TURN {
            if !self.unread.is_empty() {
                let mut unread = std::mem::take(&mut self.unread);
                ready!(self.take_up(cx, &mut unread));
                continue;
            }
            if self.state == State::Open {
                ready!(self.endpoint.poll_ready(cx));
            }
            let polled = SCRATCH.with_borrow_mut(|scratch| {
                let mut buffer = ReadBuf::new(scratch);
                match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                    Ok(()) if buffer.filled().is_empty() => Poll::Ready(Ok(Read::Ended)),
                    Ok(()) => {
                        self.heard = Instant::now();
                        // What could not be taken up was kept in `unread`.
                        let taken = self.take_up(cx, buffer.filled_mut());
                        Poll::Ready(Ok(if taken.is_ready() { Read::More } else { Read::Held }))
                    }
                    Err(cause) => Poll::Ready(Err(cause)),
                }
            });
            match ready!(polled)? {
                Read::More => {}
                Read::Held => return Poll::Pending,
                Read::Ended => return Poll::Ready(Ok(())),
            }
        }
        // More may be there, but others want their turn. Woken at once, this task would run again before the
        // worker looks which other sockets have something to say; `yield_now` wakes it after that.
        std::pin::pin!(tokio::task::yield_now()).poll(cx).map(Ok)
    }

    /// Delivers the messages in `bytes`; keeps in `unread` what the endpoint is not ready for.
    fn take_up(&mut self, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<()> {
        let mut input = bytes;
        loop {
            if self.deaf || matches!(self.state, State::Ending { .. }) {
                return Poll::Ready(());
            }
            if self.state == State::Open && self.endpoint.poll_ready(cx).is_pending() {
                self.unread.extend_from_slice(input);
                return Poll::Pending;
            }
            match self.reader.read(&mut input) {
                Ok(Some(event)) => self.on_event(event),
                Ok(None) => return Poll::Ready(()),
                Err(reason) => {
                    // After what was already said: the answers to what came before the violation.
                    self.outbox.close(reason);
                    self.deaf = true;
                    return Poll::Ready(());
                }
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        self.took_up = true;
        match event {
            // Once we said close, only the peer's close matters.
            Event::Text(text) if self.state == State::Open => self.endpoint.text(text),
            Event::Binary(payload) if self.state == State::Open => self.endpoint.binary(payload),
            Event::Ping(payload) if self.state == State::Open => {
                if self.controls.len() >= MAX_PONGS {
                    self.controls.pop_front();
                }
                self.controls.push_back(frame::pong(&payload));
            }
            Event::Pong(payload) => {
                if payload == PING {
                    self.outbox.set_latency(self.pinged.elapsed());
                }
            }
            Event::Close(code) => {
                let until = Instant::now() + CLOSE_GRACE;
                if self.state == State::Open {
                    let code = code.map(CloseCode::from);
                    tracing::debug!(?code, "the client closes a socket");
                    // For good: nothing goes behind a close frame.
                    self.outbox.take_hold(&mut self.writing);
                    // Section 5.5.1: the answer carries the code it was sent.
                    self.writing.push_back(
                        code.map_or_else(frame::close_empty, |code| frame::close(code.into(), "")),
                    );
                }
                self.state = State::Ending { until };
                self.wake_at(until);
            }
            Event::Text(_) | Event::Binary(_) | Event::Ping(_) => {}
        }
    }

    /// The heartbeat and the deadlines. Ready when the connection is over.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            match self.state {
                State::Closing { until, abandon } if now >= until => {
                    if abandon || !self.writing.is_empty() {
                        self.io.abandon();
                    }
                    return Poll::Ready(());
                }
                State::Ending { until } if now >= until => return Poll::Ready(()),
                State::Closing { until, .. } | State::Ending { until } => self.wake_at(until),
                State::Open => {
                    let patience = self.patience();
                    let silent = now.duration_since(self.heard) >= patience;
                    let stuck = self
                        .stuck_since
                        .is_some_and(|since| now.duration_since(since) >= patience);
                    if silent || stuck {
                        self.io.abandon();
                        return Poll::Ready(());
                    }
                    if now.duration_since(self.pinged) >= self.heartbeat {
                        self.pinged = now;
                        self.controls.push_back(frame::ping(PING));
                    }
                    let next = (self.pinged + self.heartbeat).min(self.heard + patience);
                    self.wake_at(next.max(now + Duration::from_millis(1)));
                }
            }
        }
        Poll::Pending
    }
}

impl<T: Shared, E: Endpoint> Future for Socket<T, E> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        // Whatever woke us may be in the outbox.
        this.drained = false;
        this.took_up = false;
        if this.poll_timer(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        if let Poll::Ready(ended) = this.poll_write(cx) {
            return Poll::Ready(ended);
        }
        let read = this.poll_read(cx);
        // Reading may have queued a pong, an answer or a close: write it now, not at the next wake.
        if this.took_up
            && let Poll::Ready(ended) = this.poll_write(cx)
        {
            return Poll::Ready(ended);
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_of_the_contract_are_those_of_the_rfc_or_the_applications_own() {
        for (reason, code) in [
            (Close::Normal, CloseCode::Normal),
            (Close::GoingAway { retry_after_ms: 0 }, CloseCode::Away),
            (Close::ProtocolError, CloseCode::Protocol),
            (Close::InvalidPayload, CloseCode::Invalid),
            (Close::TooBig, CloseCode::Size),
            (Close::Internal, CloseCode::Error),
        ] {
            assert_eq!(CloseCode::from(reason.code()), code);
        }
        for reason in [
            Close::InvalidRequests,
            Close::Unauthorized,
            Close::Disconnected,
            Close::SlowConsumer,
            Close::RateLimitIgnored,
        ] {
            // Section 7.4.2: 4000 to 4999 are for private use.
            assert!(matches!(
                CloseCode::from(reason.code()),
                CloseCode::Other(4000..=4999)
            ));
        }
    }
}
