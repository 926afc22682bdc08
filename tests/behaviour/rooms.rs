//! Rooms and messages: who sees what, in which order, how often, and how many are unread.

use serde_json::{Value, json};

use crate::support::{Hub, Socket, unique};

fn user_id(hub: &Hub, name: &str) -> i64 {
    hub.login(name)["user"]["id"].as_i64().unwrap()
}

fn room_of_kind(socket: &Socket, kind: &str) -> Value {
    let rooms = socket.welcome["rooms"].as_array().unwrap();
    rooms.iter().find(|room| room["kind"] == kind).unwrap().clone()
}

fn text(room: &Value, content: &str) -> Value {
    json!({"type": "send_message", "room": room, "kind": "text", "content": content, "client_id": unique("m")})
}

fn send(socket: &mut Socket, room: &Value, content: &str) -> Value {
    socket.request(text(room, content)).unwrap()["message"].clone()
}

/// A group of awa with these others; its id.
fn group(awa: &mut Socket, others: &[i64]) -> Value {
    let made = awa.request(json!({"type": "create_room", "name": "Équipe", "members": others}));
    made.unwrap()["room"]["id"].clone()
}

fn contents(messages: &Value) -> Vec<&str> {
    let all = messages.as_array().unwrap();
    all.iter()
        .map(|message| message["content"].as_str().unwrap())
        .collect()
}

#[test]
fn a_message_reaches_every_socket_of_every_member_once_and_nobody_else() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let (mut one, mut other, mut outsider) = (hub.socket("binta"), hub.socket("binta"), hub.socket("caro"));
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    let sent = send(&mut awa, &room, "bonjour");
    for socket in [&mut one, &mut other, &mut awa] {
        let event = socket.event("new_message");
        assert_eq!(event["room"], room);
        assert_eq!(event["message"], sent);
        assert!(event["cursor"].is_string());
    }
    assert_eq!(sent["seq"], 1);
    assert_eq!(sent["sender"]["username"], "awa");
    outsider.ping();
    assert!(
        !outsider
            .log
            .iter()
            .any(|frame| frame["type"] == "new_message" || frame["type"] == "room_updated")
    );
    one.ping();
    assert_eq!(
        one.log
            .iter()
            .filter(|frame| frame["type"] == "new_message")
            .count(),
        1
    );
}

#[test]
fn the_direct_room_of_two_is_the_same_from_either_side_and_opens_with_a_message() {
    let hub = Hub::start();
    let (mut awa, mut caro) = (hub.socket("awa"), hub.socket("caro"));
    let (a, c) = (user_id(&hub, "awa"), user_id(&hub, "caro"));
    let sent = awa
        .request(json!({"type": "send_message", "to": c, "kind": "text", "content": "un prix ?", "client_id": "x"}))
        .unwrap();
    let room = sent["message"]["room"].clone();
    assert_eq!(caro.event("room_updated")["room"]["id"], room);
    assert_eq!(caro.event("new_message")["message"]["content"], "un prix ?");
    let opened = caro
        .request(json!({"type": "open_direct", "user_id": a}))
        .unwrap();
    assert_eq!(opened["room"]["id"], room);
    assert_eq!(opened["room"]["kind"], "direct");
    assert_eq!(opened["room"]["unread"], 1);
    caro.refused(json!({"type": "leave_room", "room": room}), "forbidden");
}

#[test]
fn a_retried_message_is_written_once_and_another_text_under_its_id_is_a_conflict() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    let frame = text(&room, "une fois");
    let first = awa.request(frame.clone()).unwrap();
    let again = hub.socket("awa").request(frame.clone()).unwrap();
    assert_eq!(again["message"]["id"], first["message"]["id"]);
    assert_eq!(again["duplicate"], true);
    assert!(first.get("duplicate").is_none());
    let mut other = frame;
    other["content"] = "deux fois".into();
    awa.refused(other, "conflict");
    let history = awa.request(json!({"type": "history", "room": room})).unwrap();
    assert_eq!(contents(&history["messages"]), ["une fois"]);
}

