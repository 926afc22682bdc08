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

#[test]
fn however_much_was_written_the_welcome_is_short_and_says_what_it_left_out() {
    let hub = Hub::with().unthrottled().start();
    let mut awa = hub.socket("awa");
    let long = "é".repeat(30_000);
    for n in 0..40 {
        let made = awa
            .request(json!({"type": "create_room", "name": format!("Salle {n}"), "members": []}))
            .unwrap();
        awa.request(json!({
            "type": "send_message", "room": made["room"]["id"], "kind": "text", "content": long,
            "client_id": format!("long-{n}"),
        }))
        .unwrap();
    }
    let welcome = hub.socket("awa").welcome;
    assert!(welcome.to_string().len() < 200_000);
    let rooms = welcome["rooms"].as_array().unwrap();
    let room = rooms.iter().find(|room| room["name"] == "Salle 3").unwrap();
    assert_eq!(room["last_message"]["content"], "é".repeat(500));
    assert_eq!(room["last_message"]["truncated"], true);
    assert!(welcome.get("rooms_truncated").is_none());
    // Whole where it is asked for.
    let history = awa
        .request(json!({"type": "history", "room": room["id"], "limit": 1}))
        .unwrap();
    assert_eq!(history["messages"][0]["content"], long);
    assert!(history["messages"][0].get("truncated").is_none());
}

#[test]
fn whoever_is_in_very_many_rooms_is_told_of_the_last_ones_and_asks_for_the_others() {
    let hub = Hub::start();
    let id = hub.socket("awa").welcome["user"]["id"].clone();
    let db = rusqlite::Connection::open(hub.data_dir().join("hub.db")).unwrap();
    db.execute_batch(&format!(
        "PRAGMA busy_timeout = 30000;
         BEGIN IMMEDIATE;
         WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1050)
           INSERT INTO rooms(id, kind, name, created_at_ms) SELECT 1000 + i, 'group', 'Salle ' || i, 1 FROM n;
         INSERT INTO members(room_id, user_id, joined_at_ms) SELECT id, {id}, 1 FROM rooms WHERE id > 1000;
         COMMIT;"
    ))
    .unwrap();
    let mut awa = hub.socket("awa");
    let welcome = awa.welcome.clone();
    assert_eq!(welcome["rooms_truncated"], true);
    let mut ids: Vec<_> = welcome["rooms"].as_array().unwrap().clone();
    assert!(ids.len() <= 1_000);
    loop {
        let more = awa
            .request(json!({"type": "rooms", "offset": ids.len()}))
            .unwrap();
        ids.extend(more["rooms"].as_array().unwrap().iter().cloned());
        if more.get("rooms_truncated").is_none() {
            break;
        }
    }
    let ids: std::collections::BTreeSet<_> = ids.iter().map(|room| room["id"].as_i64()).collect();
    assert!(ids.len() >= 1_050, "{}", ids.len());
}
