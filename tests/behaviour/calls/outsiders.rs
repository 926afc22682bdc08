//! Who is not of the room sees nothing of its calls, by no path.

use serde_json::json;

use super::*;

#[test]
fn an_outsider_gets_nothing_and_every_frame_answers_as_if_there_were_no_call() {
    let mut talk = talk(clinic());
    let mut outsider = talk.hub.socket("lina");
    for frame in [
        json!({"type": "call_accept"}),
        json!({"type": "call_accept", "participant": talk.number}),
        json!({"type": "call_decline"}),
        json!({"type": "call_admit", "participant": talk.number}),
        json!({"type": "call_deny", "participant": talk.number}),
        json!({"type": "request_webrtc_offer"}),
        json!({"type": "webrtc_offer", "sdp": "x"}),
        json!({"type": "webrtc_answer", "sdp": "x"}),
        json!({"type": "webrtc_ice_candidates", "candidates": []}),
        json!({"type": "call_media", "audio": false}),
        json!({"type": "call_hangup"}),
        json!({"type": "call_end"}),
    ] {
        let refusal = |socket: &mut Socket, call: &Value| {
            let mut frame = frame.clone();
            frame["call_id"] = call.clone();
            let mut refusal = socket.refused(frame, "not_found").frame;
            for own in ["id", "request_id"] {
                refusal.as_object_mut().unwrap().remove(own);
            }
            refusal
        };
        let real = refusal(&mut outsider, &talk.call);
        assert_eq!(real, refusal(&mut outsider, &json!(4711)), "{frame}");
    }
    let client = talk.hub.as_user("lina");
    let path = format!("/api/messaging/webrtc/sessions/{}", talk.call);
    client.get(&path).problem(404, "not_found");
    client.delete(&path).problem(404, "not_found");
    client
        .post(&format!("{path}/end"), &json!({}))
        .problem(404, "not_found");

    talk.doctor.request(offer(&talk.call, "private")).unwrap();
    talk.patient.event("webrtc_offer");
    assert!(all_events(&mut outsider).is_empty());
}

#[test]
fn a_room_that_is_not_ones_own_cannot_be_called() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let room = group(&mut colleague, &[]);
    for room in [room, json!(4711)] {
        doctor.refused(json!({"type": "call_open", "room": room}), "not_found");
        let body = json!({"conversation_id": room});
        hub.as_user("martin")
            .post("/api/messaging/webrtc/sessions", &body)
            .problem(404, "not_found");
    }
}

#[test]
fn only_roles_that_may_open_calls() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    patient.refused(json!({"type": "call_open", "room": room}), "forbidden");
    hub.as_user("jean")
        .post(
            "/api/messaging/webrtc/sessions",
            &json!({"conversation_id": room}),
        )
        .problem(403, "forbidden");
}

#[test]
fn a_member_who_did_not_answer_says_nothing_and_hears_nothing() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let mut secretary = hub.socket("aida");
    let room = group(&mut doctor, &[&colleague, &secretary]);
    let call = open(&mut doctor, &room);
    accept(&mut colleague, &call);
    secretary.refused(offer(&call, "x"), "forbidden");
    doctor.request(offer(&call, "private")).unwrap();
    colleague.event("webrtc_offer");
    assert!(
        all_events(&mut secretary)
            .iter()
            .all(|e| e["type"] != "webrtc_offer")
    );
}

#[test]
fn frames_of_a_call_need_a_socket_and_the_rest_goes_over_http_too() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    let client = hub.as_user("martin");
    let ask = |frame: Value| client.post("/api/request", &frame);
    let opened = ask(json!({"type": "call_open", "id": 1, "room": room})).ok();
    let call = &opened["call_id"];
    ask(json!({"type": "webrtc_offer", "id": 2, "call_id": call, "sdp": "x"}))
        .problem(400, "invalid_request");
    ask(json!({"type": "call_accept", "id": 3, "call_id": call})).problem(400, "invalid_request");
    // The host's first frame on a socket is where he sits down.
    assert_eq!(doctor.request(offer(call, "x")).unwrap()["delivered"], 0);
    ask(json!({"type": "call_end", "id": 4, "call_id": call})).ok();
    state(&mut doctor, |s| s["state"] == "ended");
}

#[test]
fn descriptions_are_bounded() {
    let mut talk = talk(clinic());
    let refused = talk
        .doctor
        .refused(offer(&talk.call, &"x".repeat(70_000)), "payload_too_large");
    assert_eq!(refused.frame["limit"], "sdp");
}