#[test]
fn unread_counts_are_the_same_on_all_sockets_of_a_user_and_go_to_zero_together() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    let (mut one, mut other) = (hub.socket("binta"), hub.socket("binta"));
    send(&mut awa, &room, "un");
    send(&mut awa, &room, "deux @binta");
    for socket in [&mut one, &mut other] {
        loop {
            let counts = socket.event("unread");
            if counts["room"] == room && counts["unread"] == 2 {
                assert_eq!(counts["mentions"], 1);
                break;
            }
        }
    }
    let late = hub.socket("binta");
    let shown = late.welcome["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == room)
        .unwrap();
    assert_eq!((&shown["unread"], &shown["mentions"]), (&json!(2), &json!(1)));
    let marked = one
        .request(json!({"type": "mark_read", "room": room, "up_to": 2}))
        .unwrap();
    assert_eq!((&marked["unread"], &marked["mentions"]), (&json!(0), &json!(0)));
    let counts = other.event("unread");
    assert_eq!((&counts["unread"], &counts["mentions"]), (&json!(0), &json!(0)));
    let read = awa.event("message_read");
    assert_eq!((&read["room"], &read["up_to"]), (&room, &json!(2)));
    // Never back.
    let back = one
        .request(json!({"type": "mark_read", "room": room, "up_to": 1}))
        .unwrap();
    assert_eq!(back["up_to"], 2);
}

#[test]
fn who_was_away_gets_messages_receipts_and_rooms_by_the_same_cursor_once_and_in_order() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let mut binta = hub.socket("binta");
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    binta.event("room_updated");
    let since = binta.ping()["cursor"].as_str().unwrap().to_owned();
    drop(binta);
    let first = send(&mut awa, &room, "premier");
    awa.query(
        "INSERT INTO ventes(produit_id, quantite) VALUES (1, 1)",
        json!([]),
    )
    .unwrap();
    send(&mut awa, &room, "second");
    let edit = json!({"type": "edit_message", "room": room, "message_id": first["id"], "content": "premier, corrigé"});
    awa.request(edit).unwrap();
    let mut back = hub.socket_at("binta", &format!("since={since}"));
    let caught_up = back.event("caught_up");
    let replayed: Vec<&Value> = back
        .log
        .iter()
        .filter(|frame| frame["type"].as_str() != Some("welcome"))
        .collect();
    let messages: Vec<&Value> = replayed
        .iter()
        .filter(|f| f["type"] == "new_message")
        .copied()
        .collect();
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0]["message"]["content"], "premier, corrigé");
    assert_eq!(messages[0]["message"]["version"], 2);
    assert_eq!(messages[1]["message"]["content"], "second");
    assert_eq!(replayed.iter().filter(|f| f["type"] == "data_change").count(), 1);
    assert_eq!(caught_up["replayed"], 4);
    // Live from there, by the cursor of the last event.
    send(&mut awa, &room, "troisième");
    assert_eq!(back.event("new_message")["message"]["content"], "troisième");
    let cursor = back.cursor();
    drop(back);
    let mut again = hub.socket_at("binta", &format!("since={cursor}"));
    assert_eq!(again.event("caught_up")["replayed"], 0);
}

