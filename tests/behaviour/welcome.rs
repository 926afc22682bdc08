//! The first frame.

use std::io::Write as _;

use serde_json::json;

use crate::support::{Hub, PATIENCE, raw};

#[test]
fn the_welcome_has_every_member_of_the_contract() {
    let hub = Hub::start();
    let socket = hub.socket("awa");
    let w = &socket.welcome;
    assert!(uuid::Uuid::parse_str(w["session"].as_str().unwrap()).is_ok());
    assert!(w["epoch"].is_string() && w["cursor"].is_string() && w["commit"].is_u64());
    assert_eq!(w["heartbeat_ms"], 10_000);
    assert_eq!(w["user"]["username"], "awa");
    assert_eq!(w["user"]["display_name"], "Awa Diop");
    assert_eq!(w["user"]["role"], "vendeur");
    assert!(w["user"]["id"].is_i64() && w["user"]["lang"].is_string());
    assert_eq!(w["server"]["name"], "comptoir");
    assert!(w["server"]["version"].is_string());
    assert_eq!(
        w["limits"],
        json!({"max_frame_bytes": 1 << 20, "max_result_bytes": 4 << 20, "max_rows": 10_000,
               "requests_per_second": 100, "burst": 500, "pipeline": 64})
    );
    assert!(w["rooms"].is_array() && w["presence"].is_array());
    assert_eq!(w["unread_notifications"], 0);
    let at = w["at"].as_str().unwrap();
    assert!(at.len() == 24 && at.ends_with('Z'), "milliseconds in UTC: {at}");
}

#[test]
fn the_heartbeat_and_the_limits_told_are_those_configured() {
    let hub = Hub::with()
        .env("SERVER__HEARTBEAT_MS", 2500)
        .env("LIMITS__MAX_ROWS", 7)
        .env("LIMITS__PIPELINE", 3)
        .start();
    let socket = hub.socket("awa");
    assert_eq!(socket.welcome["heartbeat_ms"], 2500);
    assert_eq!(socket.welcome["limits"]["max_rows"], 7);
    assert_eq!(socket.welcome["limits"]["pipeline"], 3);
}

#[test]
fn each_socket_is_a_session_of_its_own_and_the_epoch_is_the_same() {
    let hub = Hub::start();
    let (a, b) = (hub.socket("awa"), hub.socket("awa"));
    assert_ne!(a.session(), b.session());
    assert_eq!(a.welcome["epoch"], b.welcome["epoch"]);
}

#[test]
fn the_commit_told_is_the_last_one_and_joins_a_snapshot_to_the_stream() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let made = awa
        .query("UPDATE produits SET stock = 41 WHERE id = 1", json!([]))
        .unwrap();
    let late = hub.socket("caro");
    assert_eq!(late.welcome["commit"], made["commit"]);
}

#[test]
fn nothing_is_answered_before_the_welcome_however_early_it_was_asked() {
    let hub = Hub::start();
    let token = hub.token("awa");
    for _ in 0..5 {
        let mut stream = raw::connect(hub.addr());
        let mut early = format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
             Authorization: Bearer {token}\r\n\r\n",
            hub.addr()
        )
        .into_bytes();
        early.extend(raw::frame(0x80 | raw::TEXT, br#"{"type":"ping","id":1}"#));
        early.extend(raw::frame(0x80 | raw::CLOSE, &1000_u16.to_be_bytes()));
        stream.write_all(&early).unwrap();
        let all = raw::read_to_end(&mut stream, PATIENCE).expect("it closes");
        let all = String::from_utf8_lossy(&all);
        let (welcome, pong) = (all.find("\"welcome\""), all.find("\"pong\""));
        assert!(
            pong.is_none() || welcome.is_some_and(|at| Some(at) < pong),
            "{all}"
        );
    }
}
