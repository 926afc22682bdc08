//! Urgent messages are repeated until somebody acknowledges them, and handed on where nobody does; old ones are forgotten.

use serde_json::{Value, json};

use crate::support::{Hub, Socket, eventually, unique};

fn hub(repeats: u32) -> Hub {
    Hub::with()
        .env("MESSAGES__URGENT_REPEAT_S", 1)
        .env("MESSAGES__URGENT_REPEATS", repeats)
        .start()
}

fn urgent(from: &mut Socket, to: &Value, content: &str) -> Value {
    let frame = json!({"type": "send_message", "to": to, "kind": "text", "content": content, "priority": "urgent",
        "client_id": unique("u")});
    let sent = from.request(frame).unwrap()["message"].clone();
    assert_eq!(sent["needs_ack"], true);
    sent
}

#[test]
fn an_urgent_message_comes_again_until_it_is_acknowledged() {
    let hub = hub(100);
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let to = hub.login("binta")["user"]["id"].clone();
    let first = urgent(&mut awa, &to, "brancardier !");
    let reminder = binta.event("notification");
    assert_eq!(reminder["event"], "urgent_message");
    assert_eq!(
        reminder["data"],
        json!({"room": first["room"], "message_id": first["id"]})
    );
    // Without the words: it stays with whoever leaves the room.
    assert!(!reminder.to_string().contains("brancardier"), "{reminder}");
    let again = binta.event("notification");
    assert_eq!(again["id"], reminder["id"]);
    assert!(again["count"].as_i64() > reminder["count"].as_i64());
    let acknowledge = json!({"type": "acknowledge", "room": first["room"], "message_id": first["id"]});
    binta.request(acknowledge).unwrap();
    // Of two, only the one that was not acknowledged goes on.
    let second = urgent(&mut awa, &to, "réanimation !");
    for _ in 0..3 {
        let reminder = binta.event("notification");
        if reminder["data"]["message_id"] == first["id"] {
            continue; // it was on its way
        }
        assert_eq!(reminder["data"]["message_id"], second["id"]);
    }
    let about_first = binta
        .events_of("notification")
        .filter(|n| n["data"]["message_id"] == first["id"])
        .count();
    assert!(about_first <= 3, "{about_first}");
}

#[test]
fn an_urgent_message_that_nobody_acknowledges_is_handed_to_the_role() {
    let hub = hub(1);
    let (mut caro, mut awa) = (hub.socket("caro"), hub.socket("awa"));
    let to = hub.login("binta")["user"]["id"].clone();
    let sent = urgent(&mut caro, &to, "la caisse est ouverte");
    let handed_on = awa.event("new_message");
    assert_eq!(handed_on["message"]["content"], "la caisse est ouverte");
    assert_eq!(handed_on["message"]["sender"]["username"], "caro");
    assert_eq!(handed_on["message"]["priority"], "important");
    let context = &handed_on["message"]["context"];
    assert_eq!(context["type"], "escalated");
    assert_eq!(context["id"], sent["id"].to_string());
    caro.refused(json!({"type": "history", "room": handed_on["room"]}), "not_found");
}

#[test]
fn messages_past_their_time_are_forgotten_everywhere_and_count_for_nobody() {
    let hub = Hub::with().env("MESSAGES__RETENTION_S", 1).start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let to = hub.login("binta")["user"]["id"].clone();
    let frame =
        json!({"type": "send_message", "to": to, "kind": "text", "content": "éphémère", "client_id": "e"});
    let room = awa.request(frame).unwrap()["message"]["room"].clone();
    binta.event("new_message");
    eventually("the message is forgotten", || {
        let history = binta.request(json!({"type": "history", "room": room})).unwrap();
        (history["messages"] == json!([])).then_some(())
    });
    let found = binta
        .request(json!({"type": "search_messages", "text": "éphémère"}))
        .unwrap();
    assert_eq!(found["messages"], json!([]));
    let counted = binta
        .request(json!({"type": "mark_delivered", "room": room, "up_to": 0}))
        .unwrap();
    assert_eq!(counted["unread"], 0);
    let fresh = hub.socket("binta");
    let shown = fresh.welcome["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == room)
        .unwrap()
        .clone();
    assert_eq!(
        (&shown["unread"], &shown["last_message"]),
        (&json!(0), &Value::Null)
    );
}
