//! Every code of the error table, and peers that mean no good.

use std::{
    io::Write,
    net::TcpStream,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{
    Hub, PATIENCE, Reply, Socket,
    raw::{self, RawSocket},
    socket::query,
};

fn post(hub: &Hub, path: &str, body: &Value) -> Reply {
    hub.as_user("awa").post(path, body)
}

fn sql(text: &str) -> Value {
    json!({"query": text, "params": []})
}

// --- one test for each code, over HTTP and the socket where both can carry it

#[test]
fn code_invalid_request() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"query\":1}",
        "{\"query\":\"SELECT 1\",\"params\":7}",
        "\u{feff}{}",
        "{}{}",
    ] {
        awa.post_text("/api/query", body).problem(400, "invalid_request");
    }
    let mut socket = hub.socket("awa");
    for frame in ["", "x", "{", "[]", "null"] {
        socket.send_text(frame).unwrap();
        let refusal = socket.answer(&json!(null)).unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), &refusal.frame["id"]),
            ("invalid_request", &json!(null)),
            "{frame}"
        );
    }
    // Where the id can be read, the answer carries it.
    socket.refused(json!({"type": "inconnu"}), "invalid_request");
    socket.refused(json!({"type": 5}), "invalid_request");
    socket.refused(json!({"type": "query", "query": 5}), "invalid_request");
}

#[test]
fn code_invalid_request_for_ids_that_are_none() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    for id in ["null", "1.5", "true", "{}", "[1]"] {
        socket
            .send_text(&format!(r#"{{"type":"ping","id":{id}}}"#))
            .unwrap();
        assert_eq!(
            socket.answer(&json!(null)).unwrap_err().code,
            "invalid_request",
            "{id}"
        );
    }
    socket.send_text(r#"{"type":"ping"}"#).unwrap();
    assert_eq!(socket.answer(&json!(null)).unwrap_err().code, "invalid_request");
}

#[test]
fn code_invalid_sql() {
    let hub = Hub::start();
    post(&hub, "/api/query", &sql("SELEC 1")).problem(400, "invalid_sql");
    post(&hub, "/api/query", &sql("SELECT 1; SELECT 2")).problem(400, "invalid_sql");
    post(&hub, "/api/query", &sql("SELECT 1\u{0}; DELETE FROM lignes")).problem(400, "invalid_sql");
}

#[test]
fn code_unauthorized() {
    let hub = Hub::start();
    hub.client().get("/api/me").problem(401, "unauthorized");
}

#[test]
fn code_invalid_credentials() {
    let hub = Hub::start();
    hub.try_login("awa", "faux").problem(401, "invalid_credentials");
}

#[test]
fn code_forbidden() {
    let hub = Hub::start();
    post(&hub, "/api/query", &sql("SELECT id FROM secrets")).problem(403, "forbidden");
}

#[test]
fn code_not_found() {
    let hub = Hub::start();
    post(&hub, "/api/rpc/rien", &json!({"args": []})).problem(404, "not_found");
}

#[test]
fn code_conflict() {
    let hub = Hub::start();
    let keyed = |text: &str| json!({"query": "INSERT INTO lignes VALUES (?)", "params": [text], "idempotency_key": "k"});
    post(&hub, "/api/query", &keyed("a")).ok();
    post(&hub, "/api/query", &keyed("b")).problem(409, "conflict");
}

#[test]
fn code_constraint_violation() {
    let hub = Hub::start();
    let refused = post(
        &hub,
        "/api/query",
        &sql("INSERT INTO ventes(produit_id, quantite) VALUES (1, 0)"),
    );
    assert!(refused.problem(409, "constraint_violation")["constraint"].is_string());
}

#[test]
fn code_precondition_failed() {
    let hub = Hub::start();
    let body =
        json!({"query": "UPDATE produits SET stock = 1 WHERE id = -1", "params": [], "expect_affected": 1});
    post(&hub, "/api/query", &body).problem(409, "precondition_failed");
}

#[test]
fn code_payload_too_large() {
    let hub = Hub::with().env("LIMITS__MAX_BODY_BYTES", 10_000).start();
    let reply = post(
        &hub,
        "/api/query",
        &json!({"query": "SELECT ?", "params": ["x".repeat(20_000)]}),
    );
    assert!(reply.problem(413, "payload_too_large")["limit"].is_string());
}

#[test]
fn code_rate_limited() {
    let hub = Hub::with()
        .env("LIMITS__REQUESTS_PER_SECOND", 1)
        .env("LIMITS__BURST", 3)
        .start();
    let awa = hub.as_user("awa");
    let reply = (0..20)
        .map(|_| awa.post("/api/query", &sql("SELECT 1")))
        .find(|reply| reply.status != 200)
        .expect("the rate holds over HTTP too");
    assert!(
        reply.problem(429, "rate_limited")["retry_after_ms"]
            .as_u64()
            .unwrap()
            > 0
    );
    assert!(reply.header("retry-after").is_some());
}

#[test]
fn code_unsupported() {
    let hub = Hub::start();
    let frame = json!({"type": "typing", "room": 1, "on": true});
    post(&hub, "/api/request", &frame).problem(501, "unsupported");
}

#[test]
fn code_timeout() {
    let hub = Hub::with().env("LIMITS__STATEMENT_TIMEOUT_MS", 200).start();
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT count(*) FROM c";
    post(&hub, "/api/query", &sql(endless)).problem(504, "timeout");
}

#[test]
fn code_busy() {
    // Readers and a pipeline of one session are few; a crowd of long reports fills any bounded queue.
    let hub = Hub::with()
        .unthrottled()
        .env("LIMITS__STATEMENT_TIMEOUT_MS", 400)
        .start();
    let token = hub.token("awa");
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT count(*) FROM c";
    let mut crowd: Vec<Socket> = (0..12).map(|_| hub.socket_with_token(&token, "")).collect();
    for socket in &mut crowd {
        for _ in 0..64 {
            socket.send(query(endless, json!([])));
        }
    }
    let mut probe = hub.socket_with_token(&token, "");
    let mut codes = Vec::new();
    for _ in 0..5 {
        match probe.query("SELECT 1", json!([])) {
            Ok(_) => codes.push("ok".to_owned()),
            Err(refusal) => codes.push(refusal.code),
        }
    }
    assert!(
        codes
            .iter()
            .all(|c| ["ok", "busy", "timeout"].contains(&c.as_str())),
        "{codes:?}"
    );
}

#[test]
fn a_method_that_a_route_does_not_have_and_a_body_of_another_type_are_problems_too() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for reply in [
        awa.delete("/api/query"),
        awa.get("/api/query"),
        awa.clone()
            .header("content-type", "text/plain")
            .post_text("/api/query", "x"),
    ] {
        assert!((400..500).contains(&reply.status), "{}", reply.status);
        assert!(
            reply
                .header("content-type")
                .unwrap()
                .starts_with("application/problem+json")
        );
    }
}

#[test]
fn deeply_nested_json_is_refused_and_harmless() {
    let hub = Hub::start();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    hub.as_user("awa")
        .post_text("/api/query", &deep)
        .problem(400, "invalid_request");
    let mut socket = hub.socket("awa");
    socket
        .send_text(&format!(
            r#"{{"type":"query","id":1,"query":"SELECT 1","params":{deep}}}"#
        ))
        .unwrap();
    // Whether the id could still be read is the reader's affair.
    let answer = socket.frame(Instant::now() + PATIENCE).unwrap();
    assert_eq!(answer["code"], "invalid_request");
    socket.ping();
}

// --- peers that mean no good: the others are answered within 250 ms

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
