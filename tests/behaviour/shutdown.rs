//! Stopping in good order.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{Gone, Hub, PATIENCE, Socket, raw, socket::query};

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
fn what_runs_into_its_time_limit_while_the_hub_stops_is_answered_too() {
    let mut hub = Hub::start();
    let mut awa = hub.socket("awa");
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let endless = awa.send(query(endless, json!([])));
    awa.ping();
    hub.terminate();
    assert_eq!(awa.answer(&endless).unwrap_err().code, "timeout");
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

#[test]
fn a_connection_on_which_nothing_is_asked_ends_with_the_stop_and_a_request_in_flight_is_answered() {
    let mut hub = Hub::start();
    let ask = |stream: &mut TcpStream, head: &str| {
        write!(stream, "{head}\r\nHost: {}\r\n", hub.addr()).unwrap();
    };
    // A page that is open and asks nothing now.
    let mut idle = raw::connect(hub.addr());
    ask(&mut idle, "GET /api/health HTTP/1.1");
    idle.write_all(b"\r\n").unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        let mut some = [0; 512];
        let read = idle.read(&mut some).unwrap();
        assert!(read > 0, "an answered connection is kept");
        answer.extend_from_slice(&some[..read]);
    }
    // A request of which the body is on its way.
    let (mut busy, body) = (raw::connect(hub.addr()), r#"{"query":"SELECT 7"}"#);
    let token = hub.token("awa");
    ask(&mut busy, "POST /api/query HTTP/1.1");
    let length = body.len();
    write!(busy, "Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{{").unwrap();
    hub.client().get("/api/health").ok();

    hub.terminate();
    assert_eq!(raw::read_to_end(&mut idle, PATIENCE), Some(Vec::new()));
    busy.write_all(&body.as_bytes()[1..]).unwrap();
    let answered = raw::read_to_end(&mut busy, PATIENCE).expect("the connection ends");
    let answered = String::from_utf8_lossy(&answered).into_owned();
    assert!(
        answered.starts_with("HTTP/1.1 200") && answered.contains("[[7]]"),
        "{answered}"
    );
    assert_eq!(hub.exit_within(Duration::from_secs(10)).code(), Some(0));
}
