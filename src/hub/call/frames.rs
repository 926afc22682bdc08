//! What of a call is told to whom (PROTOCOL section 6).

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    domain::{
        call::{Call, Number, Place, Seat, Who},
        timestamp::rfc3339,
    },
    protocol::{call::Signal, frame},
};

/// Through whose eyes.
#[derive(Debug, Clone, Copy)]
pub enum Viewer {
    Seat(Number),
    /// A user of the room without a seat.
    User {
        rung: bool,
    },
}

/// The members that tell how a call stands.
pub fn state(call: &Call<Bytes>, viewer: Viewer) -> Map<String, Value> {
    let own = match viewer {
        Viewer::Seat(number) => call.seat(number),
        Viewer::User { .. } => None,
    };
    let is_guest = own.is_some_and(|s| s.who.is_guest());
    let in_lobby = own.is_some_and(|s| !s.is_joined());
    let mut host = json!({ "name": call.host.name });
    if !is_guest {
        host["user_id"] = call.host.id.into();
    }
    if !in_lobby {
        host["participant"] = call.host_seat().map(|s| s.number).into();
    }
    let participants: Vec<Value> = call
        .seats()
        .filter(|s| s.is_present() && (!in_lobby || Some(s.number) == own.map(|o| o.number)))
        .map(|seat| participant(call, seat, own))
        .collect();
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("call_id", call.id.into());
    put("media", call.kind.as_str().into());
    put("state", call.state.as_str().into());
    put("reason", call.reason.map(|r| r.as_str()).into());
    put("host", host);
    put("created_at", rfc3339(call.created_ms).into());
    put("started_at", call.started_ms.map(rfc3339).into());
    put("ended_at", call.ended_ms.map(rfc3339).into());
    put("expires_at", rfc3339(call.expires_ms).into());
    put("you", own.map(|s| s.number).into());
    put("ringing", matches!(viewer, Viewer::User { rung: true }).into());
    put("participants", participants.into());
    if !is_guest {
        put("room", call.room.into());
        let rung = call
            .rung()
            .map(|(person, how)| json!({ "user_id": person.id, "name": person.name, "state": how.as_str() }));
        put("rung", rung.collect());
    }
    members
}

fn participant(call: &Call<Bytes>, seat: &Seat<Bytes>, own: Option<&Seat<Bytes>>) -> Value {
    let mut shown = person(seat);
    let place = match seat.place {
        Place::Joined if seat.socket.is_none() => "away",
        Place::Joined => "joined",
        Place::Lobby | Place::Outside => "lobby",
    };
    shown["state"] = place.into();
    shown["host"] = seat.is_user(call.host.id).into();
    shown["guest"] = seat.who.is_guest().into();
    shown["media"] = json!({
        "audio": seat.media.audio, "video": seat.media.video, "screen": seat.media.screen
    });
    if let Some(own) = own.filter(|own| own.number != seat.number) {
        shown["polite"] = is_polite(own, seat).into();
    }
    shown
}

/// `from` and `to` of relayed frames.
fn person(seat: &Seat<Bytes>) -> Value {
    let mut shown = json!({ "participant": seat.number, "name": seat.who.name() });
    if let Who::User(user) = &seat.who {
        shown["user_id"] = user.id.into();
    }
    shown
}

/// Perfect negotiation: of two who offer at once, the later comer gives way.
fn is_polite(seat: &Seat<Bytes>, towards: &Seat<Bytes>) -> bool {
    seat.number > towards.number
}

/// A frame that is passed on.
pub fn relayed(
    call_id: i64,
    signal: Signal,
    members: &Map<String, Value>,
    from: &Seat<Bytes>,
    to: &Seat<Bytes>,
) -> Bytes {
    let mut all = members.clone();
    all.insert("call_id".into(), call_id.into());
    all.insert("from".into(), person(from));
    all.insert("to".into(), person(to));
    all.insert("polite".into(), is_polite(to, from).into());
    event(signal.as_str(), all)
}

pub fn call_state(call: &Call<Bytes>, viewer: Viewer) -> Bytes {
    event("call_state", state(call, viewer))
}

/// To somebody who has his seat now: with what he needs to connect.
pub fn seated(call: &Call<Bytes>, number: Number, ice_servers: Value) -> Bytes {
    let mut members = state(call, Viewer::Seat(number));
    members.insert("ice_servers".into(), ice_servers);
    event("call_state", members)
}

/// The last that a person hears who was refused or removed.
pub fn dismissed(call: &Call<Bytes>, who: &Who, reason: &str) -> Bytes {
    let mut members = Map::new();
    members.insert("call_id".into(), call.id.into());
    members.insert("media".into(), call.kind.as_str().into());
    members.insert("state".into(), call.state.as_str().into());
    members.insert("reason".into(), reason.into());
    members.insert("host".into(), json!({ "name": call.host.name }));
    members.insert("you".into(), Value::Null);
    members.insert("ringing".into(), false.into());
    members.insert("participants".into(), json!([]));
    if !who.is_guest() {
        members.insert("room".into(), call.room.into());
    }
    event("call_state", members)
}

pub fn invite(call: &Call<Bytes>) -> Bytes {
    let members = json!({
        "call_id": call.id,
        "room": call.room,
        "media": call.kind.as_str(),
        "from": { "user_id": call.host.id, "name": call.host.name },
        "ring_until": rfc3339(call.ring_until_ms),
        "call": state(call, Viewer::User { rung: true }),
    });
    event("call_invite", object(members))
}

pub fn answered_elsewhere(call: &Call<Bytes>, declined: bool) -> Bytes {
    let mut members = object(json!({ "call_id": call.id, "room": call.room }));
    if declined {
        members.insert("by".into(), "declined".into());
    }
    event("call_answered_elsewhere", members)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// `type` first, for whoever reads the wire.
fn event(kind: &str, members: Map<String, Value>) -> Bytes {
    frame::text_with(512, |out| {
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(kind.as_bytes());
        out.extend_from_slice(b"\",");
        let start = out.len();
        let _ = serde_json::to_writer(&mut *out, &members); // writing to a Vec cannot fail
        out.remove(start); // the brace of the members
    })
}
