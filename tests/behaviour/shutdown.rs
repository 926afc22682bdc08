//! Stopping in good order.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{Gone, Hub, Socket, raw, socket::query};

#[test]
fn a_stop_closes_sockets_with_1001_and_a_time_to_come_back() {
    let mut hub = Hub::start();
    let mut sockets = [hub.socket("awa"), hub.socket("caro")];
    hub.terminate();
    for socket in &mut sockets {
        let (code, reason) = socket.closed();
        assert_eq!(code, 1001);
        let wait = reason
            .strip_prefix("retry_after_ms=")
            .expect("the reason says when");
        assert!(wait.parse::<u64>().is_ok(), "{reason}");
    }
    let status = hub.exit_within(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0));
}

#[test]
fn an_idle_hub_stops_at_once_and_an_interrupt_is_as_good() {
    let mut hub = Hub::start();
    let began = Instant::now();
    let pid = rustix::process::Pid::from_raw(hub.pid() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(hub.exit_within(Duration::from_secs(10)).code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// Writes one after another until the socket closes: how many were answered, and how it ended.
fn write_until_closed(mut socket: Socket, started: &AtomicBool) -> (Vec<String>, Gone) {
    let prefix = socket.session().to_owned();
    let mut answered = Vec::new();
    for n in 0.. {
        let text = format!("{prefix}/{n}");
        let sent = socket.try_send(query("INSERT INTO lignes VALUES (?)", json!([text])));
        let answer = sent.and_then(|id| socket.try_answer(&id));
        match answer {
            Ok(Ok(_)) => answered.push(text),
            // Refused while stopping: not kept, and said so.
            Ok(Err(refusal)) => assert!(
                ["unavailable", "busy"].contains(&refusal.code.as_str()),
                "{}",
                refusal.frame
            ),
            Err(Gone::Lost) => return (answered, socket.read_to_the_end()),
            Err(gone) => return (answered, gone),
        }
        if n == 20 {
            started.store(true, Ordering::Relaxed);
        }
    }
    unreachable!()
}

#[test]
fn a_stop_under_load_answers_what_is_in_flight_and_keeps_what_it_answered() {
    let mut hub = Hub::with().unthrottled().start();
    let token = hub.token("awa");
    let started = AtomicBool::new(false);
    let outcomes = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let socket = hub.socket_with_token(&token, "tables=couples");
                scope.spawn(|| write_until_closed(socket, &started))
            })
            .collect();
        while !started.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        hub.terminate();
        writers.into_iter().map(|w| w.join().unwrap()).collect::<Vec<_>>()
    });
    assert_eq!(hub.exit_within(Duration::from_secs(10)).code(), Some(0));
    let answered: Vec<String> = outcomes.into_iter().flat_map(|(answered, _)| answered).collect();
    let db = hub.data_db();
    let stored: Vec<String> = db
        .prepare("SELECT texte FROM lignes")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for text in &answered {
        assert!(stored.contains(text), "{text} was answered and is gone");
    }
    assert_eq!(
        stored.len(),
        stored.iter().collect::<std::collections::BTreeSet<_>>().len()
    );
}

#[test]
fn a_request_in_flight_is_answered_before_the_close() {
    let mut hub = Hub::start();
    let mut awa = hub.socket("awa");
    let slow = awa.send(json!({"type": "rpc", "function": "slowLine", "args": ["lente", 1_000_000]}));
    // Answered after the slow one was taken: a read of the same session.
    let read = awa.send(query("SELECT 1", json!([])));
    awa.ping();
    hub.terminate();
    awa.answer(&slow).unwrap();
    let _ = awa.answer(&read);
    assert_eq!(awa.closed().0, 1001);
    assert_eq!(hub.exit_within(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn a_peer_that_does_not_read_its_close_does_not_hold_up_the_stop() {
    let mut hub = Hub::start();
    let token = hub.token("awa");
    let _deaf = raw::RawSocket::open(hub.addr(), "/ws", Some(&token));
    let _silent = raw::connect(hub.addr());
    hub.terminate();
    assert_eq!(hub.exit_within(Duration::from_secs(10)).code(), Some(0));
}

#[test]
fn the_log_of_the_database_is_folded_in_at_the_stop() {
    let mut hub = Hub::start();
    hub.socket("awa")
        .query("INSERT INTO lignes VALUES ('x')", json!([]))
        .unwrap();
    hub.stop();
    for name in ["data.db-wal", "hub.db-wal"] {
        let left = std::fs::metadata(hub.data_dir().join(name)).map_or(0, |m| m.len());
        assert_eq!(left, 0, "{name}");
    }
}

#[test]
fn a_stopped_hub_is_ready_again_with_everything_it_had() {
    let mut hub = Hub::start();
    let mut awa = hub.socket("awa");
    awa.query("INSERT INTO lignes VALUES ('x')", json!([])).unwrap();
    let commit = awa.query("SELECT 1", json!([])).unwrap()["commit"].clone();
    hub.stop();
    hub.restart();
    let mut awa = hub.socket("awa");
    assert_eq!(awa.welcome["commit"], commit, "bookkeeping is no commit");
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 1);
}

#[test]
fn a_listening_stream_ends_with_the_hub() {
    let mut hub = Hub::start();
    let client = hub.as_user("awa").header("accept", "text/event-stream");
    let mut body = client.open("GET", "/api/events", None).unwrap().into_body();
    hub.terminate();
    let _ = body.read_to_string();
    assert_eq!(hub.exit_within(Duration::from_secs(10)).code(), Some(0));
}
