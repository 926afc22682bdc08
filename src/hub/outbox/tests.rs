use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll},
};

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

#[test]
fn a_session_that_was_not_greeted_loses_no_frame_of_a_call_and_closes_where_there_are_too_many() {
    let outbox = Outbox::new(10);
    let call = Bytes::from_static(b"call");
    for count in ["3", "2"] {
        let count = Bytes::from_static(count.as_bytes());
        assert!(outbox.signal(&count, Some(About::Unread { room: 1 })));
        assert!(outbox.write_signal(&call, None));
    }
    assert_eq!(drain(&outbox).1, Poll::Pending);
    outbox.greet(Bytes::from_static(b"welcome"));
    assert_eq!(drain(&outbox).0, ["welcome", "call", "2", "call"]);

    let outbox = Outbox::new(10);
    assert_eq!((0..10).take_while(|_| outbox.signal(&call, None)).count(), 2);
    assert!(outbox.signal(&call, None), "it is closing already");
    outbox.greet(Bytes::from_static(b"welcome"));
    assert_eq!(
        drain(&outbox).1,
        Poll::Ready(Drained::Closing(Close::SlowConsumer))
    );
}
