//! What people do with each other, as a user would tell it: a prescription, a voice note, a nurse in a tunnel, a call.

use std::{path::Path, time::Instant};

use serde_json::{Value, json};

use crate::{
    files::{form, send},
    support::{Hub, Socket, unique},
};

/// The medical records, with the users of the demo; `amina`, a nurse, may do what a doctor may.
fn records() -> Hub {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("apps/records");
    let hub = Hub::with().app(pack).start();
    hub.add_user("amina", "medecin", "une phrase longue");
    hub
}

fn user_of(socket: &Socket) -> Value {
    socket.welcome["user"]["id"].clone()
}

fn prescribe(doctor: &mut Socket) -> Value {
    let args = json!({"patient_id": 4, "medicaments": [{"medicament": "Amoxicilline", "dosage": "500 mg"}]});
    doctor.rpc("createPrescription", args).unwrap()["data"].clone()
}

#[track_caller]
fn unread(socket: &mut Socket, room: &Value, count: i64) {
    let wanted = |e: &Value| e["type"] == "unread" && e["room"] == *room && e["unread"] == count;
    socket
        .try_event(wanted)
        .unwrap_or_else(|gone| panic!("no unread {count}: {gone:?}"));
}

#[track_caller]
fn state(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    socket
        .try_event(|e| e["type"] == "call_state" && wanted(e))
        .unwrap_or_else(|gone| panic!("no such call_state: {gone:?}"))
}

#[test]
fn a_prescription_is_told_by_a_rule_answered_by_voice_and_read_on_two_pcs() {
    let hub = records();
    let (mut first, mut second) = (hub.socket("diallo"), hub.socket("diallo"));
    let mut pharmacist = hub.socket("samira");

    let began = Instant::now();
    let prescription = prescribe(&mut first);
    let told = pharmacist
        .try_event(|e| e["type"] == "notification" && e["event"] == "new_prescription")
        .unwrap();
    println!("told {:?} after the call began", began.elapsed());
    assert_eq!(told["data"]["prescription_id"], prescription["id"]);

    // She answers by voice, about that patient.
    let note = form(
        "note.webm",
        "audio/webm;codecs=opus",
        b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webmrest",
        &[("duration_ms", "4200")],
    );
    let file = send(&hub.as_user("samira"), &note).ok();
    let context = json!({"type": "patient", "id": 4});
    let sent = pharmacist
        .request(json!({"type": "send_message", "to": user_of(&first), "kind": "audio", "content": "", "file": file["id"],
            "context": context, "client_id": unique("voice")}))
        .unwrap()["message"]
        .clone();
    let room = &sent["room"];
    for pc in [&mut first, &mut second] {
        let heard = pc.event("new_message")["message"].clone();
        assert_eq!(heard["id"], sent["id"]);
        assert_eq!((&heard["kind"], &heard["context"]), (&json!("audio"), &context));
        assert_eq!(heard["file"]["duration_ms"], 4_200);
        // It is played from the address in the message, without a token.
        let (status, _, voice) = hub.client().bytes("GET", heard["file"]["url"].as_str().unwrap());
        assert_eq!((status, voice.ends_with(b"webmrest")), (200, true));
        unread(pc, room, 1);
    }
    first
        .request(json!({"type": "mark_read", "room": room, "up_to": sent["seq"]}))
        .unwrap();
    unread(&mut first, room, 0);
    unread(&mut second, room, 0);
}

#[test]
fn a_nurse_whose_network_was_gone_gets_everything_she_missed_once_and_in_order() {
    let hub = records();
    let token = hub.login_with("amina", "une phrase longue")["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut nurse = hub.socket_with_token(&token, "");
    let mut doctor = hub.socket("diallo");
    let mut pharmacist = hub.socket("samira");
    let room = doctor
        .request(json!({"type": "create_room", "name": "Garde", "members": [user_of(&nurse), user_of(&pharmacist)]}))
        .unwrap()["room"]["id"]
        .clone();
    nurse.event("room_updated");
    let since = nurse.cursor();
    drop(nurse);

    for n in 0..50 {
        let writer = if n % 2 == 0 { &mut doctor } else { &mut pharmacist };
        writer
            .request(json!({"type": "send_message", "room": room, "kind": "text", "content": n.to_string(), "client_id": unique("m")}))
            .unwrap();
    }
    let mut nurse = hub.socket_with_token(&token, &format!("since={since}"));
    nurse.event("caught_up");
    let missed: Vec<String> = nurse
        .events_of("new_message")
        .map(|e| e["message"]["content"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(missed, (0..50).map(|n: i32| n.to_string()).collect::<Vec<_>>());
    // And goes on.
    let last = doctor
        .request(json!({"type": "send_message", "room": room, "kind": "text", "content": "fin", "client_id": unique("m")}))
        .unwrap();
    let heard = nurse
        .try_event(|e| e["message"]["id"] == last["message"]["id"])
        .unwrap();
    assert_eq!(heard["type"], "new_message");
}

#[test]
fn a_patient_joins_a_call_with_the_code_and_stays_in_it_when_the_network_fails() {
    let hub = records();
    let token = hub.token("diallo");
    let mut doctor = hub.socket_with_token(&token, "");
    let room = doctor
        .request(json!({"type": "create_room", "name": "Consultation", "members": []}))
        .unwrap()["room"]["id"]
        .clone();
    let opened = hub
        .as_user("diallo")
        .post(
            "/api/messaging/webrtc/sessions?generate_conference_link=true",
            &json!({"conversation_id": room, "session_type": "audio_video"}),
        )
        .ok();
    let link = &opened["data"]["conferenceLink"];
    let call = &link["sessionId"];
    let joined = hub
        .client()
        .post(
            &format!("/api/messaging/webrtc/sessions/{call}/join"),
            &json!({"code": link["joinCode"], "name": "Ousmane"}),
        )
        .ok();
    let guest_token = joined["token"].as_str().unwrap().to_owned();
    let mut patient = hub.socket_with_token(&guest_token, "");
    let number = &joined["participant"];
    state(&mut doctor, |s| {
        s["participants"].as_array().is_some_and(|all| !all.is_empty())
    });
    doctor
        .request(json!({"type": "call_admit", "call_id": call, "participant": number}))
        .unwrap();
    state(&mut patient, |s| s["state"] == "active" && s["you"] == *number);

    drop(patient);
    state(&mut doctor, |s| s.to_string().contains("away"));
    // What is said meanwhile waits for him.
    doctor
        .request(json!({"type": "webrtc_offer", "call_id": call, "sdp": "renewed"}))
        .unwrap();
    let mut patient = hub.socket_with_token(&guest_token, "");
    state(&mut patient, |s| s["state"] == "active" && s["you"] == *number);
    assert_eq!(patient.event("webrtc_offer")["sdp"], "renewed");
    patient
        .request(json!({"type": "webrtc_answer", "call_id": call, "sdp": "well"}))
        .unwrap();
    let answered = doctor.event("webrtc_answer");
    assert_eq!(answered["sdp"], "well");
}
