//! Presence and typing: who is there, told to contacts only, seldom enough.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Hub, Socket, eventually, hub::Setup, sse::Sse};

fn quick() -> Setup {
    Hub::with().env("PRESENCE__GRACE_MS", 300)
}

/// Waits until `socket` is shown `username` in such a state; answers the entry.
#[track_caller]
fn shown(socket: &mut Socket, username: &str, is: impl Fn(&Value) -> bool) -> Value {
    let mut found = Value::Null;
    socket
        .try_event(|event| event["type"] == "presence" && entry(event, username).is_some_and(&is))
        .map(|event| found = entry(&event, username).unwrap().clone())
        .unwrap_or_else(|gone| panic!("{username} was not shown so: {gone:?}"));
    found
}

/// The last entry of a user in a frame.
fn entry<'a>(event: &'a Value, username: &str) -> Option<&'a Value> {
    let users = event["users"].as_array()?;
    users.iter().rev().find(|user| user["username"] == username)
}

fn status(wanted: &'static str) -> impl Fn(&Value) -> bool {
    move |user| user["status"] == wanted
}

fn connections(wanted: u64) -> impl Fn(&Value) -> bool {
    move |user| user["connections"] == wanted
}

fn presence_frames(socket: &Socket) -> impl Iterator<Item = &Value> {
    socket.log.iter().filter(|frame| frame["type"] == "presence")
}

fn in_welcome<'a>(socket: &'a Socket, username: &str) -> Option<&'a Value> {
    let users = socket.welcome["presence"].as_array().unwrap();
    users.iter().find(|user| user["username"] == username)
}

#[test]
fn contacts_see_who_comes_with_how_many_terminals_and_who_goes() {
    let hub = quick().start();
    let mut awa = hub.socket("awa");
    let first = hub.socket("binta");
    let user = shown(&mut awa, "binta", connections(1));
    assert_eq!(user["status"], "online");
    assert_eq!(user["role"], "vendeur");
    assert!(user["user_id"].is_i64() && user["status_text"].is_null());
    assert!(user["last_seen"].is_string());
    let second = hub.socket("binta");
    shown(&mut awa, "binta", connections(2));
    let caro = hub.socket("caro");
    assert_eq!(in_welcome(&caro, "binta").unwrap()["connections"], 2);
    assert!(in_welcome(&caro, "awa").is_some());
    assert!(in_welcome(&caro, "caro").is_none(), "nobody is his own contact");
    assert!(caro.welcome.get("presence_truncated").is_none());
    drop(second);
    shown(&mut awa, "binta", connections(1));
    drop(first);
    let user = shown(&mut awa, "binta", status("offline"));
    assert_eq!(user["connections"], 0);
    assert!(in_welcome(&hub.socket("caro"), "binta").is_none());
}

#[test]
fn nobody_is_shown_but_to_his_contacts() {
    let hub = quick().start();
    let (mut awa, mut admin, mut moussa) = (hub.socket("awa"), hub.socket("admin"), hub.socket("moussa"));
    assert_eq!(moussa.welcome["presence"], json!([]));
    let _fatou = hub.socket("fatou");
    let _binta = hub.socket("binta");
    shown(&mut awa, "binta", status("online"));
    shown(&mut admin, "binta", status("online"));
    moussa.ping();
    assert_eq!(presence_frames(&moussa).count(), 0);
    // Vendeurs have no administrators among their contacts; patients are nobody's.
    let _second = hub.socket("admin");
    let _third = hub.socket("caro");
    shown(&mut awa, "caro", status("online"));
    shown(&mut admin, "caro", status("online"));
    for frame in presence_frames(&awa).chain(presence_frames(&admin)) {
        assert!(
            entry(frame, "fatou").is_none() && entry(frame, "moussa").is_none(),
            "{frame}"
        );
    }
    assert!(presence_frames(&awa).all(|frame| entry(frame, "admin").is_none()));
}

