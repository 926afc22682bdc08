//! Calls (PROTOCOL section 6): signalling between those who take part, and nobody else.

mod ends;
mod guests;
mod members;
mod outsiders;
mod roles;
mod traces;

use serde_json::{Value, json};

use crate::support::{Gone, Hub, Reply, Socket, hub::Setup};

/// Telemedicine: doctors open calls, patients are called. All log in from anywhere.
fn clinic() -> Setup {
    let pack = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("apps/telemedicine");
    Hub::with().app(pack)
}

/// The id of a user.
fn id_of(socket: &Socket) -> Value {
    socket.welcome["user"]["id"].clone()
}

/// The direct room of a doctor and a patient.
fn direct(doctor: &mut Socket, patient: &Socket) -> Value {
    let user = id_of(patient);
    doctor
        .request(json!({"type": "open_direct", "user_id": user}))
        .unwrap()["room"]["id"]
        .clone()
}

/// A group that the doctor makes.
fn group(doctor: &mut Socket, members: &[&Socket]) -> Value {
    let members: Vec<Value> = members.iter().map(|m| id_of(m)).collect();
    doctor
        .request(json!({"type": "create_room", "name": "consultation", "members": members}))
        .unwrap()["room"]["id"]
        .clone()
}

fn open(doctor: &mut Socket, room: &Value) -> Value {
    let opened = doctor
        .request(json!({"type": "call_open", "room": room, "media": "audio_video"}))
        .unwrap();
    opened["call_id"].clone()
}

fn accept(socket: &mut Socket, call: &Value) -> Value {
    socket
        .request(json!({"type": "call_accept", "call_id": call}))
        .unwrap()["participant"]
        .clone()
}

/// A doctor and a patient who talk: the hub, both, the call and the patient's number.
struct Talk {
    hub: Hub,
    doctor: Socket,
    patient: Socket,
    patient_token: String,
    call: Value,
    number: Value,
}

fn talk(setup: Setup) -> Talk {
    let hub = setup.start();
    let mut doctor = hub.socket("martin");
    let patient_token = hub.token("jean");
    let mut patient = hub.socket_with_token(&patient_token, "");
    let room = direct(&mut doctor, &patient);
    let call = open(&mut doctor, &room);
    patient.event("call_invite");
    let number = accept(&mut patient, &call);
    state(&mut doctor, |s| s["state"] == "active");
    Talk {
        hub,
        doctor,
        patient,
        patient_token,
        call,
        number,
    }
}

/// The next state of a call that is as wanted.
#[track_caller]
fn state(socket: &mut Socket, wanted: impl Fn(&Value) -> bool) -> Value {
    socket
        .try_event(|e| e["type"] == "call_state" && wanted(e))
        .unwrap_or_else(|gone| panic!("no such call_state: {gone:?}"))
}

/// A participant of a state.
fn participant<'a>(state: &'a Value, number: &Value) -> &'a Value {
    let all = state["participants"].as_array().unwrap();
    all.iter()
        .find(|p| p["participant"] == *number)
        .unwrap_or_else(|| panic!("no participant {number}: {state}"))
}

fn offer(call: &Value, sdp: &str) -> Value {
    json!({"type": "webrtc_offer", "call_id": call, "sdp": sdp})
}

/// Opens a call over HTTP, with a code.
fn open_with_code(hub: &Hub, room: &Value) -> Value {
    let reply = hub.as_user("martin").post(
        "/api/messaging/webrtc/sessions?generate_conference_link=true",
        &json!({"conversation_id": room, "session_type": "audio_video"}),
    );
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

fn try_join(hub: &Hub, call: &Value, code: &str) -> Reply {
    hub.client().post(
        &format!("/api/messaging/webrtc/sessions/{call}/join"),
        &json!({"code": code, "name": "Fatou"}),
    )
}

/// Everything that came, once nothing more can come from before.
fn all_events(socket: &mut Socket) -> Vec<Value> {
    socket.ping();
    socket
        .log
        .iter()
        .filter(|f| {
            f["type"]
                .as_str()
                .is_some_and(|t| t.starts_with("call_") || t.contains("webrtc"))
        })
        .cloned()
        .collect()
}

fn closed_with(gone: Gone) -> u16 {
    match gone {
        Gone::Closed(code, _) => code,
        other => panic!("not closed by the hub: {other:?}"),
    }
}
