//! Users of the room: ringing, answering, talking, lost sockets.

use serde_json::json;

use super::*;

#[test]
fn the_room_is_rung_and_the_call_is_active_once_somebody_answers() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    let opened = doctor
        .request(json!({"type": "call_open", "room": room, "media": "audio_video"}))
        .unwrap();
    assert_eq!(opened["participant"], 1);
    assert_eq!(opened["call"]["state"], "ringing");
    assert_eq!(
        opened["ice_servers"],
        json!([]),
        "no server outside is asked by default"
    );
    let call = &opened["call_id"];
    let invite = patient.event("call_invite");
    assert_eq!((&invite["call_id"], &invite["room"]), (call, &room));
    assert_eq!(invite["from"]["name"], "Dr Claire Martin");
    assert_eq!(invite["call"]["ringing"], true);
    let answer = patient
        .request(json!({"type": "call_accept", "call_id": call}))
        .unwrap();
    assert_eq!(
        (&answer["participant"], &answer["call"]["state"]),
        (&json!(2), &json!("active"))
    );
    let seen = state(&mut doctor, |s| s["state"] == "active");
    assert_eq!(participant(&seen, &json!(2))["name"], "Jean Dupont");
    // One of the two gives way when both offer at once.
    assert_eq!(participant(&seen, &json!(2))["polite"], false);
    assert_eq!(participant(&answer["call"], &json!(1))["polite"], true);
}

#[test]
fn offers_answers_and_candidates_are_passed_on_both_ways_with_who_sent_them() {
    let mut talk = talk(clinic());
    let call = &talk.call;
    let asked = talk
        .patient
        .request(json!({"type": "request_webrtc_offer", "call_id": call}))
        .unwrap();
    assert_eq!((&asked["delivered"], &asked["queued"]), (&json!(1), &json!(0)));
    let asked = talk.doctor.event("request_webrtc_offer");
    assert_eq!(asked["from"]["participant"], talk.number);

    let mut to_patient = offer(call, "v=0\r\no=doctor");
    to_patient["to"] = asked["from"].clone();
    talk.doctor.request(to_patient).unwrap();
    let offered = talk.patient.event("webrtc_offer");
    assert_eq!(offered["sdp"], "v=0\r\no=doctor");
    assert_eq!(offered["from"]["name"], "Dr Claire Martin");
    assert_eq!(offered["from"]["user_id"], id_of(&talk.doctor));
    assert_eq!(
        (&offered["to"]["participant"], &offered["polite"]),
        (&talk.number, &json!(true))
    );

    let answer = json!({"type": "webrtc_answer", "call_id": call, "to": 1, "sdp": "v=0\r\no=patient"});
    talk.patient.request(answer).unwrap();
    assert_eq!(talk.doctor.event("webrtc_answer")["sdp"], "v=0\r\no=patient");

    let candidate =
        json!({"candidate": "candidate:1 1 UDP 1 192.0.2.1 1 typ host", "sdpMid": "0", "sdpMLineIndex": 0});
    let frame =
        json!({"type": "webrtc_ice_candidates", "call_id": call, "candidates": [candidate], "done": true});
    talk.doctor.request(frame.clone()).unwrap();
    let got = talk.patient.event("webrtc_ice_candidates");
    assert_eq!(
        (&got["candidates"], &got["done"]),
        (&frame["candidates"], &json!(true))
    );
    talk.patient.request(frame).unwrap();
    assert_eq!(
        talk.doctor.event("webrtc_ice_candidates")["from"]["participant"],
        talk.number
    );

    // Renegotiation and ICE restart are further offers.
    talk.patient.request(offer(call, "again")).unwrap();
    assert_eq!(talk.doctor.event("webrtc_offer")["sdp"], "again");
}

#[test]
fn frames_keep_their_order_though_they_are_sent_without_waiting() {
    let mut talk = talk(clinic().unthrottled());
    for n in 0..200 {
        talk.doctor.send(offer(&talk.call, &n.to_string()));
    }
    for n in 0..200 {
        assert_eq!(talk.patient.event("webrtc_offer")["sdp"], n.to_string());
    }
}

#[test]
fn what_somebody_shows_and_mutes_is_told_and_remembered() {
    let mut talk = talk(clinic());
    let media = json!({"type": "call_media", "call_id": talk.call, "audio": false, "screen": true});
    talk.patient.request(media).unwrap();
    let told = talk.doctor.event("call_media");
    assert_eq!(told["from"]["participant"], talk.number);
    assert_eq!(
        (&told["audio"], &told["video"], &told["screen"]),
        (&json!(false), &json!(true), &json!(true))
    );
    let again = talk
        .doctor
        .request(json!({"type": "call_accept", "call_id": talk.call}))
        .unwrap();
    assert_eq!(participant(&again["call"], &talk.number)["media"]["audio"], false);
}

