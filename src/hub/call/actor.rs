//! The actor of one call: carries out what the call wants done, and keeps its time.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use actix::prelude::*;
use bytes::Bytes;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    domain::{
        Recipients, Signal,
        call::{Call, Effect, Number, Reason, State},
        timestamp,
    },
    hub::outbox::Outbox,
    protocol::{
        close::Close,
        error::{Code, Error, Result},
    },
};

use super::{
    frames,
    messages::{Describe, Gone, GuestArrives, GuestJoins, Opened, Party, Perform, Removed},
    perform, record,
    shared::Shared,
    tell::{Farewell, signal},
};

/// Messages that may wait; whoever sends more waits.
const MAILBOX: usize = 64;

pub(super) struct CallActor {
    pub(super) call: Call<Bytes>,
    pub(super) shared: Arc<Shared>,
    /// Of guests: users are reached through the feed.
    pub(super) outboxes: HashMap<Uuid, Arc<Outbox>>,
    /// Users who were told that it rings.
    pub(super) told: BTreeSet<i64>,
    /// What `shared` has been told.
    awaited: BTreeSet<i64>,
    timer: Option<SpawnHandle>,
    recorded: Option<State>,
}

impl CallActor {
    pub fn new(call: Call<Bytes>, shared: Arc<Shared>) -> Self {
        let recorded = Some(call.state);
        Self {
            call,
            shared,
            outboxes: HashMap::new(),
            told: BTreeSet::new(),
            awaited: BTreeSet::new(),
            timer: None,
            recorded,
        }
    }

    /// Does what the call wants done, and looks when to look again.
    fn settle(&mut self, ctx: &mut Context<Self>) {
        let now_ms = timestamp::now_ms();
        let mut signals = Vec::new();
        let mut farewells = Vec::new();
        let mut pictured = HashSet::new();
        let mut tell = false;
        for effect in self.call.take_effects() {
            match effect {
                Effect::Send { socket, frame } => self.send(socket, frame, &mut signals),
                Effect::Ring(users) => {
                    self.told.extend(users.iter().copied());
                    let to = Recipients::Members(Arc::new(users.into_iter().collect()));
                    signals.push(signal(to, frames::invite(&self.call)));
                }
                Effect::Tell => tell = true,
                Effect::Seated(number) => {
                    if let Some(socket) = self.call.seat(number).and_then(|s| s.socket) {
                        let frame = self.picture(number);
                        pictured.insert(socket);
                        self.send(socket, frame, &mut signals);
                    }
                }
                Effect::Elsewhere {
                    user,
                    except,
                    declined,
                } => {
                    self.told.remove(&user);
                    signals.push(Signal {
                        to: Recipients::User(user),
                        except,
                        about: None,
                        frame: frames::answered_elsewhere(&self.call, declined),
                    });
                }
                Effect::Dismissed {
                    socket,
                    who,
                    login,
                    how,
                } => {
                    self.shared.guests.write().remove(&login);
                    farewells.push(Farewell { who, socket, how });
                }
                Effect::Joined(number) => {
                    record::keep(record::joined(&self.shared.ledger, &self.call, number, now_ms))
                }
                Effect::Left(number, how) => {
                    record::keep(record::left(
                        &self.shared.ledger,
                        self.call.id,
                        number,
                        how,
                        now_ms,
                    ));
                }
            }
        }
        if tell {
            self.tell(&pictured, &mut signals);
        }
        for farewell in farewells {
            self.bid_farewell(&farewell, &mut signals);
        }
        if self.recorded != Some(self.call.state) {
            self.recorded = Some(self.call.state);
            record::keep(record::standing(&self.shared.ledger, &self.call));
        }
        if self.call.state.is_over() {
            self.finish(signals, ctx);
        } else {
            self.publish_interest();
            self.deliver(signals, ctx);
            self.arm(ctx);
        }
    }

    /// In order, and waited for: a feed that is behind slows the call, and nothing is lost.
    fn deliver(&self, signals: Vec<Signal>, ctx: &mut Context<Self>) {
        if signals.is_empty() {
            return;
        }
        let feed = self.shared.feed.clone();
        let id = self.call.id;
        let sent = async move {
            if let Err(error) = feed.signals_surely(signals).await {
                tracing::warn!(call = id, %error, "frames of a call were not delivered");
            }
        };
        ctx.wait(sent.into_actor(self));
    }

    /// Whose sockets matter now.
    fn publish_interest(&mut self) {
        let now: BTreeSet<i64> = self.call.awaited().into_iter().collect();
        for user in now.difference(&self.awaited) {
            self.shared.await_user(*user, self.call.id);
        }
        for user in self.awaited.difference(&now) {
            self.shared.forget_user(*user, self.call.id);
        }
        self.awaited = now;
    }

