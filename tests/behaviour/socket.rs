//! The socket: who gets one, how it lives, and with what it is closed.

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tungstenite::Message;

use crate::support::{
    Gone, Hub, PATIENCE, Socket, eventually,
    raw::{self, RawSocket},
    socket::{NotOpened, query, request, upgrade, with_bearer},
};

/// Opens as a browser does: the token as a subprotocol.
fn as_browser(hub: &Hub, token: &str) -> Result<Socket, NotOpened> {
    let mut request = request(hub.addr(), "");
    request.headers_mut().insert(
        "sec-websocket-protocol",
        format!("comptoir.v1, bearer.{token}").parse().unwrap(),
    );
    let (ws, answer) = upgrade(hub.addr(), request)?;
    assert_eq!(answer.headers()["sec-websocket-protocol"], "comptoir.v1");
    Ok(Socket::over(ws))
}

fn refused(hub: &Hub, token: Option<&str>, query: &str, headers: &[(&'static str, &str)]) -> (u16, String) {
    let mut request = request(hub.addr(), query);
    if let Some(token) = token {
        request = with_bearer(request, token);
    }
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match upgrade(hub.addr(), request) {
        Err(NotOpened::Http(status, body)) => (status, body),
        Ok(_) => panic!("opened"),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn without_a_good_token_there_is_no_socket() {
    let hub = Hub::start();
    for token in [None, Some("faux"), Some("a.b.c")] {
        let (status, body) = refused(&hub, token, "", &[]);
        assert_eq!(status, 401);
        assert!(body.contains("\"unauthorized\""), "{body}");
    }
}

#[test]
fn a_token_in_the_url_is_not_taken() {
    let hub = Hub::start();
    let token = hub.token("awa");
    assert_eq!(refused(&hub, None, &format!("token={token}"), &[]).0, 401);
    assert_eq!(refused(&hub, None, &format!("access_token={token}"), &[]).0, 401);
}

#[test]
fn a_browser_offers_its_token_as_a_subprotocol() {
    let hub = Hub::start();
    let mut socket = as_browser(&hub, &hub.token("awa")).unwrap();
    assert_eq!(
        socket.frame(Instant::now() + PATIENCE).unwrap()["type"],
        "welcome"
    );
    socket.ping();
}

#[test]
fn a_bad_token_offered_as_a_subprotocol_is_accepted_and_closed_at_once_with_4401() {
    let hub = Hub::start();
    let mut socket = as_browser(&hub, "a.b.c").unwrap();
    assert_eq!(socket.closed().0, 4401);
    assert!(socket.log.is_empty(), "nothing was told");
}

#[test]
fn a_foreign_origin_is_refused_and_the_hubs_own_and_allowed_ones_are_not() {
    let hub = Hub::with()
        .env("SERVER__ALLOWED_ORIGINS", "https://caisse.example,null")
        .start();
    let token = hub.token("awa");
    let own = format!("http://{}", hub.addr());
    for origin in [own.as_str(), "https://caisse.example", "null"] {
        let mut request = with_bearer(request(hub.addr(), ""), &token);
        request.headers_mut().insert("origin", origin.parse().unwrap());
        assert!(upgrade(hub.addr(), request).is_ok(), "{origin}");
    }
    for origin in [
        "https://mal.example",
        "http://127.0.0.1:1",
        "https://caisse.example.mal.example",
        "file://",
    ] {
        assert_eq!(
            refused(&hub, Some(&token), "", &[("origin", origin)]).0,
            403,
            "{origin}"
        );
    }
    let plain = Hub::start();
    assert_eq!(
        refused(&plain, Some(&plain.token("awa")), "", &[("origin", "null")]).0,
        403
    );
}

#[test]
fn a_host_that_is_not_ours_is_refused() {
    let hub = Hub::start();
    let token = hub.token("awa");
    assert_eq!(refused(&hub, Some(&token), "", &[("host", "mal.example")]).0, 403);
    let port = hub.addr().port().to_string();
    assert_eq!(
        refused(
            &hub,
            Some(&token),
            "",
            &[("host", &format!("mal.example:{port}"))]
        )
        .0,
        403
    );
}

#[test]
fn a_table_in_the_upgrade_that_the_role_may_not_read_is_refused() {
    let hub = Hub::start();
    let token = hub.token("awa");
    let (status, body) = refused(&hub, Some(&token), "tables=ventes,secrets", &[]);
    assert_eq!(status, 403);
    assert!(body.contains("\"forbidden\""), "{body}");
}

#[test]
fn the_socket_closes_when_its_token_expires() {
    let hub = Hub::with().env("AUTH__TOKEN_TTL_S", 2).start();
    let mut socket = hub.socket("awa");
    assert_eq!(socket.closed().0, 4401);
}

#[test]
fn a_renewed_socket_outlives_its_first_token() {
    let hub = Hub::with().env("AUTH__TOKEN_TTL_S", 3).start();
    let grant = hub.login("awa");
    let mut renewed = hub.socket_with_token(grant["token"].as_str().unwrap(), "");
    let mut left = hub.socket_with_token(grant["token"].as_str().unwrap(), "");
    eventually("the token of the renewal is younger than the first", || {
        let at = |socket: &mut Socket| socket.ping()["at"].as_str().unwrap().to_owned();
        (at(&mut renewed)[..19] > renewed.welcome["at"].as_str().unwrap()[..19]).then_some(())
    });
    let fresh = hub
        .client()
        .post(
            "/api/auth/refresh",
            &json!({"refresh_token": grant["refresh_token"]}),
        )
        .ok();
    let answer = renewed
        .request(json!({"type": "renew", "token": fresh["token"]}))
        .unwrap();
    assert!(!answer["expires_in"].is_null());
    assert_eq!(left.closed().0, 4401);
    renewed.ping();
}

#[test]
fn a_socket_is_not_renewed_with_the_token_of_another_user_or_login() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    for token in [hub.token("binta"), hub.token("awa"), "a.b.c".into()] {
        let refusal = socket
            .request(json!({"type": "renew", "token": token}))
            .unwrap_err();
        assert!(
            ["unauthorized", "forbidden"].contains(&refusal.code.as_str()),
            "{}",
            refusal.frame
        );
    }
    socket.refused(json!({"type": "renew"}), "invalid_request");
    socket.ping();
}

#[test]
fn a_ping_frame_is_answered_with_time_and_cursor() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    let pong = socket
        .request(json!({"type": "ping", "id": "battement"}))
        .unwrap();
    assert_eq!(
        (&pong["type"], &pong["id"]),
        (&json!("pong"), &json!("battement"))
    );
    assert!(pong["at"].is_string() && pong["cursor"].is_string());
}

#[test]
fn the_hub_pings_and_keeps_a_peer_that_answers() {
    let hub = Hub::with().env("SERVER__HEARTBEAT_MS", 200).start();
    let token = hub.token("awa");
    let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
    let mut pings = 0;
    while pings < 8 {
        let frame = socket.read().expect("a peer that answers is kept");
        assert_ne!(frame.opcode, raw::CLOSE);
        if frame.opcode == raw::PING {
            pings += 1;
            socket.send(0x80 | raw::PONG, &frame.payload);
        }
    }
}

#[test]
fn a_peer_that_was_silent_for_two_and_a_half_heartbeats_is_closed() {
    let hub = Hub::with().env("SERVER__HEARTBEAT_MS", 200).start();
    let token = hub.token("awa");
    let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
    let began = Instant::now();
    while let Some(frame) = socket.read() {
        if frame.opcode == raw::CLOSE {
            break;
        }
    }
    let after = began.elapsed();
    assert!(after >= Duration::from_millis(400), "closed after {after:?}");
    assert!(after < Duration::from_secs(5), "closed after {after:?}");
}

#[test]
fn a_silent_peer_does_not_stay_among_the_sessions() {
    let hub = Hub::with().env("SERVER__HEARTBEAT_MS", 200).start();
    let admin = hub.as_user("admin");
    let token = hub.token("awa");
    let _silent = RawSocket::open(hub.addr(), "/ws", Some(&token));
    eventually("only the living are listed", || {
        let list = admin.get("/api/admin/sessions").ok().to_string();
        (!list.contains("awa")).then_some(())
    });
}

#[test]
fn a_binary_frame_is_an_invalid_request_and_the_socket_goes_on() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    socket.ws().send(Message::binary(vec![0, 1, 2])).unwrap();
    let refusal = socket.answer(&json!(null)).unwrap_err();
    assert_eq!(refusal.code, "invalid_request");
    socket.ping();
}

#[test]
fn ten_invalid_requests_in_a_minute_close_with_4400() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    for _ in 0..10 {
        let _ = socket.send_text("{");
    }
    assert_eq!(socket.closed().0, 4400);
    let errors = socket
        .log
        .iter()
        .filter(|f| f["code"] == "invalid_request")
        .count();
    assert_eq!(errors, 10, "each is answered, the last too");
}

