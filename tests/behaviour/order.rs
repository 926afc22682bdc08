//! Pipelining: what may overtake what.

use serde_json::{Value, json};

use crate::support::{Hub, socket::query};

#[test]
fn writes_functions_and_refusals_of_a_session_are_answered_in_the_order_sent() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let mut ids = Vec::new();
    for n in 0..60 {
        ids.push(awa.send(match n % 4 {
            0 => query("INSERT INTO lignes(texte) VALUES (?)", json!([n.to_string()])),
            1 => json!({"type": "rpc", "function": "sell", "args": [1]}),
            2 => query("INSERT INTO ventes(produit_id, quantite) VALUES (1, 0)", json!([])),
            _ => json!({"type": "batch", "statements": [{"query": "INSERT INTO lignes(texte) VALUES ('lot')"}]}),
        }));
    }
    for (n, id) in ids.iter().enumerate() {
        assert_eq!(awa.answer(id).is_err(), n % 4 == 2);
    }
    let answered: Vec<Value> = awa
        .log
        .iter()
        .filter(|f| f["type"] == "result" || f["type"] == "error")
        .map(|f| f["id"].clone())
        .collect();
    assert_eq!(answered, ids);
}

#[test]
fn a_read_sees_its_sessions_earlier_writes_without_waiting_for_their_answers() {
    let hub = Hub::with().unthrottled().start();
    let mut awa = hub.socket("awa");
    for n in 1..=100 {
        awa.send(query("INSERT INTO lignes(texte) VALUES ('x')", json!([])));
        let read = awa.send(query("SELECT count(*) FROM lignes", json!([])));
        assert_eq!(awa.answer(&read).unwrap()["rows"], json!([[n]]));
    }
}

#[test]
fn what_a_session_does_among_people_is_answered_before_it_hears_of_it() {
    let hub = Hub::with().unthrottled().start();
    let mut awa = hub.socket("awa");
    let room = awa
        .request(
            json!({"type": "create_room", "name": "Ordre", "members": [hub.login("caro")["user"]["id"]]}),
        )
        .unwrap()["room"]["id"]
        .clone();
    for n in 0..60 {
        let sent = awa
            .request(json!({"type": "send_message", "room": room, "kind": "text", "content": "avant", "client_id": format!("a{n}")}))
            .unwrap();
        let message = &sent["message"]["id"];
        awa.request(json!({"type": "edit_message", "room": room, "message_id": message, "content": "après"}))
            .unwrap();
        awa.request(json!({"type": "react", "room": room, "message_id": message, "emoji": "👍", "on": true}))
            .unwrap();
    }
    let sends: Vec<Value> = (0..60)
        .map(|n| awa.send(json!({"type": "send_message", "room": room, "kind": "text", "content": n.to_string(), "client_id": format!("b{n}")})))
        .collect();
    for id in &sends {
        awa.answer(id).unwrap();
    }
    for _ in 0..3 * 60 + 60 {
        awa.try_event(|event| matches!(event["type"].as_str(), Some("new_message" | "message_updated")))
            .unwrap();
    }

    // What a result says of a message stands before the first event about the same state of it.
    let mut answered = Vec::new();
    for frame in &awa.log {
        match frame["type"].as_str() {
            Some("result") => answered.push(frame["message"].clone()),
            Some("new_message" | "message_updated") => {
                let message = &frame["message"];
                let known = answered.iter().any(|known| {
                    known["id"] == message["id"]
                        && known["content"] == message["content"]
                        && known["reactions"] == message["reactions"]
                });
                assert!(known, "heard of before it was answered: {frame}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_long_report_does_not_hold_up_the_till() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let report = awa.send(query(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 6000000) SELECT count(*) FROM c",
        json!([]),
    ));
    let sale = awa.send(query(
        "INSERT INTO ventes(produit_id, quantite) VALUES (1, 1)",
        json!([]),
    ));
    awa.answer(&sale).unwrap();
    let _ = awa.answer(&report);
    let place = |id: &Value| awa.log.iter().position(|f| &f["id"] == id).unwrap();
    assert!(place(&sale) < place(&report), "the sale was answered first");
}

#[test]
fn a_refused_request_does_not_stop_those_after_it() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let ids = [
        awa.send(query("INSERT INTO lignes(texte) VALUES ('a')", json!([]))),
        awa.send(query("DELETE FROM secrets", json!([]))),
        awa.send(query("SELEC", json!([]))),
        awa.send(query("INSERT INTO lignes(texte) VALUES ('b')", json!([]))),
    ];
    let outcome: Vec<bool> = ids.iter().map(|id| awa.answer(id).is_ok()).collect();
    assert_eq!(outcome, [true, false, false, true]);
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 2);
}

#[test]
fn ids_may_be_strings_or_integers_and_come_back_as_they_were() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for id in [
        json!(0),
        json!(-3),
        json!(9007199254740993_i64),
        json!(""),
        json!("é\"\\"),
        json!("7"),
    ] {
        let frame = json!({"type": "query", "id": id, "query": "SELECT 1", "params": []});
        assert_eq!(awa.request(frame).unwrap()["id"], id);
    }
}

#[test]
fn two_sessions_do_not_wait_for_each_others_reads() {
    let hub = Hub::start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let report = awa.send(query(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 6000000) SELECT count(*) FROM c",
        json!([]),
    ));
    for _ in 0..20 {
        assert_eq!(binta.value("SELECT 1", json!([])), 1);
        binta
            .query("INSERT INTO lignes(texte) VALUES ('x')", json!([]))
            .unwrap();
    }
    let _ = awa.answer(&report);
}
