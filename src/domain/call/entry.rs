//! Coming and going: answering, the lobby, lost sockets and comebacks, hanging up.

use std::sync::Arc;

use uuid::Uuid;

use crate::protocol::error::{Code, Error, Result};

use super::{Call, Effect, Leaving, MAX_GUESTS, Number, Person, Place, Reason, Rung, Socket, State, Who};

impl<F> Call<F> {
    /// A user of the room takes part on this socket. `claim`: the number he had, to take his seat over from a socket
    /// that is not known to be dead yet.
    pub fn accept(
        &mut self,
        user: &Person,
        socket: Socket,
        claim: Option<Number>,
        now_ms: i64,
    ) -> Result<Number> {
        self.check_live()?;
        let seat = self.seats.values().find(|s| s.is_user(user.id) && s.is_joined());
        if let Some(seat) = seat {
            let number = seat.number;
            if seat.socket == Some(socket.id) {
                self.effects.push(Effect::Seated(number));
                return Ok(number);
            }
            let may_take = seat.socket.is_none() || (claim == Some(number) && seat.login == socket.login);
            if !may_take {
                return Err(Error::new(
                    Code::Conflict,
                    "The call was answered on another terminal.",
                ));
            }
            self.sit_down(number, socket);
            return Ok(number);
        }
        self.check_room_for_one()?;
        let who = Who::User(user.clone());
        let number = self.take_seat(who, socket.login, Some(socket.id), Place::Joined);
        if let Some((_, how)) = self.rung.get_mut(&user.id) {
            *how = Rung::Joined;
        }
        if user.id != self.host.id {
            self.effects.push(Effect::Elsewhere {
                user: user.id,
                except: Some(socket.id),
                declined: false,
            });
        }
        self.joined_now(number, now_ms);
        Ok(number)
    }

    /// A rung user does not want to.
    pub fn decline(&mut self, user: i64, socket: Option<Uuid>, now_ms: i64) -> Result<()> {
        self.check_live()?;
        match self.rung.get_mut(&user) {
            Some((_, how @ Rung::Ringing)) => *how = Rung::Declined,
            Some((_, Rung::Declined)) => return Ok(()),
            Some(_) | None => {
                return Err(Error::new(
                    Code::PreconditionFailed,
                    "The call does not ring here.",
                ));
            }
        }
        self.effects.push(Effect::Elsewhere {
            user,
            except: socket,
            declined: true,
        });
        let all = self.rung.values().all(|(_, how)| *how == Rung::Declined);
        let has_guest = self.seats.values().any(|s| s.who.is_guest());
        if all && !has_guest && self.state == State::Ringing {
            self.close(State::Declined, Reason::Declined, now_ms);
        } else {
            self.effects.push(Effect::Tell);
        }
        Ok(())
    }

    /// Somebody came with the code and gets a token. He is outside until his socket opens.
    pub fn expect_guest(&mut self, name: Arc<str>, login: Uuid) -> Result<Number> {
        self.check_live()?;
        if self.seats.values().filter(|s| s.who.is_guest()).count() >= MAX_GUESTS {
            let idle = self.seats.values().find(|s| s.place == Place::Outside);
            let Some((number, void)) = idle.map(|s| (s.number, s.login)) else {
                return Err(Error::of(Code::Busy)
                    .with("limit", "guests")
                    .retry_after_ms(5_000));
            };
            // Whoever came and went makes room; his token is void.
            if let Some(seat) = self.seats.remove(&number) {
                self.effects.push(Effect::Dismissed {
                    socket: None,
                    who: seat.who,
                    login: void,
                    how: Leaving::Lost,
                });
            }
        }
        Ok(self.take_seat(Who::Guest { name }, login, None, Place::Outside))
    }