#[test]
fn a_removed_member_gets_nothing_more_by_any_path() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let mut binta = hub.socket("binta");
    let b = user_id(&hub, "binta");
    let room = group(&mut awa, &[b]);
    let seen = send(&mut awa, &room, "visible");
    binta.event("new_message");
    let since = binta.cursor();
    awa.request(json!({"type": "remove_member", "room": room, "user_id": b}))
        .unwrap();
    let told = binta.event("room_updated");
    assert_eq!(told["change"], "removed");
    assert!(told["room"].get("members").is_none());
    send(&mut awa, &room, "secret zanzibar");
    awa.request(
        json!({"type": "edit_message", "room": room, "message_id": seen["id"], "content": "zanzibar aussi"}),
    )
    .unwrap();
    binta.ping();
    for frame in [
        json!({"type": "history", "room": room}),
        json!({"type": "search_messages", "text": "zanzibar", "room": room}),
        json!({"type": "mark_read", "room": room, "up_to": 1}),
        json!({"type": "typing", "room": room, "on": true}),
        json!({"type": "react", "room": room, "message_id": seen["id"], "emoji": "👍", "on": true}),
        json!({"type": "acknowledge", "room": room, "message_id": seen["id"]}),
        json!({"type": "edit_message", "room": room, "message_id": seen["id"], "content": "x"}),
        json!({"type": "delete_message", "room": room, "message_id": seen["id"]}),
        json!({"type": "leave_room", "room": room}),
        json!({"type": "join_room", "room": room}),
        json!({"type": "add_member", "room": room, "user_id": b}),
        text(&room, "x"),
    ] {
        binta.refused(frame, "not_found");
    }
    let found = binta
        .request(json!({"type": "search_messages", "text": "zanzibar"}))
        .unwrap();
    assert_eq!(found["messages"], json!([]));
    let back = {
        let mut back = hub.socket_at("binta", &format!("since={since}"));
        back.event("caught_up");
        back
    };
    for socket in [&binta, &back] {
        let all = serde_json::to_string(&socket.log).unwrap();
        assert!(!all.contains("zanzibar"), "{all}");
    }
    assert!(
        !back.welcome["rooms"]
            .as_array()
            .unwrap()
            .iter()
            .any(|r| r["id"] == room)
    );
}

#[test]
fn rooms_that_are_not_ones_own_and_rooms_that_are_not_there_answer_the_same() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[]);
    let mut caro = hub.socket("caro");
    for kind in ["history", "join_room", "leave_room"] {
        let theirs = caro.refused(json!({"type": kind, "room": room}), "not_found");
        let none = caro.refused(json!({"type": kind, "room": 987_654}), "not_found");
        assert_eq!(theirs.message, none.message);
    }
}

#[test]
fn open_rooms_are_listed_and_joined_and_left_by_those_who_are_not_external() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let made = awa
        .request(json!({"type": "create_room", "name": "Pause", "open": true}))
        .unwrap();
    let room = made["room"]["id"].clone();
    let before = send(&mut awa, &room, "avant");
    let mut caro = hub.socket("caro");
    let listed = caro.request(json!({"type": "rooms"})).unwrap();
    let shown = listed["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == room)
        .unwrap()
        .clone();
    assert_eq!(shown["joined"], false);
    assert!(shown.get("last_message").is_none());
    caro.refused(json!({"type": "history", "room": room}), "not_found");
    let joined = caro.request(json!({"type": "join_room", "room": room})).unwrap();
    assert_eq!(joined["room"]["joined"], true);
    assert_eq!(joined["room"]["unread"], 0);
    let history = caro.request(json!({"type": "history", "room": room})).unwrap();
    assert_eq!(history["messages"][0]["id"], before["id"]);
    caro.request(json!({"type": "leave_room", "room": room})).unwrap();
    caro.refused(json!({"type": "history", "room": room}), "not_found");
    let mut patient = hub.socket("moussa");
    patient.refused(json!({"type": "join_room", "room": room}), "not_found");
    assert_eq!(
        patient.request(json!({"type": "rooms"})).unwrap()["rooms"],
        json!([])
    );
}

#[test]
fn roles_and_everyone_have_rooms_whose_members_follow_the_role() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let mut caro = hub.socket("caro");
    let of_role = room_of_kind(&awa, "role")["id"].clone();
    let of_all = room_of_kind(&caro, "everyone")["id"].clone();
    send(&mut awa, &of_role, "entre vendeurs");
    send(&mut awa, &of_all, "à tous");
    assert_eq!(caro.event("new_message")["message"]["content"], "à tous");
    caro.refused(json!({"type": "history", "room": of_role}), "not_found");
    hub.cli(&["user", "role", "caro", "vendeur"]).succeeded();
    caro.closed();
    let mut caro = hub.socket("caro");
    let history = caro.request(json!({"type": "history", "room": of_role})).unwrap();
    assert_eq!(contents(&history["messages"]), ["entre vendeurs"]);
    let mut patient = hub.socket("moussa");
    patient.refused(json!({"type": "history", "room": of_all}), "not_found");
}

