//! Guests: the code, the lobby, and a token that is good for one call alone.

use serde_json::json;

use super::*;
use crate::support::socket;

/// A call with a guest who knocks: the hub, the doctor, the guest, his token, the call and his number.
struct Knock {
    hub: Hub,
    doctor: Socket,
    guest: Socket,
    token: String,
    call: Value,
    number: Value,
}

fn knock(setup: Setup) -> Knock {
    let hub = setup.start();
    let mut doctor = hub.socket("martin");
    let room = group(&mut doctor, &[]);
    let opened = open_with_code(&hub, &room);
    let link = &opened["data"]["conferenceLink"];
    let call = link["sessionId"].clone();
    let joined = try_join(&hub, &call, link["joinCode"].as_str().unwrap()).ok();
    let token = joined["token"].as_str().unwrap().to_owned();
    let guest = hub.socket_with_token(&token, "");
    let number = joined["participant"].clone();
    Knock {
        hub,
        doctor,
        guest,
        token,
        call,
        number,
    }
}

fn admit(knock: &mut Knock) {
    let admit = json!({"type": "call_admit", "call_id": knock.call, "participant": knock.number});
    knock.doctor.request(admit).unwrap();
    state(&mut knock.guest, |s| s["state"] == "active");
}

#[test]
fn a_call_with_a_link_has_the_shape_that_pages_know() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let room = group(&mut doctor, &[]);
    // Older pages send the id as text.
    let opened = open_with_code(&hub, &json!(room.to_string()));
    assert_eq!(opened["status"], "success");
    assert_eq!(opened["ice_servers"], json!([]));
    let session = &opened["data"]["session"];
    assert_eq!(session["conversation_id"], room);
    assert_eq!(
        (&session["session_type"], &session["statut"]),
        (&json!("audio_video"), &json!("initiating"))
    );
    assert!(session["expires_at"].is_string());
    let link = &opened["data"]["conferenceLink"];
    let (id, code) = (&session["id"], link["joinCode"].as_str().unwrap());
    assert_eq!(link["sessionId"], *id);
    assert_eq!(link["conferenceUrl"], hub.url(&format!("/conference/{id}")));
    assert_eq!(
        link["fullLink"],
        hub.url(&format!("/conference/{id}?code={code}"))
    );
    assert!(
        code.len() == 8
            && code
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
    );

    let shown = hub
        .as_user("martin")
        .get(&format!("/api/messaging/webrtc/sessions/{id}"))
        .ok();
    assert_eq!(shown["data"]["conferenceLink"], *link);
    let plain = hub.as_user("martin").post(
        "/api/messaging/webrtc/sessions",
        &json!({"conversation_id": room, "session_type": "audio_only"}),
    );
    assert_eq!(plain.ok()["data"]["conferenceLink"], json!(null));
}

#[test]
fn a_guest_joins_with_the_code_waits_in_the_lobby_and_is_let_in() {
    let mut knock = knock(clinic());
    let guest = &mut knock.guest;
    assert_eq!(guest.welcome["user"]["display_name"], "Fatou");
    assert_eq!(guest.welcome["user"]["id"], json!(null));
    let waiting = state(guest, |_| true);
    assert_eq!(participant(&waiting, &knock.number)["state"], "lobby");
    assert_eq!(waiting["host"]["name"], "Dr Claire Martin");
    guest.refused(offer(&knock.call, "early"), "forbidden");

    let seen = state(&mut knock.doctor, |s| {
        !s["participants"].as_array().unwrap().is_empty()
    });
    let knocking = participant(&seen, &knock.number);
    assert_eq!(
        (&knocking["state"], &knocking["guest"]),
        (&json!("lobby"), &json!(true))
    );
    // Nothing reaches the lobby.
    assert_eq!(
        knock.doctor.request(offer(&knock.call, "x")).unwrap()["delivered"],
        0
    );

    let admit = json!({"type": "call_admit", "call_id": knock.call, "participant": knock.number});
    knock.doctor.request(admit).unwrap();
    let inside = state(&mut knock.guest, |s| s["state"] == "active");
    assert_eq!(inside["ice_servers"], json!([]));
    assert!(inside.get("room").is_none() && inside.get("rung").is_none());
    knock
        .guest
        .request(json!({"type": "request_webrtc_offer", "call_id": knock.call}))
        .unwrap();
    let asked = knock.doctor.event("request_webrtc_offer");
    assert_eq!(
        asked["from"],
        json!({"participant": knock.number, "name": "Fatou"})
    );
    knock.doctor.request(offer(&knock.call, "v=0")).unwrap();
    assert_eq!(knock.guest.event("webrtc_offer")["sdp"], "v=0");
    let answer = json!({"type": "webrtc_answer", "call_id": knock.call, "sdp": "v=1"});
    knock.guest.request(answer).unwrap();
    assert_eq!(knock.doctor.event("webrtc_answer")["sdp"], "v=1");

    // The network blips.
    drop(knock.guest);
    state(&mut knock.doctor, |s| {
        participant(s, &knock.number)["state"] == "away"
    });
    assert_eq!(
        knock.doctor.request(offer(&knock.call, "kept")).unwrap()["queued"],
        1
    );
    let mut guest = knock.hub.socket_with_token(&knock.token, "");
    assert_eq!(state(&mut guest, |_| true)["you"], knock.number);
    assert_eq!(guest.event("webrtc_offer")["sdp"], "kept");
}

