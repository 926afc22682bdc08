//! What stays of a call in its room.

use serde_json::json;

use super::*;
use crate::support::eventually;

/// The message that tells of a call.
fn trace(socket: &mut Socket, call: &Value) -> Value {
    socket
        .try_event(|e| e["type"] == "new_message" && e["message"]["context"]["id"] == *call)
        .unwrap_or_else(|gone| panic!("nothing is said of the call: {gone:?}"))["message"]
        .clone()
}

fn unread(socket: &mut Socket, room: &Value) -> Value {
    let rooms = socket.request(json!({"type": "rooms"})).unwrap();
    let found = rooms["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == *room);
    found.unwrap()["unread"].clone()
}

#[test]
fn a_missed_call_is_a_message_that_is_unread_for_who_missed_it_alone() {
    let hub = clinic().env("CALLS__RING_S", 1).start();
    let mut doctor = hub.socket("martin");
    let mut patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    let cursor = patient.cursor();
    let call = open(&mut doctor, &room);
    let seen = trace(&mut patient, &call);
    assert_eq!(
        (&seen["kind"], &seen["sender"]["id"]),
        (&json!("text"), &id_of(&doctor))
    );
    assert_eq!(seen["content"], "📞 Appel vidéo · sans réponse");
    assert_eq!(
        seen["context"],
        json!({"type": "call", "id": call, "media": "audio_video", "state": "missed", "reason": "no_answer",
            "duration_s": null, "joined": [id_of(&doctor)], "declined": [], "missed": [id_of(&patient)]})
    );
    assert_eq!(unread(&mut patient, &room), 1);
    trace(&mut doctor, &call);
    assert_eq!(unread(&mut doctor, &room), 0);
    // Whoever was away hears it by his cursor.
    let mut back = hub.socket_at("jean", &format!("since={cursor}"));
    assert_eq!(trace(&mut back, &call)["id"], seen["id"]);
}

#[test]
fn a_call_that_was_held_says_how_long_and_is_nothing_new_to_those_who_were_there() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let (mut colleague, mut secretary) = (hub.socket("rahmani"), hub.socket("aida"));
    let room = group(&mut doctor, &[&colleague, &secretary]);
    let call = open(&mut doctor, &room);
    accept(&mut colleague, &call);
    doctor
        .request(json!({"type": "call_end", "call_id": call}))
        .unwrap();
    let seen = trace(&mut secretary, &call);
    let context = &seen["context"];
    assert_eq!(
        (&context["state"], &context["reason"]),
        (&json!("ended"), &json!("ended_by_host"))
    );
    assert!(context["duration_s"].is_u64(), "{context}");
    assert_eq!(context["joined"], json!([id_of(&doctor), id_of(&colleague)]));
    assert_eq!(context["missed"], json!([id_of(&secretary)]));
    for (socket, count) in [(&mut doctor, 0), (&mut colleague, 0), (&mut secretary, 1)] {
        assert_eq!(unread(socket, &room), count);
    }
}

#[test]
fn a_call_that_is_declined_is_nothing_new_to_who_declined() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    let call = open(&mut doctor, &room);
    patient.event("call_invite");
    patient
        .request(json!({"type": "call_decline", "call_id": call}))
        .unwrap();
    let seen = trace(&mut patient, &call);
    assert_eq!(seen["context"]["declined"], json!([id_of(&patient)]));
    assert_eq!(unread(&mut patient, &room), 0);
}

#[test]
fn what_the_host_had_not_read_stays_unread_though_the_message_is_in_his_name() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    let said = json!({"type": "send_message", "room": room, "kind": "text", "content": "Je peux ?",
        "client_id": "3f0e8c9c-6d0f-4d5a-9a53-1f0e8c9c6d0f"});
    patient.request(said).unwrap();
    let call = open(&mut doctor, &room);
    doctor
        .request(json!({"type": "call_end", "call_id": call}))
        .unwrap();
    trace(&mut doctor, &call);
    assert_eq!(unread(&mut doctor, &room), 2);
}

#[test]
fn a_call_that_ended_with_the_hub_is_told_once_when_it_is_back() {
    let mut talk = talk(clinic());
    let room = state(&mut talk.patient, |s| s["state"] == "active")["room"].clone();
    talk.hub.kill();
    talk.hub.restart();
    let ask = json!({"type": "history", "id": 1, "room": room});
    let told = |hub: &Hub| {
        let page = hub.as_user("jean").post("/api/request", &ask).ok();
        let all = page["messages"].as_array().unwrap().clone();
        all.into_iter()
            .filter(|m| m["context"]["id"] == talk.call)
            .collect::<Vec<_>>()
    };
    let first = eventually("the call is told", || {
        let found = told(&talk.hub);
        (!found.is_empty()).then_some(found)
    });
    assert_eq!(first[0]["context"]["reason"], "hub_restarted");
    talk.hub.kill();
    talk.hub.restart();
    // Another call is told, and the first not again.
    let mut doctor = talk.hub.socket("martin");
    let next = open(&mut doctor, &room);
    doctor
        .request(json!({"type": "call_end", "call_id": next}))
        .unwrap();
    trace(&mut doctor, &next);
    assert_eq!(told(&talk.hub).len(), 1);
}