#[test]
fn who_is_new_while_a_room_is_awake_has_read_what_is_older_than_he_is() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = room_of_kind(&awa, "everyone")["id"].clone();
    let first = send(&mut awa, &room, "un");
    send(&mut awa, &room, "deux");
    hub.add_user("fanta", "caisse", "une phrase longue");
    let token = hub.login_with("fanta", "une phrase longue")["token"].clone();
    let token = token.as_str().unwrap();
    let mut fanta = hub.socket_with_token(token, "");
    assert_eq!(room_of_kind(&fanta, "everyone")["unread"], 0);
    // Counts are told to all, and of him nothing was known.
    awa.request(
        json!({"type": "edit_message", "room": room, "message_id": first["id"], "content": "un, @fanta"}),
    )
    .unwrap();
    let counts = fanta.event("unread");
    assert_eq!((&counts["unread"], &counts["mentions"]), (&json!(0), &json!(0)));
    // One who speaks before anything is told.
    hub.add_user("issa", "caisse", "une phrase longue");
    let token = hub.login_with("issa", "une phrase longue")["token"].clone();
    let mut issa = hub.socket_with_token(token.as_str().unwrap(), "");
    let marked = issa.request(json!({"type": "mark_delivered", "room": room, "up_to": 1}));
    assert_eq!(marked.unwrap()["unread"], 0);
    let marked = issa.request(json!({"type": "mark_read", "room": room, "up_to": 1}));
    assert_eq!(marked.unwrap()["up_to"], 2, "a place never moves back");
    send(&mut awa, &room, "trois");
    for socket in [&mut fanta, &mut issa] {
        while socket.event("unread")["unread"] != 1 {}
    }
    let fresh = hub.socket_with_token(token.as_str().unwrap(), "");
    assert_eq!(room_of_kind(&fresh, "everyone")["unread"], 1);
}

#[test]
fn edits_that_follow_each_other_closely_leave_the_mentions_of_the_last() {
    let hub = Hub::with().unthrottled().start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    let message = send(&mut awa, &room, "d'abord")["id"].clone();
    // Nobody waits for an answer: the hub has several under way.
    let client = hub.as_user("awa");
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (client, room, message) = (&client, &room, &message);
            scope.spawn(move || {
                for n in 0..10 {
                    let whom = if n % 2 == 0 { "@binta" } else { "personne" };
                    let edit = json!({"type": "edit_message", "room": room, "message_id": message,
                        "content": format!("{whom} {thread} {n}")});
                    client.post("/api/request", &edit).ok();
                }
            });
        }
    });
    let fresh = hub.socket("binta");
    let stored = fresh.welcome["rooms"].as_array().unwrap();
    let stored = stored.iter().find(|r| r["id"] == room).unwrap()["mentions"].clone();
    // Marking nothing answers what the room's actor holds.
    let held = binta.request(json!({"type": "mark_delivered", "room": room, "up_to": 1}));
    assert_eq!(held.unwrap()["mentions"], stored);
}

#[test]
fn only_contacts_are_written_to_and_invited() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let patient = user_id(&hub, "moussa");
    awa.refused(json!({"type": "open_direct", "user_id": patient}), "forbidden");
    awa.refused(
        json!({"type": "create_room", "name": "x", "members": [patient]}),
        "forbidden",
    );
    awa.refused(json!({"type": "open_direct", "user_id": 999_999}), "not_found");
    let room = group(&mut awa, &[]);
    awa.refused(
        json!({"type": "add_member", "room": room, "user_id": patient}),
        "forbidden",
    );
}

