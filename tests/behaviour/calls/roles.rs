//! Calls in the rooms that follow from roles, and in large ones.

use serde_json::json;

use super::*;

/// The room of a kind, as `welcome` lists it.
fn room_of(socket: &Socket, kind: &str) -> Value {
    let rooms = socket.welcome["rooms"].as_array().unwrap();
    let found = rooms.iter().find(|room| room["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} room: {rooms:?}"))["id"].clone()
}

#[test]
fn a_call_in_the_room_of_a_role_rings_whoever_has_the_role_and_nobody_else() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let (mut secretary, mut patient) = (hub.socket("aida"), hub.socket("jean"));
    let room = room_of(&doctor, "role");
    let call = open(&mut doctor, &room);
    assert_eq!(colleague.event("call_invite")["room"], room);
    // Of the role, on a terminal that opens only now.
    let mut late = hub.socket("rahmani");
    assert_eq!(late.event("call_invite")["call_id"], call);
    accept(&mut late, &call);
    assert_eq!(colleague.event("call_answered_elsewhere")["call_id"], call);
    doctor.request(offer(&call, "v=0")).unwrap();
    late.event("webrtc_offer");
    for other in [&mut secretary, &mut patient] {
        for frame in [
            json!({"type": "call_accept", "call_id": call}),
            json!({"type": "call_decline", "call_id": call}),
            offer(&call, "x"),
        ] {
            other.refused(frame, "not_found");
        }
        let heard = all_events(other);
        assert!(heard.is_empty(), "{heard:?}");
    }
}

#[test]
fn a_call_for_everyone_rings_the_staff_and_no_patient() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let (mut secretary, mut patient) = (hub.socket("aida"), hub.socket("jean"));
    let room = room_of(&doctor, "everyone");
    let call = open(&mut doctor, &room);
    assert_eq!(secretary.event("call_invite")["call_id"], call);
    accept(&mut secretary, &call);
    state(&mut doctor, |s| s["state"] == "active");
    patient.refused(json!({"type": "call_accept", "call_id": call}), "not_found");
    assert!(all_events(&mut patient).is_empty());
}

#[test]
fn whoever_loses_the_role_is_out_of_the_calls_of_its_room() {
    let hub = clinic().start();
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let room = room_of(&doctor, "role");
    let call = open(&mut doctor, &room);
    let number = accept(&mut colleague, &call);
    state(&mut doctor, |s| s["state"] == "active");
    hub.cli(&["user", "role", "rahmani", "secretaire"]).succeeded();
    assert_eq!(closed_with(colleague.read_to_the_end()), 4401);
    state(&mut doctor, |s| participant(s, &number)["state"] == "away");
    let mut changed = hub.socket("rahmani");
    changed.refused(json!({"type": "call_accept", "call_id": call}), "not_found");
    state(&mut doctor, |s| s["participants"].as_array().unwrap().len() == 1);
}

#[test]
fn of_a_large_room_those_are_rung_who_are_connected() {
    let hub = clinic().unthrottled().start();
    let admin = hub.as_user("admin");
    for n in 0..100 {
        let new =
            json!({"username": format!("medecin{n}"), "role": "medecin", "password": "un mot de passe"});
        admin.post("/api/admin/users", &new).ok();
    }
    let mut doctor = hub.socket("martin");
    let mut colleague = hub.socket("rahmani");
    let room = room_of(&doctor, "role");
    let opened = doctor
        .request(json!({"type": "call_open", "room": room}))
        .unwrap();
    assert_eq!(opened["call"]["state"], "ringing");
    let rung: Vec<&Value> = opened["call"]["rung"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["user_id"])
        .collect();
    assert_eq!(rung, [&id_of(&colleague)]);
    colleague.event("call_invite");
    accept(&mut colleague, &opened["call_id"]);
}