    /// A guest's socket opens: into the lobby, or back to his seat. A newer socket takes the place of an older one;
    /// answers the older.
    pub fn guest_arrives(&mut self, number: Number, socket: Socket) -> Result<Option<Uuid>> {
        self.check_live()?;
        let Some(seat) = self
            .seats
            .get_mut(&number)
            .filter(|s| s.who.is_guest() && s.login == socket.login)
        else {
            return Err(Error::of(Code::NotFound));
        };
        if seat.place == Place::Outside {
            seat.place = Place::Lobby;
        }
        let older = seat.socket.filter(|old| *old != socket.id);
        self.sit_down(number, socket);
        Ok(older)
    }

    /// A new socket of a login whose seat is empty gets it back. Answers the seat.
    pub fn comes_back(&mut self, user: i64, socket: Socket) -> Option<Number> {
        if self.state.is_over() {
            return None;
        }
        let number = self
            .seats
            .values()
            .find(|s| s.is_user(user) && s.is_joined() && s.socket.is_none() && s.login == socket.login)
            .map(|s| s.number)?;
        self.sit_down(number, socket);
        Some(number)
    }

    fn sit_down(&mut self, number: Number, socket: Socket) {
        let Some(seat) = self.seats.get_mut(&number) else {
            return;
        };
        seat.socket = Some(socket.id);
        seat.login = socket.login;
        seat.away_since_ms = None;
        let waiting = std::mem::take(&mut seat.waiting);
        // The picture first, then what was missed, then everybody else hears of it.
        self.effects.push(Effect::Seated(number));
        for frame in waiting {
            self.effects.push(Effect::Send {
                socket: socket.id,
                frame,
            });
        }
        self.effects.push(Effect::Tell);
    }

    /// A socket is gone; its seat is kept.
    pub fn socket_gone(&mut self, socket: Uuid, now_ms: i64) {
        if self.state.is_over() {
            return;
        }
        if let Some(seat) = self.seats.values_mut().find(|s| s.socket == Some(socket)) {
            seat.socket = None;
            seat.away_since_ms = Some(now_ms);
            self.effects.push(Effect::Tell);
        }
    }

    /// A participant leaves for good; a guest in the lobby gives up.
    pub fn hang_up(&mut self, number: Number, now_ms: i64) -> Result<()> {
        self.check_live()?;
        let Some(seat) = self.seats.get(&number).filter(|s| s.is_present()) else {
            return Err(Error::of(Code::NotFound));
        };
        let was_host = seat.is_user(self.host.id) && seat.is_joined();
        if was_host && self.state != State::Active {
            self.close(State::Ended, Reason::Cancelled, now_ms);
            return Ok(());
        }
        if was_host {
            let heir = self
                .seats
                .values()
                .filter(|s| s.number != number && s.is_joined())
                .find_map(|s| match &s.who {
                    Who::User(person) => Some(person.clone()),
                    Who::Guest { .. } => None,
                });
            match heir {
                Some(heir) => {
                    // Still one whom the call knows, and who may come back.
                    let before = std::mem::replace(&mut self.host, heir);
                    self.rung.insert(before.id, (before, Rung::Joined));
                }
                None => {
                    let alone = self.joined_count() <= 2;
                    let reason = if alone { Reason::HungUp } else { Reason::HostLeft };
                    self.close(State::Ended, reason, now_ms);
                    return Ok(());
                }
            }
        }
        self.dismiss(number, Leaving::HungUp, now_ms);
        Ok(())
    }

    /// The room no longer has this user.
    pub fn remove_user(&mut self, user: i64, now_ms: i64) {
        if self.state.is_over() {
            return;
        }
        let was_rung = self.rung.remove(&user).is_some();
        let number = self.seats.values().find(|s| s.is_user(user)).map(|s| s.number);
        if user == self.host.id {
            self.close(State::Ended, Reason::HostLeft, now_ms);
        } else if let Some(number) = number {
            self.dismiss(number, Leaving::Removed, now_ms);
        } else if was_rung {
            self.effects.push(Effect::Tell);
        }
    }
}