#[test]
fn messages_are_edited_and_deleted_by_their_senders_and_leave_a_tombstone() {
    let hub = Hub::start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    let sent = send(&mut awa, &room, "brouillon");
    let edit = |content: &str| json!({"type": "edit_message", "room": room, "message_id": sent["id"], "content": content});
    binta.refused(edit("autre"), "forbidden");
    let edited = awa.request(edit("propre")).unwrap()["message"].clone();
    assert_eq!(
        (&edited["content"], &edited["version"]),
        (&json!("propre"), &json!(2))
    );
    assert!(edited["edited_at"].is_string());
    assert_eq!(binta.event("message_updated")["message"], edited);
    let delete = json!({"type": "delete_message", "room": room, "message_id": sent["id"]});
    binta.refused(delete.clone(), "forbidden");
    let gone = awa.request(delete).unwrap()["message"].clone();
    assert_eq!(
        (&gone["deleted"], &gone["content"], &gone["seq"]),
        (&json!(true), &json!(""), &json!(1))
    );
    awa.refused(edit("encore"), "precondition_failed");
    let history = binta.request(json!({"type": "history", "room": room})).unwrap();
    assert_eq!(history["messages"], json!([gone]));
    let unread = binta
        .request(json!({"type": "mark_delivered", "room": room, "up_to": 1}))
        .unwrap();
    assert_eq!(unread["unread"], 0, "a tombstone is nothing to read");
    let found = awa
        .request(json!({"type": "search_messages", "text": "propre"}))
        .unwrap();
    assert_eq!(found["messages"], json!([]));
}

#[test]
fn reactions_and_acknowledgements_are_counted_with_names() {
    let hub = Hub::start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    let mut frame = text(&room, "venez");
    frame["priority"] = "important".into();
    frame["needs_ack"] = true.into();
    let sent = awa.request(frame).unwrap()["message"].clone();
    assert_eq!(
        (&sent["priority"], &sent["needs_ack"]),
        (&json!("important"), &json!(true))
    );
    let react =
        |on: bool| json!({"type": "react", "room": room, "message_id": sent["id"], "emoji": "👍", "on": on});
    let reacted = binta.request(react(true)).unwrap()["message"].clone();
    assert_eq!(
        reacted["reactions"],
        json!([{"emoji": "👍", "count": 1, "names": ["binta"]}])
    );
    assert_eq!(awa.event("message_updated")["message"], reacted);
    let same = binta.request(react(true)).unwrap()["message"].clone();
    assert_eq!(same["version"], reacted["version"]);
    assert_eq!(
        binta.request(react(false)).unwrap()["message"]["reactions"],
        json!([])
    );
    let acknowledge = json!({"type": "acknowledge", "room": room, "message_id": sent["id"]});
    awa.refused(acknowledge.clone(), "forbidden");
    let acked = binta.request(acknowledge).unwrap()["message"].clone();
    assert_eq!(acked["acks"], json!({"count": 1, "names": ["binta"]}));
}

#[test]
fn history_goes_both_ways_by_seq_and_says_whether_there_is_more() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[]);
    for n in 1..=9 {
        send(&mut awa, &room, &n.to_string());
    }
    let mut asked = |extra: Value| {
        let mut frame = json!({"type": "history", "room": room, "limit": 4});
        frame
            .as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let answer = awa.request(frame).unwrap();
        let seqs: Vec<i64> = answer["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["seq"].as_i64().unwrap())
            .collect();
        (seqs, answer["has_more"].as_bool().unwrap())
    };
    assert_eq!(asked(json!({})), (vec![6, 7, 8, 9], true));
    assert_eq!(asked(json!({"before": 4})), (vec![1, 2, 3], false));
    assert_eq!(asked(json!({"after": 3})), (vec![4, 5, 6, 7], true));
    assert_eq!(asked(json!({"after": 7})), (vec![8, 9], false));
    assert_eq!(asked(json!({"around": 5})), (vec![4, 5, 6, 7], true));
    awa.refused(
        json!({"type": "history", "room": room, "before": 1, "after": 2}),
        "invalid_request",
    );
    awa.refused(
        json!({"type": "history", "room": room, "limit": 0}),
        "invalid_request",
    );
}

