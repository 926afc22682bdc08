//! One act of somebody in a call: who may, and what it answers.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::{
    domain::call::{Call, Media, Number, Person, Socket},
    protocol::{
        call::{Act, Signal},
        error::{Code, Error, Result},
    },
};

use super::{frames, messages::Party};

/// What is answered; a seat's answer is completed by the actor, which knows the servers.
pub(super) enum Answer {
    Value(Value),
    Seat(Number),
}

pub(super) fn perform(call: &mut Call<Bytes>, party: &Party, act: Act, now_ms: i64) -> Result<Answer> {
    // A call that is over is none, for everybody.
    if call.state.is_over() {
        return Err(Error::of(Code::NotFound));
    }
    let done = json!({ "call_id": call.id });
    match act {
        Act::Accept { participant } => accept(call, party, participant, now_ms),
        Act::Decline => {
            let user = known_user(call, party)?.id;
            call.decline(user, party.socket(), now_ms)?;
            Ok(Answer::Value(done))
        }
        Act::Admit { participant } => {
            let by = host_acts(call, party, now_ms)?;
            call.admit(by, participant, now_ms)?;
            Ok(Answer::Value(seen_by(call, party)))
        }
        Act::Deny { participant } => {
            let by = host_acts(call, party, now_ms)?;
            call.deny(by, participant, now_ms)?;
            Ok(Answer::Value(seen_by(call, party)))
        }
        Act::Relay { signal, to, members } => {
            let from = number_of(call, party, now_ms)?;
            relay(call, from, to, signal, &members).map(Answer::Value)
        }
        Act::Media { audio, video, screen } => {
            let from = number_of(call, party, now_ms)?;
            let mut now = None;
            call.set_media(from, |media| {
                media.audio = audio.unwrap_or(media.audio);
                media.video = video.unwrap_or(media.video);
                media.screen = screen.unwrap_or(media.screen);
                now = Some(*media);
            })?;
            if let Some(media) = now {
                tell_media(call, from, media);
            }
            Ok(Answer::Value(done))
        }
        Act::HangUp => {
            let number = number_of(call, party, now_ms)?;
            call.hang_up(number, now_ms)?;
            Ok(Answer::Value(done))
        }
        Act::End => {
            let by = known_user(call, party)?.id;
            call.end(by, now_ms)?;
            Ok(Answer::Value(done))
        }
    }
}

fn accept(call: &mut Call<Bytes>, party: &Party, claim: Option<Number>, now_ms: i64) -> Result<Answer> {
    match party {
        // That he is in the room was looked at before.
        Party::User { person, socket } => {
            let socket = socket.ok_or_else(needs_a_socket)?;
            call.accept(person, socket, claim, now_ms).map(Answer::Seat)
        }
        // He sits, or waits, since his socket opened.
        Party::Guest { number, socket } => match call.seat(*number) {
            Some(seat) if seat.socket == Some(socket.id) => Ok(Answer::Seat(*number)),
            _ => Err(Error::of(Code::NotFound)),
        },
    }
}

fn relay(
    call: &mut Call<Bytes>,
    from: Number,
    to: Option<Number>,
    signal: Signal,
    members: &Map<String, Value>,
) -> Result<Value> {
    let id = call.id;
    let done = call.relay(from, to, |sender, receiver| {
        frames::relayed(id, signal, members, sender, receiver)
    })?;
    Ok(json!({ "delivered": done.delivered, "queued": done.queued }))
}

/// Others hear of it; who is away finds it in the state when he is back.
fn tell_media(call: &mut Call<Bytes>, from: Number, media: Media) {
    let members = json!({ "audio": media.audio, "video": media.video, "screen": media.screen });
    let Value::Object(members) = members else { return };
    let present: Vec<Number> = call
        .seats()
        .filter(|s| s.is_joined() && s.number != from && s.socket.is_some())
        .map(|s| s.number)
        .collect();
    for to in present {
        let told = relay(call, from, Some(to), Signal::Media, &members);
        if let Err(error) = told {
            tracing::debug!(%error, "a change of media was not told");
        }
    }
}

/// The user, where the call knows him: host, rung, or with a seat. For everybody else there is no call.
fn known_user<'p>(call: &Call<Bytes>, party: &'p Party) -> Result<&'p Person> {
    match party {
        Party::User { person, .. } if knows(call, person.id) => Ok(person),
        Party::User { .. } => Err(Error::of(Code::NotFound)),
        Party::Guest { .. } => Err(Error::forbidden("Guests may not do this.")),
    }
}

fn knows(call: &Call<Bytes>, user: i64) -> bool {
    user == call.host.id
        || call.rung().any(|(person, _)| person.id == user)
        || call.seats().any(|seat| seat.is_user(user))
}

/// The host acts; on a socket, he takes his seat with it where he has none.
fn host_acts(call: &mut Call<Bytes>, party: &Party, now_ms: i64) -> Result<i64> {
    let person = known_user(call, party)?.clone();
    if let Party::User {
        socket: Some(socket), ..
    } = party
    {
        seat_host(call, &person, *socket, now_ms)?;
    }
    Ok(person.id)
}

fn seat_host(call: &mut Call<Bytes>, person: &Person, socket: Socket, now_ms: i64) -> Result<()> {
    if person.id == call.host.id && call.host_seat().is_none() {
        call.accept(person, socket, None, now_ms)?;
    }
    Ok(())
}

/// The seat of whoever acts on this very socket.
fn number_of(call: &mut Call<Bytes>, party: &Party, now_ms: i64) -> Result<Number> {
    match party {
        Party::Guest { number, socket } => match call.seat(*number) {
            Some(seat) if seat.socket == Some(socket.id) => Ok(*number),
            _ => Err(Error::of(Code::NotFound)),
        },
        Party::User { person, socket } => {
            known_user(call, party)?;
            let socket = socket.ok_or_else(needs_a_socket)?;
            seat_host(call, person, socket, now_ms)?;
            call.seat_of_socket(socket.id)
                .map(|seat| seat.number)
                .ok_or_else(|| Error::forbidden("Only participants may do this; answer the call first."))
        }
    }
}

/// `{"call":…}` as whoever acts sees it.
fn seen_by(call: &Call<Bytes>, party: &Party) -> Value {
    let seat = party.socket().and_then(|socket| call.seat_of_socket(socket));
    let viewer = match (seat, party) {
        (Some(seat), _) => frames::Viewer::Seat(seat.number),
        (None, Party::User { person, .. }) => frames::Viewer::User {
            rung: call.is_ringing(person.id),
        },
        (None, Party::Guest { .. }) => frames::Viewer::User { rung: false },
    };
    json!({ "call_id": call.id, "call": frames::state(call, viewer) })
}

fn needs_a_socket() -> Error {
    Error::invalid("This request needs a socket.")
}