    fn arm(&mut self, ctx: &mut Context<Self>) {
        if let Some(old) = self.timer.take() {
            ctx.cancel_future(old);
        }
        let left = self.call.next_deadline_ms() - timestamp::now_ms();
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0).max(1));
        self.timer = Some(ctx.run_later(left, |actor, ctx| {
            actor.timer = None;
            actor.call.tick(timestamp::now_ms());
            actor.settle(ctx);
        }));
    }

    fn finish(&mut self, signals: Vec<Signal>, ctx: &mut Context<Self>) {
        self.withdraw();
        self.deliver(signals, ctx);
        // After what `deliver` waits for.
        ctx.notify(Finished);
    }

    /// Nobody finds the call any more.
    fn withdraw(&self) {
        let reason = self.call.reason.map_or("internal", |r| r.as_str());
        self.shared.metrics.calls_ended.with_label_values(&[reason]).inc();
        self.shared.end(self.call.id);
    }
}

impl Actor for CallActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.settle(ctx);
    }
}

/// However the actor ends, by a panic too, its call is over and everybody hears of it.
impl Drop for CallActor {
    fn drop(&mut self) {
        if self.call.state.is_over() {
            return;
        }
        self.call.take_effects();
        let reason = if std::thread::panicking() {
            Reason::Internal
        } else {
            Reason::HubRestarted
        };
        self.call.close(State::Ended, reason, timestamp::now_ms());
        let mut signals = Vec::new();
        self.tell(&HashSet::new(), &mut signals);
        let _ = self.shared.feed.signals(signals); // nobody can wait here
        for outbox in self.outboxes.values() {
            outbox.close(Close::CallOver);
        }
        drop(record::standing(&self.shared.ledger, &self.call)); // queued, and nobody can wait here
        self.withdraw();
    }
}

/// Everything was delivered.
#[derive(Message)]
#[rtype(result = "()")]
struct Finished;

impl Handler<Finished> for CallActor {
    type Result = ();

    fn handle(&mut self, _: Finished, ctx: &mut Self::Context) {
        ctx.stop();
    }
}

/// For the test of what a panic does.
#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Panic;

#[cfg(test)]
impl Handler<Panic> for CallActor {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Self::Context) {
        panic!("as the test wants it");
    }
}

impl Handler<Perform> for CallActor {
    type Result = Result<Value>;

    fn handle(&mut self, Perform { party, act }: Perform, ctx: &mut Self::Context) -> Self::Result {
        let done = perform::perform(&mut self.call, &party, act, timestamp::now_ms());
        let done = done.map(|answer| self.answer(answer));
        if let Party::User {
            socket: Some(socket), ..
        } = &party
            && self.call.seat_of_socket(socket.id).is_none()
        {
            self.shared.unbind(socket.id, self.call.id);
        }
        self.settle(ctx);
        done
    }
}

impl Handler<GuestJoins> for CallActor {
    type Result = Result<Number>;

    fn handle(&mut self, GuestJoins { name, login }: GuestJoins, ctx: &mut Self::Context) -> Self::Result {
        let number = self.call.expect_guest(name, login);
        self.settle(ctx);
        number
    }
}

impl Handler<GuestArrives> for CallActor {
    type Result = Result<()>;

    fn handle(&mut self, arrives: GuestArrives, ctx: &mut Self::Context) -> Self::Result {
        let GuestArrives {
            number,
            socket,
            outbox,
        } = arrives;
        if self.call.state.is_over() {
            return Err(Error::of(Code::Unauthorized));
        }
        self.outboxes.insert(socket.id, outbox);
        match self.call.guest_arrives(number, socket) {
            Ok(older) => {
                if let Some(old) = older.and_then(|old| self.outboxes.remove(&old)) {
                    old.close(Close::TakenOver);
                }
                self.settle(ctx);
                Ok(())
            }
            Err(error) => {
                self.outboxes.remove(&socket.id);
                Err(error)
            }
        }
    }
}

impl Handler<Opened> for CallActor {
    type Result = ();

    fn handle(&mut self, opened: Opened, ctx: &mut Self::Context) {
        let Opened {
            user,
            socket,
            may_sit,
        } = opened;
        if !may_sit || self.call.comes_back(user, socket).is_none() {
            self.shared.unbind(socket.id, self.call.id);
            if self.call.is_ringing(user) {
                let to = Recipients::Sessions(Arc::from([socket.id]));
                self.deliver(vec![signal(to, frames::invite(&self.call))], ctx);
            }
            return;
        }
        self.settle(ctx);
    }
}

impl Handler<Gone> for CallActor {
    type Result = ();

    fn handle(&mut self, Gone(socket): Gone, ctx: &mut Self::Context) {
        self.outboxes.remove(&socket);
        self.shared.unbind(socket, self.call.id);
        self.call.socket_gone(socket, timestamp::now_ms());
        self.settle(ctx);
    }
}

impl Handler<Removed> for CallActor {
    type Result = ();

    fn handle(&mut self, Removed(user): Removed, ctx: &mut Self::Context) {
        self.call.remove_user(user, timestamp::now_ms());
        self.settle(ctx);
    }
}

impl Handler<Describe> for CallActor {
    type Result = MessageResult<Describe>;

    fn handle(&mut self, Describe { user }: Describe, _: &mut Self::Context) -> Self::Result {
        MessageResult(Value::Object(self.describe(user)))
    }
}