#[test]
fn search_knows_no_accents_and_only_ones_own_rooms() {
    let hub = Hub::start();
    let (mut awa, mut caro) = (hub.socket("awa"), hub.socket("caro"));
    let (ours, hers) = (group(&mut awa, &[]), group(&mut caro, &[]));
    send(&mut awa, &ours, "L'échéance approche");
    send(&mut caro, &hers, "échéance secrète");
    let mut look = |wanted: &str| {
        let found = awa
            .request(json!({"type": "search_messages", "text": wanted, "limit": 10}))
            .unwrap();
        found["messages"].clone()
    };
    let found = look("ECHEANCE");
    assert_eq!(contents(&found), ["L'échéance approche"]);
    assert_eq!(found[0]["highlights"], json!(["échéance"]));
    assert_eq!(contents(&look("approche eche")), ["L'échéance approche"]);
    for syntax in ["\" OR *", "room:r2", "NEAR(", "-", ""] {
        assert_eq!(look(syntax), json!([]), "{syntax}");
    }
}

#[test]
fn nobody_writes_what_the_hub_writes_in_somebodys_name() {
    let hub = Hub::start();
    let (mut awa, binta) = (hub.socket("awa"), hub.socket("binta"));
    for client_id in ["call:7", "escalated:7:caisse"] {
        let message = json!({"type": "send_message", "to": binta.welcome["user"]["id"], "kind": "text", "content": "x",
            "context": {"type": "call", "id": 7}, "client_id": client_id});
        awa.refused(message, "invalid_request");
    }
}

#[test]
fn replies_contexts_and_bad_messages() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let (room, other) = (group(&mut awa, &[]), group(&mut awa, &[]));
    let first = send(&mut awa, &room, "question");
    let mut reply = text(&room, "réponse");
    reply["reply_to"] = first["id"].clone();
    reply["context"] = json!({"type": "patient", "id": "42"});
    let answered = awa.request(reply.clone()).unwrap()["message"].clone();
    assert_eq!(answered["reply_to"], first["id"]);
    assert_eq!(answered["context"], json!({"type": "patient", "id": "42"}));
    reply["room"] = other.clone();
    reply["client_id"] = "another".into();
    awa.refused(reply, "not_found");
    for (change, code) in [
        (json!({"content": " "}), "invalid_request"),
        (json!({"kind": "video"}), "invalid_request"),
        (json!({"client_id": null}), "invalid_request"),
        (json!({"room": null}), "invalid_request"),
        (json!({"to": 1}), "invalid_request"),
        (json!({"kind": "image", "file": 12_345}), "not_found"),
        (json!({"kind": "image"}), "invalid_request"),
        (json!({"content": "x".repeat(70_000)}), "payload_too_large"),
    ] {
        let mut frame = text(&room, "x");
        frame
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        awa.refused(frame, code);
        if code == "invalid_request" {
            awa = hub.socket("awa"); // ten of them close a socket
        }
    }
}

#[test]
fn sender_and_role_come_from_the_token_never_from_the_frame() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[]);
    let mut frame = text(&room, "moi");
    frame["sender"] = json!({"id": 1, "username": "admin", "role": "administrateur"});
    frame["sender_id"] = 1.into();
    let sent = awa.request(frame).unwrap()["message"].clone();
    assert_eq!(
        (&sent["sender"]["username"], &sent["sender"]["role"]),
        (&json!("awa"), &json!("vendeur"))
    );
}

#[test]
fn an_answered_message_survives_a_kill_and_its_retry_is_found() {
    let mut hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    let frame = text(&room, "durable");
    let sent = awa.request(frame.clone()).unwrap();
    hub.kill();
    hub.restart();
    let mut awa = hub.socket("awa");
    let again = awa.request(frame).unwrap();
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["message"]["id"], sent["message"]["id"]);
    let next = send(&mut awa, &room, "suivant");
    assert_eq!(next["seq"], 2);
    let binta = hub.socket("binta");
    let shown = binta.welcome["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["id"] == room)
        .unwrap()
        .clone();
    assert_eq!(
        (&shown["unread"], &shown["last_message"]["content"]),
        (&json!(2), &json!("suivant"))
    );
}

