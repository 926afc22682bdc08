//! Counts are absolute: whoever shows the last one that came shows what is so, whatever happened at the same time.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Hub, Socket};

const ROUNDS: usize = 60;

fn start() -> Hub {
    Hub::with()
        .app(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/notices"))
        .unthrottled()
        .start()
}

/// The room of everyone.
fn everyone(socket: &Socket) -> i64 {
    let rooms = socket.welcome["rooms"].as_array().unwrap();
    let everyone = rooms.iter().find(|room| room["kind"] == "everyone").unwrap();
    everyone["id"].as_i64().unwrap()
}

fn message(room: i64, content: &str) -> Value {
    json!({"type": "send_message", "room": room, "kind": "text", "content": content, "client_id": content})
}

fn last_count(socket: &Socket) -> Option<&Value> {
    let counts = socket.events_of("unread").map(|frame| &frame["notifications"]);
    counts.filter(|count| !count.is_null()).last()
}

#[test]
fn the_last_count_that_came_is_the_count_whoever_acts_at_the_same_time() {
    let hub = start();
    let (mut doc, mut one, mut other) = (hub.socket("doc"), hub.socket("pia"), hub.socket("pia"));
    let (room, pia) = (everyone(&doc), one.welcome["user"]["id"].clone());
    let notify = json!({"type": "notify", "to_user": pia, "event": "e", "title": "t"});
    let mark = json!({"type": "mark_notifications_read", "ids": "all"});
    for round in 0..ROUNDS {
        let told = [doc.send(notify.clone()), doc.send(notify.clone())];
        let marked = [one.send(mark.clone()), other.send(mark.clone())];
        let more = doc.send(notify.clone());
        for id in told.iter().chain([&more]) {
            doc.answer(id).unwrap();
        }
        one.answer(&marked[0]).unwrap();
        other.answer(&marked[1]).unwrap();
        // What was told before it is there once this is.
        let content = format!("round {round}");
        doc.request(message(room, &content)).unwrap();
        for socket in [&mut one, &mut other] {
            socket
                .try_event(|event| event["type"] == "new_message" && event["message"]["content"] == content)
                .unwrap();
        }
        let fresh = one.request(json!({"type": "notifications", "limit": 1})).unwrap();
        assert_eq!(last_count(&one), Some(&fresh["unread"]), "round {round}");
        assert_eq!(last_count(&other), Some(&fresh["unread"]), "round {round}");
    }
}

#[test]
fn an_answer_is_not_older_than_what_came_before_it() {
    let hub = start();
    let (mut doc, mut admin, mut pia) = (hub.socket("doc"), hub.socket("admin"), hub.socket("pia"));
    let room = everyone(&doc);
    let notify = json!({"type": "notify", "to_user": pia.welcome["user"]["id"], "event": "e", "title": "t"});
    for round in 0..ROUNDS {
        // Few enough: a look that was overtaken is repeated only so often.
        let told: Vec<Value> = (0..2).map(|_| doc.send(notify.clone())).collect();
        let sent: Vec<Value> = (0..2)
            .map(|n| admin.send(message(room, &format!("{round}-{n}"))))
            .collect();
        let asked: Vec<Value> = (0..3)
            .flat_map(|_| {
                let list = pia.send(json!({"type": "notifications", "limit": 1}));
                [list, pia.send(json!({"type": "rooms"}))]
            })
            .collect();
        told.iter().for_each(|id| drop(doc.answer(id).unwrap()));
        sent.iter().for_each(|id| drop(admin.answer(id).unwrap()));
        asked.iter().for_each(|id| drop(pia.answer(id).unwrap()));
    }
    // Nothing is read meanwhile: both only rise. (An answer may well be newer than a frame that is still to come.)
    let (mut unread, mut seq) = (0, 0);
    for frame in &pia.log[1..] {
        match frame["type"].as_str() {
            Some("unread") if frame["notifications"].is_i64() => {
                rises(&mut unread, &frame["notifications"], frame);
            }
            Some("new_message") => rises(&mut seq, &frame["message"]["seq"], frame),
            Some("result") if frame["notifications"].is_array() => {
                rises(&mut unread.clone(), &frame["unread"], frame);
            }
            Some("result") => {
                let rooms = frame["rooms"].as_array().unwrap();
                let shown = rooms.iter().find(|shown| shown["id"] == room).unwrap();
                rises(&mut seq.clone(), &shown["last_seq"], frame);
            }
            _ => {}
        }
    }
}

#[track_caller]
fn rises(before: &mut i64, now: &Value, frame: &Value) {
    let now = now.as_i64().unwrap();
    assert!(now >= *before, "{before} came before {frame}");
    *before = now;
}
