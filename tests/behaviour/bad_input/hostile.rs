//! Peers that mean no good: the others are answered within 250 ms.

use std::{
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    Hub,
    raw::{self, RawSocket},
    socket::query,
};

/// Runs `attack` until the probe is done, and answers the slowest of the probe's requests.
fn slowest_beside(hub: &Hub, attack: impl Fn(&AtomicBool) + Sync) -> Duration {
    let stop = AtomicBool::new(false);
    let mut probe = hub.socket("caro");
    std::thread::scope(|scope| {
        scope.spawn(|| attack(&stop));
        let mut slowest = Duration::ZERO;
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(1500) {
            let asked = Instant::now();
            probe.ping();
            assert_eq!(probe.value("SELECT 1", json!([])), 1);
            assert_eq!(hub.client().get("/api/health").status, 200);
            slowest = slowest.max(asked.elapsed());
            // A till asks now and then, and stays within its rate.
            std::thread::park_timeout(Duration::from_millis(20));
        }
        stop.store(true, Ordering::Relaxed);
        slowest
    })
}

#[track_caller]
fn unharmed(slowest: Duration) {
    assert!(slowest < Duration::from_millis(250), "others waited {slowest:?}");
}

fn until(stop: &AtomicBool, mut act: impl FnMut()) {
    while !stop.load(Ordering::Relaxed) {
        act();
        std::thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn connections_that_never_speak_do_not_keep_others_waiting() {
    let hub = Hub::start();
    unharmed(slowest_beside(&hub, |stop| {
        let silent: Vec<TcpStream> = (0..300).map(|_| raw::connect(hub.addr())).collect();
        until(stop, || {});
        drop(silent);
    }));
}

#[test]
fn a_connection_that_never_speaks_is_closed() {
    let hub = Hub::start();
    let mut silent = raw::connect(hub.addr());
    assert!(
        raw::read_to_end(&mut silent, Duration::from_secs(30)).is_some(),
        "closed within half a minute"
    );
}

#[test]
fn headers_that_come_slowly_do_not_keep_others_waiting_and_do_not_come_forever() {
    let hub = Hub::start();
    unharmed(slowest_beside(&hub, |stop| {
        let mut slow: Vec<TcpStream> = (0..50).map(|_| raw::connect(hub.addr())).collect();
        for stream in &mut slow {
            let _ = stream.write_all(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n");
        }
        until(stop, || {
            for stream in &mut slow {
                let _ = stream.write_all(b"X");
            }
        });
    }));
    let mut slow = raw::connect(hub.addr());
    let began = Instant::now();
    while slow.write_all(b"X").is_ok() && began.elapsed() < Duration::from_secs(40) {
        std::thread::park_timeout(Duration::from_millis(100));
    }
    assert!(
        began.elapsed() < Duration::from_secs(40),
        "headers may take as long as they like"
    );
}

#[test]
fn headers_without_end_are_refused() {
    let hub = Hub::start();
    let mut stream = raw::connect(hub.addr());
    let _ = stream.write_all(b"GET / HTTP/1.1\r\n");
    let line = format!("X-Long: {}\r\n", "x".repeat(8000));
    let refused = (0..1000).any(|_| stream.write_all(line.as_bytes()).is_err());
    assert!(refused, "eight megabytes of headers were taken");
}

#[test]
fn garbage_instead_of_http_is_refused() {
    let hub = Hub::start();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut stream = raw::connect(hub.addr());
        stream.write_all(bytes).unwrap();
        let _ = stream.shutdown(std::net::Shutdown::Write);
        assert!(
            raw::read_to_end(&mut stream, Duration::from_secs(10)).is_some(),
            "{bytes:x?}"
        );
    }
    assert_eq!(hub.client().get("/api/health").status, 200);
}

#[test]
fn fragments_without_end_are_closed_with_1009() {
    let hub = Hub::with().env("LIMITS__MAX_FRAME_BYTES", 100_000).start();
    let token = hub.token("awa");
    let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
    socket.send(raw::TEXT, b"{");
    let piece = raw::frame(raw::CONT, &[b' '; 1000]);
    for _ in 0..200 {
        socket.write(&piece);
    }
    assert_eq!(socket.close_code(), 1009);
}

#[test]
fn empty_fragments_without_end_do_not_keep_others_waiting() {
    let hub = Hub::start();
    let token = hub.token("awa");
    unharmed(slowest_beside(&hub, |stop| {
        let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
        socket.send(raw::TEXT, b"");
        let pieces = raw::frame(raw::CONT, b"").repeat(500);
        until(stop, || socket.write(&pieces));
    }));
}

#[test]
fn a_flood_of_requests_does_not_keep_others_waiting() {
    let hub = Hub::start();
    let token = hub.token("awa");
    unharmed(slowest_beside(&hub, |stop| {
        until(stop, || {
            let mut socket = hub.socket_with_token(&token, "");
            for _ in 0..2000 {
                if socket.try_send(query("SELECT 1", json!([]))).is_err() {
                    break;
                }
            }
            let _ = socket.frame(Instant::now() + Duration::from_secs(1));
        });
    }));
}

#[test]
fn a_flood_of_control_frames_does_not_keep_others_waiting() {
    let hub = Hub::start();
    let token = hub.token("awa");
    unharmed(slowest_beside(&hub, |stop| {
        let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
        socket
            .stream
            .set_write_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let pings = raw::frame(0x80 | raw::PING, &[b'x'; 125]).repeat(200);
        until(stop, || socket.write(&pings));
    }));
}

#[test]
fn a_flood_of_logins_does_not_keep_others_waiting() {
    let hub = Hub::with().env("AUTH__BCRYPT_COST", 10).start();
    unharmed(slowest_beside(&hub, |stop| {
        std::thread::scope(|scope| {
            for n in 0..8 {
                let hub = &hub;
                scope.spawn(move || {
                    until(stop, || {
                        hub.try_login(&format!("personne-{n}"), "faux");
                    })
                });
            }
        });
    }));
}

#[test]
fn heavy_statements_do_not_keep_others_waiting() {
    let hub = Hub::start();
    unharmed(slowest_beside(&hub, |stop| {
        let mut socket = hub.socket("awa");
        until(stop, || {
            let _ = socket.query(
                "SELECT count(*) FROM produits a, produits b, produits c, produits d, produits e, produits f, produits g, \
                 produits h, produits i, produits j",
                json!([]),
            );
        });
    }));
}

#[test]
fn a_body_that_never_ends_is_cut_off() {
    let hub = Hub::with().env("LIMITS__MAX_BODY_BYTES", 100_000).start();
    let token = hub.token("awa");
    let mut stream = raw::connect(hub.addr());
    write!(
        stream,
        "POST /api/query HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        hub.addr()
    )
    .unwrap();
    let chunk = format!("2710\r\n{}\r\n", " ".repeat(10_000));
    for _ in 0..100 {
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    let answer = raw::read_to_end(&mut stream, Duration::from_secs(10)).expect("the connection ends");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.is_empty() || answer.contains("413"), "{answer}");
}

#[test]
fn many_heavy_statements_at_once_do_not_keep_others_waiting() {
    let hub = Hub::start();
    unharmed(slowest_beside(&hub, |stop| {
        let mut socket = hub.socket("awa");
        for _ in 0..30 {
            socket.send(query(
                "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c",
                json!([]),
            ));
        }
        until(stop, || {});
    }));
}