#[test]
fn a_participant_whose_network_blips_gets_what_came_meanwhile_and_goes_on() {
    let mut talk = talk(clinic());
    drop(talk.patient);
    let away = state(&mut talk.doctor, |s| {
        participant(s, &talk.number)["state"] == "away"
    });
    assert_eq!(away["state"], "active");
    for n in 0..3 {
        let sent = talk.doctor.request(offer(&talk.call, &n.to_string())).unwrap();
        assert_eq!((&sent["delivered"], &sent["queued"]), (&json!(0), &json!(1)));
    }
    let mut patient = talk.hub.socket_with_token(&talk.patient_token, "");
    let back = state(&mut patient, |_| true);
    assert_eq!((&back["you"], &back["ice_servers"]), (&talk.number, &json!([])));
    assert_eq!(patient.log[0]["type"], "welcome");
    for n in 0..3 {
        assert_eq!(patient.event("webrtc_offer")["sdp"], n.to_string());
    }
    state(&mut talk.doctor, |s| {
        participant(s, &talk.number)["state"] == "joined"
    });
    patient.request(offer(&talk.call, "back")).unwrap();
    assert_eq!(talk.doctor.event("webrtc_offer")["sdp"], "back");
}

#[test]
fn a_socket_that_names_its_number_takes_its_seat_though_the_old_one_is_not_known_to_be_dead() {
    let mut talk = talk(clinic());
    let mut newer = talk.hub.socket_with_token(&talk.patient_token, "");
    let claim = json!({"type": "call_accept", "call_id": talk.call, "participant": talk.number});
    assert_eq!(newer.request(claim).unwrap()["participant"], talk.number);
    talk.doctor.request(offer(&talk.call, "to the new one")).unwrap();
    assert_eq!(newer.event("webrtc_offer")["sdp"], "to the new one");
    // The old socket has no seat any more.
    talk.patient.refused(offer(&talk.call, "x"), "forbidden");
    drop(talk.patient);
    talk.doctor.request(offer(&talk.call, "still")).unwrap();
    assert_eq!(newer.event("webrtc_offer")["sdp"], "still");
}

#[test]
fn sixty_four_frames_wait_for_whoever_is_away_and_no_more() {
    let mut talk = talk(clinic());
    drop(talk.patient);
    state(&mut talk.doctor, |s| {
        participant(s, &talk.number)["state"] == "away"
    });
    for _ in 0..64 {
        talk.doctor.request(offer(&talk.call, "x")).unwrap();
    }
    let refused = talk.doctor.refused(offer(&talk.call, "x"), "busy");
    assert_eq!(refused.frame["limit"], "seat_queue");
}

#[test]
fn a_seat_that_runs_out_is_gone_and_the_call_waits_for_the_other() {
    let mut talk = talk(clinic().env("CALLS__SEAT_S", 1));
    drop(talk.patient);
    let left = state(&mut talk.doctor, |s| {
        s["participants"].as_array().unwrap().len() == 1
    });
    assert_eq!(left["state"], "active");
    let mut patient = talk.hub.socket_with_token(&talk.patient_token, "");
    patient.refused(offer(&talk.call, "x"), "forbidden");
    assert_eq!(accept(&mut patient, &talk.call), 3);
}

#[test]
fn the_first_terminal_of_a_user_to_answer_wins() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut first = hub.socket("jean");
    let mut second = hub.socket("jean");
    let room = direct(&mut doctor, &first);
    let call = open(&mut doctor, &room);
    first.event("call_invite");
    second.event("call_invite");
    accept(&mut first, &call);
    assert_eq!(second.event("call_answered_elsewhere")["call_id"], call);
    second.refused(json!({"type": "call_accept", "call_id": call}), "conflict");
    second.refused(offer(&call, "x"), "forbidden");
    doctor.request(offer(&call, "one")).unwrap();
    first.event("webrtc_offer");
    let heard = all_events(&mut second);
    assert!(heard.iter().all(|e| e["type"] != "webrtc_offer"), "{heard:?}");
}

#[test]
fn a_terminal_that_opens_while_it_rings_is_rung_too() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let patient = hub.socket("jean");
    let room = direct(&mut doctor, &patient);
    drop(patient);
    let call = open(&mut doctor, &room);
    let mut late = hub.socket("jean");
    assert_eq!(late.event("call_invite")["call_id"], call);
    assert_eq!(late.log[0]["type"], "welcome");
}

#[test]
fn a_call_of_three_is_a_mesh_and_frames_go_to_whom_they_are_for() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let mut secretary = hub.socket("aida");
    let room = group(&mut doctor, &[&colleague, &secretary]);
    let call = open(&mut doctor, &room);
    let second = accept(&mut colleague, &call);
    let third = accept(&mut secretary, &call);
    let asked = secretary
        .request(json!({"type": "request_webrtc_offer", "call_id": call}))
        .unwrap();
    assert_eq!(asked["delivered"], 2);
    for other in [&mut doctor, &mut colleague] {
        assert_eq!(other.event("request_webrtc_offer")["from"]["participant"], third);
    }
    let mut to_one = offer(&call, "for the third");
    to_one["to"] = third;
    assert_eq!(colleague.request(to_one).unwrap()["delivered"], 1);
    assert_eq!(secretary.event("webrtc_offer")["from"]["participant"], second);
    assert!(
        all_events(&mut doctor)
            .iter()
            .all(|e| e["type"] != "webrtc_offer")
    );
    let mut to_nobody = offer(&call, "x");
    to_nobody["to"] = json!(9);
    doctor.refused(to_nobody, "not_found");
}