#[test]
fn a_browsers_socket_brings_the_token_as_a_subprotocol() {
    let knock = knock(clinic());
    let mut request = socket::request(knock.hub.addr(), "");
    let offered = format!("comptoir.v1, bearer.{}", knock.token);
    request
        .headers_mut()
        .insert("sec-websocket-protocol", offered.parse().unwrap());
    let (ws, response) = socket::upgrade(knock.hub.addr(), request).unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "comptoir.v1");
    let mut newer = Socket::over(ws);
    state(&mut newer, |s| s["you"] == knock.number);
}

#[test]
fn a_guest_who_hangs_up_hears_so_before_his_socket_closes() {
    for admitted in [false, true] {
        let mut knock = knock(clinic());
        if admitted {
            admit(&mut knock);
        }
        let hang_up = json!({"type": "call_hangup", "call_id": knock.call});
        knock.guest.request(hang_up).unwrap();
        assert_eq!(closed_with(knock.guest.read_to_the_end()), 4401);
        let last = knock.guest.events_of("call_state").last().unwrap();
        assert_eq!((&last["you"], &last["reason"]), (&json!(null), &json!("hung_up")));
    }
}

#[test]
fn a_second_socket_of_a_guest_takes_the_place_of_the_first() {
    let mut knock = knock(clinic());
    let mut second = knock.hub.socket_with_token(&knock.token, "");
    state(&mut second, |s| s["you"] == knock.number);
    assert_eq!(closed_with(knock.guest.read_to_the_end()), 4403);
}

#[test]
fn a_guest_who_is_refused_is_sent_away_and_does_not_come_back() {
    let mut knock = knock(clinic());
    let deny = json!({"type": "call_deny", "call_id": knock.call, "participant": knock.number});
    knock.doctor.request(deny).unwrap();
    assert_eq!(
        state(&mut knock.guest, |s| s["reason"] == "denied")["you"],
        json!(null)
    );
    assert_eq!(closed_with(knock.guest.read_to_the_end()), 4403);
    let refused = Socket::try_open(knock.hub.addr(), &knock.token, "")
        .err()
        .unwrap();
    assert!(format!("{refused:?}").contains("401"), "{refused:?}");
}

#[test]
fn a_guest_who_is_removed_gets_nothing_more() {
    let mut knock = knock(clinic());
    admit(&mut knock);
    let deny = json!({"type": "call_deny", "call_id": knock.call, "participant": knock.number});
    knock.doctor.request(deny).unwrap();
    state(&mut knock.guest, |s| s["reason"] == "removed");
    assert_eq!(closed_with(knock.guest.read_to_the_end()), 4403);
}

#[test]
fn the_end_of_the_call_is_the_end_of_the_token() {
    let mut knock = knock(clinic());
    admit(&mut knock);
    let end = json!({"type": "call_end", "call_id": knock.call});
    knock.doctor.request(end).unwrap();
    assert_eq!(
        state(&mut knock.guest, |s| s["state"] == "ended")["reason"],
        "ended_by_host"
    );
    assert_eq!(closed_with(knock.guest.read_to_the_end()), 4401);
    let refused = Socket::try_open(knock.hub.addr(), &knock.token, "")
        .err()
        .unwrap();
    assert!(format!("{refused:?}").contains("401"), "{refused:?}");
}

