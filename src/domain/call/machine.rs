//! The call itself: what is done in it. Coming and going is in `entry`, the passing of time in `time`.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::protocol::error::{Code, Error, Result};

use super::{Bounds, Effect, Kind, Leaving, Media, Number, Person, Place, Reason, Rung, Seat, State, Who};

/// What a call begins with.
#[derive(Debug, Clone)]
pub struct Opening {
    pub id: i64,
    pub room: i64,
    pub host: Person,
    pub kind: Kind,
    /// Guests may come with a code.
    pub has_code: bool,
    /// The other users of the room, to be rung.
    pub others: Vec<Person>,
    pub bounds: Bounds,
}

#[derive(Debug)]
pub struct Call<F> {
    pub id: i64,
    pub room: i64,
    pub host: Person,
    pub kind: Kind,
    pub has_code: bool,
    pub state: State,
    pub reason: Option<Reason>,
    pub created_ms: i64,
    pub started_ms: Option<i64>,
    pub ended_ms: Option<i64>,
    /// Until when it rings.
    pub ring_until_ms: i64,
    pub expires_ms: i64,
    pub(super) bounds: Bounds,
    pub(super) rung: BTreeMap<i64, (Person, Rung)>,
    pub(super) seats: BTreeMap<Number, Seat<F>>,
    pub(super) next: Number,
    pub(super) effects: Vec<Effect<F>>,
}

/// How many a frame reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delivery {
    pub delivered: usize,
    pub queued: usize,
    pub dropped: usize,
}

impl<F> Call<F> {
    /// Opens a call and rings the others.
    pub fn open(opening: Opening, now_ms: i64) -> Self {
        let Opening {
            id,
            room,
            host,
            kind,
            has_code,
            others,
            bounds,
        } = opening;
        let mut call = Self {
            id,
            room,
            host,
            kind,
            has_code,
            state: State::Initiating,
            reason: None,
            created_ms: now_ms,
            started_ms: None,
            ended_ms: None,
            ring_until_ms: now_ms + bounds.ring_ms,
            expires_ms: now_ms + bounds.lifetime_ms,
            bounds,
            rung: BTreeMap::new(),
            seats: BTreeMap::new(),
            next: 1,
            effects: Vec::new(),
        };
        for person in others.into_iter().filter(|p| p.id != call.host.id) {
            call.rung.insert(person.id, (person, Rung::Ringing));
        }
        if !call.rung.is_empty() {
            call.state = State::Ringing;
            let users = call.rung.keys().copied().collect();
            call.effects.push(Effect::Ring(users));
        }
        call
    }

    /// What is to be done since the last look.
    pub fn take_effects(&mut self) -> Vec<Effect<F>> {
        std::mem::take(&mut self.effects)
    }

    pub fn seats(&self) -> impl Iterator<Item = &Seat<F>> {
        self.seats.values()
    }

    pub fn seat(&self, number: Number) -> Option<&Seat<F>> {
        self.seats.get(&number)
    }

    pub fn seat_of_socket(&self, socket: Uuid) -> Option<&Seat<F>> {
        self.seats.values().find(|s| s.socket == Some(socket))
    }

    /// The host's seat, where he has one.
    pub fn host_seat(&self) -> Option<&Seat<F>> {
        self.seats
            .values()
            .find(|s| s.is_joined() && s.is_user(self.host.id))
    }

    pub fn rung(&self) -> impl Iterator<Item = (&Person, Rung)> {
        self.rung.values().map(|(person, how)| (person, *how))
    }

    pub fn is_ringing(&self, user: i64) -> bool {
        !self.state.is_over() && matches!(self.rung.get(&user), Some((_, Rung::Ringing)))
    }

    /// Whether a new socket of this user matters to the call.
    pub fn awaits(&self, user: i64) -> bool {
        !self.state.is_over()
            && (self.is_ringing(user)
                || self
                    .seats
                    .values()
                    .any(|s| s.is_user(user) && s.is_joined() && s.socket.is_none()))
    }