#[test]
fn an_array_is_no_frame() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    let _ = socket.send_text("[\"ping\", 1]");
    socket.ping();
    let error = socket.log.iter().find(|f| f["type"] == "error").unwrap();
    assert_eq!(
        (&error["code"], &error["id"]),
        (&json!("invalid_request"), &json!(null))
    );
}

#[test]
fn nine_invalid_requests_do_not_close_and_other_errors_do_not_count() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    for _ in 0..9 {
        socket.refused(json!({"type": "inconnu"}), "invalid_request");
    }
    for _ in 0..20 {
        socket.refused(query("SELECT id FROM secrets", json!([])), "forbidden");
        socket.refused(query("SELEC", json!([])), "invalid_sql");
    }
    socket.ping();
}

#[test]
fn requests_past_the_rate_are_refused_with_a_time_to_wait() {
    let hub = Hub::with()
        .env("LIMITS__REQUESTS_PER_SECOND", 1)
        .env("LIMITS__BURST", 5)
        .start();
    let mut socket = hub.socket("awa");
    let ids: Vec<_> = (0..8)
        .map(|_| socket.send(query("SELECT 1", json!([]))))
        .collect();
    let answers: Vec<_> = ids.iter().map(|id| socket.answer(id)).collect();
    assert!(answers[..5].iter().all(Result::is_ok), "the burst is free");
    let refusal = answers.last().unwrap().as_ref().unwrap_err();
    assert_eq!(refusal.code, "rate_limited");
    assert!(refusal.frame["retry_after_ms"].as_u64().unwrap() > 0);
}