#[test]
fn a_guests_token_is_good_for_nothing_else() {
    let mut knock = knock(clinic());
    admit(&mut knock);
    let client = knock
        .hub
        .client()
        .header("authorization", &format!("Bearer {}", knock.token));
    let document = knock.hub.client().get("/api/openapi.json").ok();
    let mut tried = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path
            .split('/')
            .map(|part| if part.starts_with('{') { "1" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"] == json!([]) || !operation.is_object() {
                continue; // for everybody, token or not
            }
            let method = method.to_uppercase();
            let body = (method != "GET" && method != "DELETE").then(|| "{}".to_owned());
            let reply = client.send(&method, &path, body).unwrap();
            assert_eq!(reply.status, 401, "{method} {path}: {}", reply.text);
            tried += 1;
        }
    }
    assert!(tried > 30, "only {tried} routes were tried");

    let guest = &mut knock.guest;
    for frame in [
        json!({"type": "query", "query": "SELECT 1"}),
        json!({"type": "batch", "statements": [{"query": "SELECT 1"}]}),
        json!({"type": "rpc", "function": "rechercherMedecins"}),
        json!({"type": "subscribe", "tables": "*"}),
        json!({"type": "renew", "token": knock.token}),
        json!({"type": "create_room", "name": "x", "members": []}),
        json!({"type": "open_direct", "user_id": 1}),
        json!({"type": "join_room", "room": 1}),
        json!({"type": "leave_room", "room": 1}),
        json!({"type": "send_message", "room": 1, "kind": "text", "content": "x", "client_id": "1f0e8c9c-6d0f-4d5a-9a53-1f0e8c9c6d0f"}),
        json!({"type": "history", "room": 1}),
        json!({"type": "search_messages", "text": "x"}),
        json!({"type": "mark_read", "room": 1, "up_to": 1}),
        json!({"type": "typing", "room": 1, "on": true}),
        json!({"type": "call_open", "room": 1, "media": "audio_video"}),
        json!({"type": "call_admit", "call_id": knock.call, "participant": 1}),
        json!({"type": "call_deny", "call_id": knock.call, "participant": 1}),
        json!({"type": "call_end", "call_id": knock.call}),
        json!({"type": "call_decline", "call_id": knock.call}),
    ] {
        guest.refused(frame, "forbidden");
    }
    assert_eq!(
        guest.request(json!({"type": "rooms"})).unwrap()["rooms"],
        json!([])
    );
    assert_eq!(
        guest.request(json!({"type": "users"})).unwrap()["users"],
        json!([])
    );
    for list in ["rooms", "presence"] {
        assert_eq!(guest.welcome[list], json!([]), "{list}");
    }
    // Nor for another call.
    let room = group(&mut knock.doctor, &[]);
    let other = open(&mut knock.doctor, &room);
    for frame in [
        offer(&other, "x"),
        json!({"type": "call_accept", "call_id": other}),
    ] {
        knock.guest.refused(frame, "not_found");
    }
    // What happens in the house does not reach him.
    let said = json!({"type": "send_message", "room": room, "kind": "text", "content": "secret",
        "client_id": "2f0e8c9c-6d0f-4d5a-9a53-1f0e8c9c6d0f"});
    knock.doctor.request(said).unwrap();
    knock.guest.ping();
    let strange: Vec<&Value> = knock
        .guest
        .log
        .iter()
        .filter(|f| {
            !["welcome", "call_state", "result", "error", "pong"].contains(&f["type"].as_str().unwrap())
        })
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn codes_cannot_be_tried_out_and_an_unknown_call_answers_as_a_wrong_code_does() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let room = group(&mut doctor, &[]);
    let opened = open_with_code(&hub, &room);
    let link = &opened["data"]["conferenceLink"];
    let call = &link["sessionId"];
    let wrong = try_join(&hub, call, "00000000").problem(404, "not_found");
    let unknown = try_join(&hub, &json!(4711), "00000000").problem(404, "not_found");
    for member in ["title", "detail", "type"] {
        assert_eq!(wrong[member], unknown[member]);
    }
    for _ in 0..3 {
        try_join(&hub, call, "1234").problem(404, "not_found");
    }
    let slowed = try_join(&hub, call, link["joinCode"].as_str().unwrap());
    assert!(
        slowed.problem(429, "rate_limited")["retry_after_ms"]
            .as_u64()
            .unwrap()
            > 0
    );
}

#[test]
fn a_code_is_stored_nowhere() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let room = group(&mut doctor, &[]);
    let opened = open_with_code(&hub, &room);
    let code = opened["data"]["conferenceLink"]["joinCode"].as_str().unwrap();
    for file in ["hub.db", "hub.db-wal", "data.db", "data.db-wal"] {
        let bytes = std::fs::read(hub.data_dir().join(file)).unwrap_or_default();
        assert!(!bytes.windows(8).any(|w| w == code.as_bytes()), "{file}");
    }
    assert!(!hub.log().contains(code));
}

#[test]
fn a_name_is_needed_and_bounded() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let room = group(&mut doctor, &[]);
    let opened = open_with_code(&hub, &room);
    let link = &opened["data"]["conferenceLink"];
    let path = format!("/api/messaging/webrtc/sessions/{}/join", link["sessionId"]);
    for name in ["", "  ", &"x".repeat(81), "Dr\u{202e}nitraM"] {
        let body = json!({"code": link["joinCode"], "name": name});
        hub.client().post(&path, &body).problem(400, "invalid_request");
    }
}

#[test]
fn turn_credentials_end_with_the_call_and_are_each_participants_own() {
    let knock = &mut knock(
        clinic()
            .env("CALLS__ICE_SERVERS", "turn:192.0.2.1:3478,stun:192.0.2.1:3478")
            .env("CALLS__TURN_SECRET", "between hub and relay"),
    );
    let admit = json!({"type": "call_admit", "call_id": knock.call, "participant": knock.number});
    knock.doctor.request(admit).unwrap();
    let inside = state(&mut knock.guest, |s| s["ice_servers"].is_array());
    let servers = &inside["ice_servers"];
    let username = servers[0]["username"].as_str().unwrap();
    let (until, label) = username.split_once(':').unwrap();
    assert!(until.parse::<u64>().unwrap() > 0);
    assert_eq!(label, format!("{}-{}", knock.call, knock.number));
    assert!(servers[0]["credential"].is_string());
    assert_eq!(servers[1], json!({"urls": ["stun:192.0.2.1:3478"]}));
}