#[test]
fn typing_is_shown_to_the_others_and_kept_nowhere() {
    let hub = Hub::start();
    let (mut awa, mut binta) = (hub.socket("awa"), hub.socket("binta"));
    let room = group(&mut awa, &[user_id(&hub, "binta")]);
    awa.request(json!({"type": "typing", "room": room, "on": true}))
        .unwrap();
    let shown = binta.event("typing");
    assert_eq!((&shown["room"], &shown["on"]), (&room, &json!(true)));
    assert_eq!(shown["user_id"].as_i64(), Some(user_id(&hub, "awa")));
    awa.ping();
    assert!(!awa.log.iter().any(|frame| frame["type"] == "typing"));
    // Whoever goes away types no longer, though he never said so.
    drop(awa);
    let ended = binta.event("typing");
    assert_eq!((&ended["room"], &ended["on"]), (&room, &json!(false)));
}

#[test]
fn a_room_is_told_when_an_account_in_it_changes_or_goes() {
    let hub = Hub::start();
    let (mut awa, binta) = (hub.socket("awa"), user_id(&hub, "binta"));
    let room = group(&mut awa, &[binta, user_id(&hub, "caro")]);
    awa.event("room_updated");
    let names = |awa: &mut Socket| {
        let update = awa.event("room_updated");
        assert_eq!(
            (&update["room"]["id"], &update["user_id"]),
            (&room, &json!(binta))
        );
        let members = update["room"]["members"].as_array().unwrap().clone();
        members
            .iter()
            .map(|member| member["display_name"].clone())
            .collect::<Vec<_>>()
    };
    hub.as_user("admin")
        .patch(
            &format!("/api/admin/users/{binta}"),
            &json!({"display_name": "Binta Sow"}),
        )
        .ok();
    assert!(names(&mut awa).contains(&json!("Binta Sow")));
    // From the command line, another process.
    hub.cli(&["user", "remove", "binta"]).succeeded();
    assert_eq!(names(&mut awa).len(), 2);
}

#[test]
fn many_writers_make_one_order_that_all_see() {
    let hub = Hub::with().unthrottled().start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[user_id(&hub, "binta"), user_id(&hub, "caro")]);
    let sockets: Vec<Socket> = ["awa", "binta", "caro"]
        .iter()
        .map(|name| hub.socket(name))
        .collect();
    let orders: Vec<Vec<(i64, String)>> = std::thread::scope(|scope| {
        let threads: Vec<_> = sockets
            .into_iter()
            .map(|mut socket| {
                let room = room.clone();
                scope.spawn(move || {
                    for n in 0..40 {
                        socket.send(text(&room, &n.to_string()));
                    }
                    let mut seen = Vec::new();
                    while seen.len() < 120 {
                        let message = socket.event("new_message")["message"].clone();
                        seen.push((message["seq"].as_i64().unwrap(), message["client_id"].to_string()));
                    }
                    seen
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let seqs: Vec<i64> = orders[0].iter().map(|(seq, _)| *seq).collect();
    assert_eq!(seqs, (1..=120).collect::<Vec<_>>());
    assert!(orders.iter().all(|order| *order == orders[0]));
}

#[test]
fn messages_are_written_and_read_over_http_as_well() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let room = group(&mut awa, &[]);
    let client = hub.as_user("awa");
    let sent = client.post("/api/request", &text(&room, "par HTTP"));
    assert_eq!(sent.status, 200, "{}", sent.text);
    assert_eq!(awa.event("new_message")["message"]["content"], "par HTTP");
    let history = client.post("/api/request", &json!({"type": "history", "room": room}));
    assert_eq!(contents(&history.json()["messages"]), ["par HTTP"]);
}