#[test]
fn a_reconnect_within_the_grace_is_not_seen() {
    let hub = Hub::with().env("PRESENCE__GRACE_MS", 30_000).start();
    let mut awa = hub.socket("awa");
    let binta = hub.socket("binta");
    shown(&mut awa, "binta", status("online"));
    for _ in 0..3 {
        drop(hub.socket("caro"));
    }
    drop(binta);
    let mut binta = hub.socket("binta");
    binta
        .request(json!({"type": "set_presence", "status": "busy"}))
        .unwrap();
    shown(&mut awa, "binta", status("busy"));
    assert!(presence_frames(&awa).all(|frame| {
        frame["users"]
            .as_array()
            .unwrap()
            .iter()
            .all(|user| user["status"] != "offline")
    }));
}

#[test]
fn a_storm_of_sockets_is_told_at_most_once_a_second() {
    let hub = quick().unthrottled().start();
    let mut awa = hub.socket("awa");
    let tokens = ["awa", "binta", "caro", "admin"].map(|name| hub.token(name));
    let began = Instant::now();
    let sockets: Vec<Socket> = std::thread::scope(|scope| {
        let hub = &hub;
        let storms: Vec<_> = tokens
            .iter()
            .map(|token| {
                scope.spawn(move || {
                    (0..75)
                        .map(|_| hub.socket_with_token(token, ""))
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        storms
            .into_iter()
            .flat_map(|storm| storm.join().unwrap())
            .collect()
    });
    shown(&mut awa, "caro", connections(75));
    let seconds = began.elapsed().as_secs_f64();
    let told = presence_frames(&awa).count();
    assert!(told as f64 <= seconds + 2.0, "{told} frames in {seconds:.1} s");
    // Whoever came last sees in the welcome what the others were told.
    assert_eq!(
        in_welcome(&hub.socket("admin"), "caro").unwrap()["connections"],
        75
    );
    drop(sockets);
    shown(&mut awa, "caro", status("offline"));
}

#[test]
fn who_does_nothing_is_away_until_he_does_something() {
    let hub = quick().env("PRESENCE__AWAY_AFTER_S", 1).start();
    let mut awa = hub.socket("awa");
    let mut binta = hub.socket("binta");
    shown(&mut awa, "binta", status("away"));
    // A ping is the terminal's doing, not the user's.
    binta.ping();
    binta.query("SELECT 1", json!([])).unwrap();
    shown(&mut awa, "binta", status("online"));
    shown(&mut awa, "binta", status("away"));
    // On any of his terminals, and over HTTP.
    hub.as_user("binta").get("/api/me").ok();
    shown(&mut awa, "binta", status("online"));
}

#[test]
fn busy_is_shown_with_its_note_until_its_time() {
    let hub = quick().start();
    let mut awa = hub.socket("awa");
    let mut binta = hub.socket("binta");
    let at = comptoir::domain::timestamp::now_ms() + 2_500;
    let until = comptoir::domain::timestamp::rfc3339(at);
    binta
        .request(json!({"type": "set_presence", "status": "busy", "status_text": "en consultation", "until": until}))
        .unwrap();
    let user = shown(&mut awa, "binta", status("busy"));
    assert_eq!(user["status_text"], "en consultation");
    assert_eq!(user["until"], until);
    let user = shown(&mut awa, "binta", status("online"));
    assert!(user["status_text"].is_null() && user.get("until").is_none());
    assert!(comptoir::domain::timestamp::now_ms() >= at);
    // Until he says otherwise; a note goes with any state.
    binta
        .request(json!({"type": "set_presence", "status": "online", "status_text": "au comptoir"}))
        .unwrap();
    assert_eq!(
        shown(&mut awa, "binta", |user| !user["status_text"].is_null())["status_text"],
        "au comptoir"
    );
}

#[test]
fn what_a_user_says_of_himself_is_checked() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for wrong in [
        json!({"type": "set_presence"}),
        json!({"type": "set_presence", "status": "offline"}),
        json!({"type": "set_presence", "status": 1}),
        json!({"type": "set_presence", "status": "busy", "status_text": "x".repeat(201)}),
        json!({"type": "set_presence", "status": "busy", "status_text": "a\nb"}),
        json!({"type": "set_presence", "status": "busy", "until": "tomorrow"}),
        json!({"type": "set_presence", "status": "busy", "until": "2001-01-01T00:00:00Z"}),
    ] {
        awa.refused(wrong, "invalid_request");
    }
}

#[test]
fn when_somebody_was_last_seen_survives_a_restart() {
    let mut hub = quick().start();
    let mut awa = hub.socket("awa");
    let binta = hub.socket("binta");
    shown(&mut awa, "binta", status("online"));
    drop(binta);
    let left = shown(&mut awa, "binta", status("offline"))["last_seen"].clone();
    assert!(left.is_string());
    hub.stop();
    hub.restart();
    let mut awa = hub.socket("awa");
    let users = awa.request(json!({"type": "users"})).unwrap()["users"].clone();
    let of = |name: &str| {
        let found = users
            .as_array()
            .unwrap()
            .iter()
            .find(|user| user["username"] == name);
        found.unwrap().clone()
    };
    assert_eq!(of("binta")["last_seen"], left);
    assert_eq!(of("binta")["status"], "offline");
    assert!(of("caro")["last_seen"].is_null(), "he was never here");
}

#[test]
fn a_user_who_may_no_longer_be_here_is_gone_at_once_and_a_new_role_has_new_contacts() {
    let hub = Hub::with().env("PRESENCE__GRACE_MS", 60_000).start();
    let (mut awa, mut admin) = (hub.socket("awa"), hub.socket("admin"));
    let _binta = hub.socket("binta");
    let _caro = hub.socket("caro");
    shown(&mut awa, "caro", status("online"));
    hub.cli(&["user", "disable", "caro"]).succeeded();
    shown(&mut awa, "caro", status("offline"));
    // Vendeurs do not see administrators, administrators do.
    hub.cli(&["user", "role", "binta", "administrateur"]).succeeded();
    let user = shown(&mut awa, "binta", status("offline"));
    assert_eq!(user["role"], "vendeur");
    shown(&mut admin, "binta", |user| {
        user["role"] == "administrateur" && user["status"] == "online"
    });
}

#[test]
fn an_open_stream_counts_and_polls_are_one_terminal() {
    let hub = Hub::with().env("PRESENCE__GRACE_MS", 3_000).start();
    let mut awa = hub.socket("awa");
    let mut stream = Sse::open(&hub.as_user("binta"), "/api/events");
    stream.next_of("welcome");
    shown(&mut awa, "binta", connections(1));
    let caro = hub.as_user("caro");
    for _ in 0..3 {
        caro.get("/api/events?wait_ms=0").ok();
    }
    assert_eq!(shown(&mut awa, "caro", status("online"))["connections"], 1);
    shown(&mut awa, "caro", status("offline"));
    assert!(
        presence_frames(&awa).all(|frame| entry(frame, "caro").is_none_or(|user| user["connections"] != 2))
    );
}

#[test]
fn typing_is_shown_to_the_members_of_the_room_once_a_second() {
    let hub = Hub::start();
    let (mut awa, mut second) = (hub.socket("awa"), hub.socket("awa"));
    let (mut binta, mut caro) = (hub.socket("binta"), hub.socket("caro"));
    let binta_id = binta.welcome["user"]["id"].clone();
    let room = awa
        .request(json!({"type": "open_direct", "user_id": binta_id}))
        .unwrap()["room"]["id"]
        .clone();
    let typing = |on: bool| json!({"type": "typing", "room": room, "on": on});
    for _ in 0..5 {
        awa.request(typing(true)).unwrap();
    }
    awa.request(typing(false)).unwrap();
    caro.refused(typing(true), "not_found");
    awa.request(json!({
        "type": "send_message", "room": room, "kind": "text", "content": "bonjour",
        "client_id": uuid::Uuid::new_v4().to_string()
    }))
    .unwrap();
    for socket in [&mut binta, &mut second] {
        socket.event("new_message");
        let shown: Vec<bool> = socket
            .log
            .iter()
            .filter(|frame| frame["type"] == "typing")
            .map(|frame| frame["on"].as_bool().unwrap())
            .collect();
        assert_eq!(shown, [true, false]);
    }
    awa.ping();
    caro.ping();
    for socket in [&awa, &caro] {
        assert!(socket.log.iter().all(|frame| frame["type"] != "typing"));
    }
    eventually("a second later it is shown again", || {
        awa.request(typing(true)).unwrap();
        let deadline = Instant::now() + Duration::from_millis(50);
        while binta.frame(deadline).is_ok() {}
        let shown = binta.log.iter().filter(|frame| frame["type"] == "typing").count();
        (shown == 3).then_some(())
    });
}
