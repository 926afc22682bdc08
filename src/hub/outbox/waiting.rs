//! What waits for a socket, by kind and counted; the outbox holds it behind a lock.

use std::collections::VecDeque;

use bytes::Bytes;

use super::early::Early;
use crate::{domain::Position, protocol::close::Close};

pub(super) struct Item {
    /// One or more finished frames.
    pub bytes: Bytes,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Event,
    /// The answer of a request that was started.
    Answer,
    /// The first frames, and what says that a replay is over: counted as an answer, but in its place among the events,
    /// because its cursor stands for those before it.
    Greeting,
    /// Anything else that the session says: a pong, a refusal, its place in the stream.
    Said,
    /// The rest of events of which the kernel took some: it goes out before anything else, whatever happens.
    Begun,
}

/// In this order, because the first fields are what every event looks at: two cache lines instead of four.
#[repr(C)]
pub(super) struct Waiting {
    /// The socket is gone: whatever is pushed is dropped.
    pub closed: bool,
    /// The socket's task holds bytes that are not written, or wants nobody to write: nothing goes past it.
    pub held: bool,
    /// Taken by the socket and not yet written; counted until the socket says so.
    pub closing: Option<Close>,
    pub queue: VecDeque<Item>,
    pub event_bytes: usize,
    /// The place of the last event that was queued.
    pub told: Position,
    pub result_bytes: usize,
    pub said_bytes: usize,
    /// Requests taken up and not yet answered.
    pub in_flight: usize,
    /// Requests answered since the session last looked.
    pub answered: Answered,
    /// Whether the session wants to hear of the next answer.
    pub session_waits: bool,
    /// Where the relay let go of this session; the end: it has not.
    pub left_at: Position,
    /// What came while a request runs whose answer goes before everything that it causes; `None`: no such request runs.
    pub behind: Option<VecDeque<Item>>,
    /// Signals that came before the first frames; `None` once those were queued.
    pub early: Option<Early>,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            event_bytes: 0,
            result_bytes: 0,
            said_bytes: 0,
            closing: None,
            closed: false,
            in_flight: 0,
            answered: Answered::default(),
            session_waits: false,
            told: Position::START,
            left_at: Position::END,
            behind: None,
            held: true,
            early: Some(Early::default()),
        }
    }
}

impl Waiting {
    pub fn count_of(&mut self, kind: Kind) -> &mut usize {
        match kind {
            Kind::Event | Kind::Begun => &mut self.event_bytes,
            Kind::Answer | Kind::Greeting => &mut self.result_bytes,
            Kind::Said => &mut self.said_bytes,
        }
    }

    pub fn queue(&mut self, bytes: Bytes, kind: Kind) {
        if bytes.is_empty() {
            return; // a write of nothing looks like a connection that is gone
        }
        *self.count_of(kind) += bytes.len();
        let item = Item { bytes, kind };
        match &mut self.behind {
            // Begun is begun: the kernel has its first half.
            Some(behind) if !matches!(kind, Kind::Answer | Kind::Begun) => behind.push_back(item),
            _ => self.queue.push_back(item),
        }
    }

    /// The answer was queued: what waited behind it follows.
    pub fn release(&mut self) {
        if let Some(mut behind) = self.behind.take() {
            self.queue.append(&mut behind);
        }
    }

    /// The client does not read: it shall come back, and resume from what it was sent.
    pub fn close_slow(&mut self) {
        self.closing = Some(Close::SlowConsumer);
        self.release();
        let (mut dropped, mut greetings) = (false, 0);
        self.queue.retain(|item| {
            let kept = match item.kind {
                Kind::Answer | Kind::Begun => true,
                Kind::Greeting => !dropped,
                Kind::Event | Kind::Said => false,
            };
            dropped |= !kept;
            if item.kind == Kind::Greeting && !kept {
                greetings += item.bytes.len();
            }
            kept
        });
        self.result_bytes -= greetings;
        let begun = self.queue.front().filter(|item| item.kind == Kind::Begun);
        self.event_bytes = begun.map_or(0, |item| item.bytes.len());
        self.said_bytes = 0;
        if self.early.is_some() {
            self.early = Some(Early::default()); // its memory is given back; it is never greeted
        }
    }

    /// A hub that is going away still answers what it has begun, and a guest hears that he has hung up.
    pub fn takes_answers(&self) -> bool {
        !self.closed
            && matches!(
                self.closing,
                None | Some(Close::GoingAway { .. } | Close::CallOver)
            )
    }

    /// Whether nothing stands between a new event and the connection.
    pub fn may_be_passed(&self) -> bool {
        !self.held && self.queue.is_empty() && self.behind.is_none()
    }

    pub fn may_close(&self) -> bool {
        self.in_flight == 0 || !self.takes_answers()
    }
}

/// Requests answered, by lane.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    pub ordered: usize,
    pub reads: usize,
}
