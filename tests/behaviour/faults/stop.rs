//! A stop while fifty terminals are at work.

use std::{
    collections::BTreeSet,
    io::{Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;

use super::books::{everything_is_in_order, lines};
use crate::support::{Gone, Hub, PATIENCE, Socket, raw, socket::query};

/// Writes one after another until the socket closes: what was answered, and how it ended.
fn work(mut socket: Socket, answers: &AtomicUsize) -> (Vec<String>, Gone) {
    let mut told = Vec::new();
    loop {
        let text = format!("{}/{}", socket.session(), told.len());
        let sent = socket.try_send(query("INSERT INTO lignes(texte) VALUES (?)", json!([text])));
        match sent.and_then(|id| socket.try_answer(&id)) {
            Ok(Ok(_)) => told.push(text),
            Ok(Err(refusal)) => assert!(
                ["unavailable", "busy"].contains(&refusal.code.as_str()),
                "{}",
                refusal.frame
            ),
            Err(Gone::Lost) => return (told, socket.read_to_the_end()),
            Err(gone) => return (told, gone),
        }
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// One request on a connection that stays open; `None` once it is closed.
fn status(stream: &mut TcpStream, path: &str) -> Option<u16> {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
        stream.peer_addr().ok()?
    )
    .ok()?;
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return None,
            Ok(n) => text.extend_from_slice(&buffer[..n]),
        }
        let said = String::from_utf8_lossy(&text).to_ascii_lowercase();
        let Some((head, body)) = said.split_once("\r\n\r\n") else {
            continue;
        };
        let length: usize = head
            .lines()
            .find_map(|l| l.strip_prefix("content-length: "))?
            .trim()
            .parse()
            .ok()?;
        if body.len() >= length {
            return head.split(' ').nth(1)?.parse().ok();
        }
    }
}

#[test]
fn a_stop_under_fifty_writers_ends_in_time_and_loses_nothing_and_says_meanwhile_that_it_is_not_ready() {
    let mut hub = Hub::with().unthrottled().start();
    let token = hub.token("awa");
    let mut watcher = raw::connect(hub.addr());
    assert_eq!(status(&mut watcher, "/api/health/ready"), Some(200));
    // Keeps the stop waiting long enough to be watched.
    let mut slow = hub.socket("binta");
    let answers = AtomicUsize::new(0);
    let (outcomes, seen) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..50)
            .map(|_| {
                let socket = hub.socket_with_token(&token, "tables=couples");
                scope.spawn(|| work(socket, &answers))
            })
            .collect();
        let deadline = Instant::now() + PATIENCE;
        while answers.load(Ordering::Relaxed) < 500 && Instant::now() < deadline {
            std::thread::yield_now();
        }
        slow.send(json!({"type": "rpc", "function": "slowLine", "args": ["lente", 3_000_000]}));
        slow.ping();
        hub.terminate();
        let began = Instant::now();
        let mut seen = BTreeSet::new();
        while let Some(ready) = status(&mut watcher, "/api/health/ready") {
            let Some(health) = status(&mut watcher, "/api/health") else {
                break;
            };
            seen.insert((ready, health));
        }
        assert!(began.elapsed() < Duration::from_secs(10));
        let outcomes: Vec<_> = writers.into_iter().map(|w| w.join().unwrap()).collect();
        (outcomes, seen)
    });
    let status = hub.exit_within(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0));
    assert!(
        seen.contains(&(503, 200)),
        "not ready, and in good health: {seen:?}"
    );
    for (_, end) in &outcomes {
        assert!(matches!(end, Gone::Closed(1001, _)), "{end:?}");
    }
    for name in ["data.db-wal", "hub.db-wal"] {
        let left = std::fs::metadata(hub.data_dir().join(name)).map_or(0, |file| file.len());
        assert_eq!(left, 0, "{name} is folded in");
    }
    let stored: BTreeSet<String> = lines(&hub).into_iter().collect();
    for text in outcomes.iter().flat_map(|(told, _)| told) {
        assert!(stored.contains(text), "{text} was answered and is gone");
    }
    hub.restart();
    everything_is_in_order(&hub);
}
