//! How calls end, and the record of each.

use serde_json::json;

use super::*;
use crate::support::eventually;

#[test]
fn a_call_that_all_decline_is_over() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut patient = hub.socket("jean");
    let mut other = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    let call = open(&mut doctor, &room);
    patient.event("call_invite");
    patient
        .request(json!({"type": "call_decline", "call_id": call}))
        .unwrap();
    assert_eq!(
        state(&mut doctor, |s| s["state"] == "declined")["reason"],
        "declined"
    );
    assert_eq!(other.event("call_answered_elsewhere")["by"], "declined");
    state(&mut other, |s| s["state"] == "declined" && s["ringing"] == false);
    patient.refused(json!({"type": "call_accept", "call_id": call}), "not_found");
}

#[test]
fn a_call_that_nobody_answers_is_missed() {
    let hub = clinic().env("CALLS__RING_S", 1).start();
    let mut doctor = hub.socket("martin");
    let mut patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    open(&mut doctor, &room);
    assert_eq!(
        state(&mut doctor, |s| s["state"] == "missed")["reason"],
        "no_answer"
    );
    let missed = state(&mut patient, |s| s["state"] == "missed");
    assert_eq!(missed["ringing"], false);
}

#[test]
fn a_call_of_two_is_over_when_one_hangs_up() {
    let mut talk = talk(clinic());
    talk.patient
        .request(json!({"type": "call_hangup", "call_id": talk.call}))
        .unwrap();
    let over = state(&mut talk.doctor, |s| s["state"] == "ended");
    assert_eq!(over["reason"], "hung_up");
    talk.doctor.refused(offer(&talk.call, "x"), "not_found");
}

#[test]
fn the_host_ends_it_for_all_and_nobody_else_can() {
    let mut talk = talk(clinic());
    let end = json!({"type": "call_end", "call_id": talk.call});
    talk.patient.refused(end.clone(), "forbidden");
    talk.doctor.request(end.clone()).unwrap();
    for socket in [&mut talk.doctor, &mut talk.patient] {
        let over = state(socket, |s| s["state"] == "ended");
        assert_eq!(over["reason"], "ended_by_host");
    }
    talk.doctor.refused(end, "not_found");
}

#[test]
fn the_host_who_leaves_hands_the_call_on() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let mut secretary = hub.socket("aida");
    let room = group(&mut doctor, &[&colleague, &secretary]);
    let call = open(&mut doctor, &room);
    accept(&mut colleague, &call);
    accept(&mut secretary, &call);
    doctor
        .request(json!({"type": "call_hangup", "call_id": call}))
        .unwrap();
    let host = id_of(&colleague);
    state(&mut secretary, |s| s["host"]["user_id"] == host);
    doctor.refused(json!({"type": "call_end", "call_id": call}), "forbidden");
    colleague
        .request(json!({"type": "call_end", "call_id": call}))
        .unwrap();
    state(&mut secretary, |s| s["state"] == "ended");
}

#[test]
fn a_call_and_its_code_end_after_their_time() {
    let hub = clinic().env("CALLS__LIFETIME_S", 2).start();
    let mut doctor = hub.socket("martin");
    let room = group(&mut doctor, &[]);
    let opened = open_with_code(&hub, &room);
    let link = &opened["data"]["conferenceLink"];
    assert_eq!(
        state(&mut doctor, |s| s["state"] == "expired")["reason"],
        "expired"
    );
    let late = try_join(&hub, &link["sessionId"], link["joinCode"].as_str().unwrap());
    late.problem(404, "not_found");
}

#[test]
fn a_member_who_is_removed_from_the_room_is_out_of_its_call() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let mut secretary = hub.socket("aida");
    let room = group(&mut doctor, &[&colleague, &secretary]);
    let call = open(&mut doctor, &room);
    accept(&mut colleague, &call);
    accept(&mut secretary, &call);
    let remove = json!({"type": "remove_member", "room": room, "user_id": id_of(&colleague)});
    doctor.request(remove).unwrap();
    state(&mut colleague, |s| s["reason"] == "removed");
    state(&mut doctor, |s| s["participants"].as_array().unwrap().len() == 2);
    doctor.request(offer(&call, "after")).unwrap();
    secretary.event("webrtc_offer");
    assert!(
        all_events(&mut colleague)
            .iter()
            .all(|e| e["type"] != "webrtc_offer")
    );
    for frame in [
        offer(&call, "x"),
        json!({"type": "call_accept", "call_id": call}),
        json!({"type": "call_hangup", "call_id": call}),
    ] {
        colleague.refused(frame, "not_found");
    }
}

#[test]
fn each_call_has_a_record_of_who_took_part_and_how_it_ended() {
    let mut talk = talk(clinic());
    talk.patient
        .request(json!({"type": "call_hangup", "call_id": talk.call}))
        .unwrap();
    state(&mut talk.doctor, |s| s["state"] == "ended");
    let path = format!("/api/messaging/webrtc/sessions/{}", talk.call);
    let shown = eventually("the record is closed", || {
        let shown = talk.hub.as_user("jean").get(&path).ok();
        (shown["data"]["session"]["statut"] == "ended").then_some(shown)
    });
    let session = &shown["data"]["session"];
    assert_eq!(session["reason"], "hung_up");
    assert!(session["started_at"].is_string() && session["ended_at"].is_string());
    let names: Vec<(&str, &str)> = shown["data"]["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["name"].as_str().unwrap(), p["left_how"].as_str().unwrap()))
        .collect();
    assert_eq!(names, [("Dr Claire Martin", "ended"), ("Jean Dupont", "hung_up")]);
}

#[test]
fn a_call_does_not_survive_the_hub_and_its_record_says_so() {
    let mut talk = talk(clinic());
    talk.hub.kill();
    talk.hub.restart();
    let path = format!("/api/messaging/webrtc/sessions/{}", talk.call);
    let shown = talk.hub.as_user("martin").get(&path).ok();
    assert_eq!(shown["data"]["session"]["statut"], "ended");
    assert_eq!(shown["data"]["session"]["reason"], "hub_restarted");
    let mut patient = talk.hub.socket_with_token(&talk.patient_token, "");
    patient.refused(offer(&talk.call, "x"), "not_found");
}

#[test]
fn calls_of_one_host_are_bounded() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let room = group(&mut doctor, &[]);
    for _ in 0..10 {
        open(&mut doctor, &room);
    }
    let refused = doctor.refused(json!({"type": "call_open", "room": room}), "busy");
    assert_eq!(refused.frame["limit"], "calls");
    // Nor by asking for many at once.
    let mut colleague = hub.socket("rahmani");
    let room = group(&mut colleague, &[]);
    let client = hub.as_user("rahmani");
    let opened: usize = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..16)
            .map(|id| {
                let frame = json!({"type": "call_open", "id": id, "room": room});
                let client = client.clone();
                scope.spawn(move || usize::from(client.post("/api/request", &frame).status == 200))
            })
            .collect();
        asking.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(opened, 10);
}