#[test]
fn a_hundred_refusals_for_the_rate_in_ten_seconds_close_with_4429() {
    let hub = Hub::with()
        .env("LIMITS__REQUESTS_PER_SECOND", 1)
        .env("LIMITS__BURST", 1)
        .start();
    let mut socket = hub.socket("awa");
    for _ in 0..120 {
        if socket.try_send(query("SELECT 1", json!([]))).is_err() {
            break;
        }
    }
    assert_eq!(socket.closed().0, 4429);
}

#[test]
fn a_frame_over_the_limit_closes_with_1009() {
    let hub = Hub::with().env("LIMITS__MAX_FRAME_BYTES", 10_000).start();
    let mut socket = hub.socket("awa");
    let text = "x".repeat(9_000);
    assert_eq!(socket.value("SELECT length(?)", json!([text])), 9_000);
    let _ = socket.send_text(&"x".repeat(10_001));
    assert_eq!(socket.closed().0, 1009);
}

#[test]
fn a_broken_frame_closes_with_1002_and_text_that_is_not_utf8_with_1007() {
    let hub = Hub::start();
    let token = hub.token("awa");
    let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
    socket.send(0x80 | 0x40 | raw::TEXT, b"{}");
    assert_eq!(socket.close_code(), 1002);
    let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
    socket.send(0x80 | raw::TEXT, b"{\"a\":\"\xff\"}");
    assert_eq!(socket.close_code(), 1007);
}

#[test]
fn a_close_is_answered_with_its_code() {
    let hub = Hub::start();
    let token = hub.token("awa");
    let mut socket = RawSocket::open(hub.addr(), "/ws", Some(&token));
    socket.send(0x80 | raw::CLOSE, &1000_u16.to_be_bytes());
    assert_eq!(socket.close_code(), 1000);
}

#[test]
fn a_reader_that_stops_reading_is_closed_and_others_do_not_notice() {
    let hub = Hub::with()
        .unthrottled()
        .env("LIMITS__OUTBOX_BYTES", 131_072)
        .start();
    let admin = hub.as_user("admin");
    let _stuck = hub.socket("caro");
    let mut awa = hub.socket_at("awa", "tables=couples");
    let note = |n: usize| format!("{n}{}", "x".repeat(50_000));
    let mut n = 0;
    eventually("the stuck session is gone", || {
        for _ in 0..20 {
            n += 1;
            awa.query(
                "INSERT INTO ventes(produit_id, quantite, note) VALUES (1, 1, ?)",
                json!([note(n)]),
            )
            .unwrap();
        }
        (!admin
            .get("/api/admin/sessions")
            .ok()
            .to_string()
            .contains("\"caro\""))
        .then_some(())
    });
}

#[test]
fn an_administrator_disconnects_a_session_with_4403_and_its_login_is_over() {
    let hub = Hub::start();
    let token = hub.token("awa");
    let mut socket = hub.socket_with_token(&token, "");
    let admin = hub.as_user("admin");
    let reply = admin.delete(&format!("/api/admin/sessions/{}", socket.session()));
    assert_eq!(reply.status / 100, 2, "{}", reply.text);
    assert_eq!(socket.closed_within(Duration::from_secs(2)).0, 4403);
    assert_eq!(refused(&hub, Some(&token), "", &[]).0, 401);
}

