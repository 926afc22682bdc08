//! What a call says, and to whom: its state to everybody concerned, the whole picture to whoever sits down, the last
//! word to whoever is out.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{
    domain::{
        Position, Recipients, Signal,
        call::{Leaving, Number, Who},
    },
    protocol::close::Close,
};

use super::{
    actor::CallActor,
    frames::{self, Viewer},
    ice,
    perform::Answer,
};

/// A guest whose part is over, once he was told.
pub(super) struct Farewell {
    pub who: Who,
    pub socket: Option<Uuid>,
    pub how: Leaving,
}

impl CallActor {
    /// A frame to one socket: of a user through the feed, of a guest into its outbox.
    pub(super) fn send(&self, socket: Uuid, frame: Bytes, signals: &mut Vec<Signal>) {
        match self.outboxes.get(&socket) {
            Some(outbox) => {
                // A guest who does not read is closed by his outbox, and may come back.
                let _ = outbox.push_events(frame, Position::START);
            }
            None => signals.push(signal(Recipients::Sessions(Arc::from([socket])), frame)),
        }
    }

    pub(super) fn picture(&self, number: Number) -> Bytes {
        let joined = self.call.seat(number).is_some_and(|s| s.is_joined());
        if joined {
            frames::seated(&self.call, number, self.ice_servers(number))
        } else {
            frames::call_state(&self.call, Viewer::Seat(number))
        }
    }

    pub(super) fn ice_servers(&self, number: Number) -> Value {
        let label = format!("{}-{number}", self.call.id);
        ice::servers(&self.shared.config, &label, self.call.expires_ms)
    }

    /// How it stands, to everybody concerned but those who just got the whole picture.
    pub(super) fn tell(&mut self, pictured: &HashSet<Uuid>, signals: &mut Vec<Signal>) {
        let seats: Vec<(Number, Uuid)> = self
            .call
            .seats()
            .filter(|s| s.is_present())
            .filter_map(|s| Some((s.number, s.socket?)))
            .collect();
        for (number, socket) in seats {
            if !pictured.contains(&socket) {
                let frame = frames::call_state(&self.call, Viewer::Seat(number));
                self.send(socket, frame, signals);
            }
        }
        let ringing: BTreeSet<i64> = self
            .call
            .rung()
            .map(|(person, _)| person.id)
            .filter(|user| self.call.is_ringing(*user))
            .collect();
        let over = self.call.state.is_over();
        let seated: HashSet<i64> = self.call.seats().filter_map(|s| s.who.user_id()).collect();
        let not_rung: HashSet<i64> = self
            .call
            .rung()
            .map(|(person, _)| person.id)
            .filter(|user| over || (self.told.contains(user) && !ringing.contains(user)))
            .chain([self.call.host.id])
            .filter(|user| !seated.contains(user))
            .collect();
        for (users, rung) in [(ringing.iter().copied().collect(), true), (not_rung, false)] {
            let users: HashSet<i64> = users;
            if !users.is_empty() {
                let frame = frames::call_state(&self.call, Viewer::User { rung });
                signals.push(signal(Recipients::Members(Arc::new(users)), frame));
            }
        }
        self.told = ringing;
    }

    /// The last word to whoever is out; a guest's socket closes.
    pub(super) fn bid_farewell(&mut self, farewell: &Farewell, signals: &mut Vec<Signal>) {
        let Some(socket) = farewell.socket else { return };
        self.shared.unbind(socket, self.call.id);
        // With the call he heard of it as everybody did.
        if matches!(farewell.how, Leaving::Denied | Leaving::Removed | Leaving::HungUp) {
            let last = frames::dismissed(&self.call, &farewell.who, farewell.how.as_str());
            self.send(socket, last, signals);
        }
        if let Some(outbox) = self.outboxes.remove(&socket) {
            outbox.close(match farewell.how {
                Leaving::Denied | Leaving::Removed => Close::NotAdmitted,
                Leaving::HungUp | Leaving::Lost | Leaving::Ended => Close::CallOver,
            });
        }
    }

    pub(super) fn answer(&self, answer: Answer) -> Value {
        match answer {
            Answer::Value(value) => value,
            Answer::Seat(number) => {
                let joined = self.call.seat(number).is_some_and(|s| s.is_joined());
                let servers = if joined {
                    self.ice_servers(number)
                } else {
                    json!([])
                };
                json!({
                    "call_id": self.call.id,
                    "participant": number,
                    "call": frames::state(&self.call, Viewer::Seat(number)),
                    "ice_servers": servers,
                })
            }
        }
    }

    pub(super) fn describe(&self, user: i64) -> Map<String, Value> {
        let seat = self.call.seats().find(|s| s.is_user(user) && s.is_joined());
        let rung = self.call.is_ringing(user);
        let viewer = seat.map_or(Viewer::User { rung }, |s| Viewer::Seat(s.number));
        frames::state(&self.call, viewer)
    }
}

pub(super) fn signal(to: Recipients, frame: Bytes) -> Signal {
    Signal {
        to,
        except: None,
        about: None,
        frame,
    }
}