    /// Users of whom a new socket matters.
    pub fn awaited(&self) -> Vec<i64> {
        let rung = self.rung.keys().copied();
        let seated = self.seats.values().filter_map(|s| s.who.user_id());
        let mut users: Vec<i64> = rung.chain(seated).filter(|user| self.awaits(*user)).collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    /// Passes a frame on, to one or to all others; `make` builds it for each receiver.
    pub fn relay(
        &mut self,
        from: Number,
        to: Option<Number>,
        make: impl Fn(&Seat<F>, &Seat<F>) -> F,
    ) -> Result<Delivery> {
        self.check_live()?;
        let sender = self.joined(from)?;
        if let Some(to) = to {
            let known = to != from && self.seats.get(&to).is_some_and(Seat::is_joined);
            if !known {
                return Err(Error::of(Code::NotFound));
            }
        }
        let frames: Vec<(Number, F)> = self
            .seats
            .values()
            .filter(|s| s.number != from && s.is_joined() && to.is_none_or(|to| s.number == to))
            .map(|receiver| (receiver.number, make(sender, receiver)))
            .collect();
        let mut done = Delivery::default();
        for (number, frame) in frames {
            let Some(seat) = self.seats.get_mut(&number) else {
                continue;
            };
            if let Some(socket) = seat.socket {
                self.effects.push(Effect::Send { socket, frame });
                done.delivered += 1;
            } else if seat.keep(frame) {
                done.queued += 1;
            } else {
                done.dropped += 1;
            }
        }
        if done.delivered == 0 && done.queued == 0 && done.dropped > 0 {
            return Err(Error::of(Code::Busy)
                .with("limit", "seat_queue")
                .retry_after_ms(1_000));
        }
        Ok(done)
    }

    /// Notes what a participant sends.
    pub fn set_media(&mut self, from: Number, change: impl FnOnce(&mut Media)) -> Result<()> {
        self.check_live()?;
        self.joined(from)?;
        if let Some(seat) = self.seats.get_mut(&from) {
            change(&mut seat.media);
        }
        Ok(())
    }

    /// The host lets a guest in.
    pub fn admit(&mut self, by: i64, number: Number, now_ms: i64) -> Result<()> {
        self.check_host(by)?;
        let place = self.seats.get(&number).map(|s| s.place);
        match place {
            Some(Place::Joined) => return Ok(()),
            Some(Place::Lobby) => {}
            Some(Place::Outside) | None => return Err(Error::of(Code::NotFound)),
        }
        self.check_room_for_one()?;
        if let Some(seat) = self.seats.get_mut(&number) {
            seat.place = Place::Joined;
        }
        self.joined_now(number, now_ms);
        Ok(())
    }

    /// The host refuses a guest in the lobby, or removes a participant.
    pub fn deny(&mut self, by: i64, number: Number, now_ms: i64) -> Result<()> {
        self.check_host(by)?;
        let how = match self.seats.get(&number) {
            Some(seat) if seat.is_user(by) => {
                return Err(Error::invalid("The host leaves with call_hangup or call_end."));
            }
            Some(seat) if seat.is_joined() => Leaving::Removed,
            Some(_) => Leaving::Denied,
            None => return Err(Error::of(Code::NotFound)),
        };
        self.dismiss(number, how, now_ms);
        Ok(())
    }

    /// The host ends it for all.
    pub fn end(&mut self, by: i64, now_ms: i64) -> Result<()> {
        self.check_host(by)?;
        self.close(State::Ended, Reason::EndedByHost, now_ms);
        Ok(())
    }

    /// The call is over: everybody is told, every guest goes.
    pub fn close(&mut self, state: State, reason: Reason, now_ms: i64) {
        if self.state.is_over() {
            return;
        }
        self.state = state;
        self.reason = Some(reason);
        self.ended_ms = Some(now_ms);
        for (_, how) in self.rung.values_mut() {
            if *how == Rung::Ringing {
                *how = Rung::Missed;
            }
        }
        self.effects.push(Effect::Tell);
        for seat in self.seats.values_mut() {
            if seat.is_joined() {
                self.effects.push(Effect::Left(seat.number, Leaving::Ended));
            }
            self.effects.push(Effect::Dismissed {
                socket: seat.socket,
                who: seat.who.clone(),
                login: seat.login,
                how: Leaving::Ended,
            });
        }
    }

    pub(super) fn check_live(&self) -> Result<()> {
        if self.state.is_over() {
            Err(Error::of(Code::NotFound))
        } else {
            Ok(())
        }
    }

    fn check_host(&self, by: i64) -> Result<()> {
        self.check_live()?;
        if by == self.host.id {
            Ok(())
        } else {
            Err(Error::forbidden("Only the host of the call may do this."))
        }
    }

    fn joined(&self, number: Number) -> Result<&Seat<F>> {
        self.seats
            .get(&number)
            .filter(|s| s.is_joined())
            .ok_or_else(|| Error::forbidden("Only participants who were let in may do this."))
    }

    pub(super) fn joined_count(&self) -> usize {
        self.seats.values().filter(|s| s.is_joined()).count()
    }

    pub(super) fn check_room_for_one(&self) -> Result<()> {
        if self.joined_count() < self.bounds.participants {
            Ok(())
        } else {
            Err(Error::of(Code::Busy)
                .with("limit", "participants")
                .retry_after_ms(5_000))
        }
    }

    /// Somebody is in: the first who is not the host makes the call active.
    pub(super) fn joined_now(&mut self, number: Number, now_ms: i64) {
        let is_host = self.seats.get(&number).is_some_and(|s| s.is_user(self.host.id));
        if !is_host && self.state != State::Active {
            self.state = State::Active;
            self.started_ms = Some(now_ms);
        }
        self.effects.push(Effect::Joined(number));
        self.effects.push(Effect::Seated(number));
        self.effects.push(Effect::Tell);
    }

    /// Takes a seat away from whoever sits there.
    pub(super) fn dismiss(&mut self, number: Number, how: Leaving, now_ms: i64) {
        let Some(seat) = self.seats.remove(&number) else {
            return;
        };
        if seat.is_joined() {
            self.effects.push(Effect::Left(number, how));
        }
        self.effects.push(Effect::Dismissed {
            socket: seat.socket,
            who: seat.who,
            login: seat.login,
            how,
        });
        self.after_leaving(now_ms);
    }

    /// Somebody left by an act: a call of one is none.
    pub(super) fn after_leaving(&mut self, now_ms: i64) {
        let someone_waits = self.seats.values().any(|s| s.place == Place::Lobby);
        if self.state == State::Active && self.joined_count() < 2 && !someone_waits {
            self.close(State::Ended, Reason::HungUp, now_ms);
        } else {
            self.effects.push(Effect::Tell);
        }
    }

    /// A new seat, with the next number.
    pub(super) fn take_seat(&mut self, who: Who, login: Uuid, socket: Option<Uuid>, place: Place) -> Number {
        let number = self.next;
        self.next += 1;
        let video = self.kind == Kind::AudioVideo;
        let seat = Seat {
            number,
            who,
            login,
            socket,
            place,
            away_since_ms: None,
            media: Media {
                audio: true,
                video,
                screen: false,
            },
            waiting: Default::default(),
        };
        self.seats.insert(number, seat);
        number
    }
}