#[test]
fn more_requests_in_flight_than_the_pipeline_are_all_answered_or_refused_as_busy() {
    let hub = Hub::with().env("LIMITS__PIPELINE", 4).start();
    let mut socket = hub.socket("awa");
    let ids: Vec<_> = (0..60)
        .map(|n| socket.send(query("INSERT INTO lignes(texte) VALUES (?)", json!([n]))))
        .collect();
    let mut kept = 0;
    for id in &ids {
        match socket.answer(id) {
            Ok(_) => kept += 1,
            Err(refusal) => assert_eq!(refusal.code, "busy", "{}", refusal.frame),
        }
    }
    assert!(kept >= 4);
    assert_eq!(socket.value("SELECT count(*) FROM lignes", json!([])), kept);
}

#[test]
fn frames_of_parts_not_in_this_build_are_unsupported() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    for kind in [
        "send_message",
        "create_room",
        "history",
        "typing",
        "call_open",
        "notify",
    ] {
        let refusal = socket.request(json!({"type": kind})).unwrap_err();
        assert!(
            ["unsupported", "invalid_request", "forbidden"].contains(&refusal.code.as_str()),
            "{kind}: {}",
            refusal.frame
        );
    }
}

#[test]
fn rooms_and_users_are_answered() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    assert!(socket.request(json!({"type": "rooms"})).unwrap()["rooms"].is_array());
    let users = socket.request(json!({"type": "users"})).unwrap()["users"].to_string();
    assert!(users.contains("binta") && users.contains("caro"), "{users}");
    assert!(!users.contains("moussa") && !users.contains("admin"), "{users}");
}

#[test]
fn a_socket_that_is_dropped_without_a_close_leaves_the_list() {
    let hub = Hub::start();
    let admin = hub.as_user("admin");
    let socket = hub.socket("awa");
    let session = socket.session().to_owned();
    let listed = || {
        admin
            .get("/api/admin/sessions")
            .ok()
            .to_string()
            .contains(&session)
    };
    eventually("the session is listed", || listed().then_some(()));
    drop(socket);
    eventually("the session is gone", || (!listed()).then_some(()));
}

#[test]
fn a_killed_hub_leaves_no_socket_hanging() {
    let mut hub = Hub::start();
    let mut socket = hub.socket("awa");
    hub.kill();
    assert_ne!(socket.read_to_the_end(), Gone::Late);
}

#[test]
fn without_an_upgrade_the_route_of_the_socket_refuses_as_the_handshake_does() {
    let hub = Hub::start();
    hub.client().get("/ws").problem(401, "unauthorized");
    hub.as_user("awa").get("/ws").problem(400, "invalid_request");
}

#[test]
fn administrators_hear_who_is_connected_and_nobody_else_does() {
    let hub = Hub::start();
    let mut admin = hub.socket("admin");
    let mut awa = hub.socket("awa");
    let has = |session: String| {
        move |update: &Value| {
            let sessions = update["sessions"].as_array();
            sessions.is_some_and(|all| all.iter().any(|s| s["id"] == session.as_str()))
        }
    };
    let awas = has(awa.session().to_owned());
    let update = admin
        .try_event(|f| f["type"] == "clients_update" && awas(f))
        .unwrap();
    assert!(has(admin.session().to_owned())(&update));
    awa.ping();
    assert!(awa.log.iter().all(|f| f["type"] != "clients_update"));
    drop(awa);
    admin
        .try_event(|f| f["type"] == "clients_update" && !awas(f))
        .unwrap();
}

#[test]
fn a_handshake_is_answered_with_what_it_may_be_answered() {
    let hub = Hub::start();
    let token = hub.token("awa");
    let handshake = |version: &str, more: &str| {
        let mut stream = raw::connect(hub.addr());
        write!(
            stream,
            "GET /ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
            hub.addr()
        )
        .unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        String::from_utf8(head).unwrap().to_ascii_lowercase()
    };
    let authorization = format!("Authorization: Bearer {token}\r\n");
    // Section 4.4: the version that would have been right.
    let other_version = handshake("8", &authorization);
    assert!(other_version.starts_with("http/1.1 400"), "{other_version}");
    assert!(
        other_version.contains("sec-websocket-version: 13"),
        "{other_version}"
    );
    // Section 4.2.2: no subprotocol that was not offered.
    let bearer_alone = handshake("13", &format!("Sec-WebSocket-Protocol: bearer.{token}\r\n"));
    assert!(bearer_alone.starts_with("http/1.1 101"), "{bearer_alone}");
    assert!(!bearer_alone.contains("sec-websocket-protocol"), "{bearer_alone}");
}
