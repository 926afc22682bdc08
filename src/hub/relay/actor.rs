//! The actor of the relay.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use actix::prelude::*;
use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{
    broker,
    domain::{Audience, Epoch, Position, Recipients, Signal},
    hub::feed::{Batch, Posts, Published, batch::Encoded},
    telemetry::Metrics,
};

use super::{
    handle::RelayHandle,
    member::Member,
    messages::{Attach, CatchUp, Greet, Join, Joined, Leave, Retune},
};

pub struct Relay {
    epoch: Epoch,
    head: watch::Sender<Position>,
    published: Option<mpsc::Receiver<Arc<Published>>>,
    sessions: HashMap<Uuid, Rc<Member>>,
    by_user: HashMap<i64, Vec<Rc<Member>>>,
    /// Those that are live.
    audiences: HashMap<Audience, HashMap<Uuid, Rc<Member>>>,
    metrics: Metrics,
}

impl Relay {
    /// Starts a relay on the current arbiter. `head` is the end of both logs *after* subscribing:
    /// what is published at or before it is passed over, because nobody here asked for it.
    pub fn start_with(
        broker: &broker::Memory<Published>,
        epoch: Epoch,
        head: impl FnOnce() -> Position,
        metrics: Metrics,
    ) -> RelayHandle {
        let published = broker.subscribe();
        let (head, told) = watch::channel(head());
        let relay = Self {
            epoch,
            head,
            published: Some(published),
            sessions: HashMap::new(),
            by_user: HashMap::new(),
            audiences: HashMap::new(),
            metrics,
        };
        RelayHandle {
            addr: relay.start(),
            head: told,
            epoch,
        }
    }

    fn head(&self) -> Position {
        *self.head.borrow()
    }

    fn relay_commits(&mut self, batch: &Batch) {
        let head = self.head();
        if batch.last() <= head.commit {
            return;
        }
        if batch.is_stored() {
            self.send_to_the_log(batch);
        } else {
            let mut full = Vec::new();
            for (audience, members) in &self.audiences {
                let encoded = batch.frames_for(audience, self.epoch);
                if !encoded.frames.is_empty() {
                    deliver(&encoded, members, &self.metrics, &mut full);
                }
            }
            self.drop_slow(full);
        }
        self.head.send_replace(Position {
            commit: batch.last(),
            ..head
        });
        self.metrics
            .commit_to_socket_seconds
            .observe(batch.at.elapsed().as_secs_f64());
    }

    fn relay_posts(&mut self, posts: &Posts) {
        let head = self.head();
        let mut sent = 0;
        let mut full = Vec::new();
        for event in posts.events.iter().filter(|event| event.n > head.hub) {
            let at = Position {
                commit: posts.commit,
                hub: event.n,
            };
            // The roles of one hub are few.
            let mut frames: Vec<(u32, Bytes)> = Vec::new();
            self.each_recipient(&event.to, |member| {
                if !member.live.get() || event.n <= member.after.get().hub {
                    return;
                }
                let known = frames.iter().find(|(rights, _)| *rights == member.rights);
                let frame = match known {
                    Some((_, frame)) => frame.clone(),
                    None => {
                        let frame = posts.frame_for(event, self.epoch, member.rights);
                        frames.push((member.rights, frame.clone()));
                        frame
                    }
                };
                sent += 1;
                if !member.outbox.push_events(frame, at) {
                    full.push(member.id);
                }
            });
        }
        self.metrics.events_sent.inc_by(sent);
        self.drop_slow(full);
        self.head.send_replace(head.max(posts.last()));
    }

    fn relay_signals(&mut self, signals: &[Signal]) {
        let mut full = Vec::new();
        for signal in signals {
            self.each_recipient(&signal.to, |member| {
                if signal.except != Some(member.id) && !member.signal(signal.frame.clone()) {
                    full.push(member.id);
                }
            });
        }
        self.drop_slow(full);
    }

    fn each_recipient(&self, to: &Recipients, mut each: impl FnMut(&Member)) {
        let mut of_user = |id: &i64| {
            for member in self.by_user.get(id).into_iter().flatten() {
                each(member);
            }
        };
        match to {
            Recipients::User(id) => of_user(id),
            // Whichever is fewer: the users of this worker, or the members of the room.
            Recipients::Members(ids) if ids.len() < self.by_user.len() => ids.iter().for_each(of_user),
            Recipients::Members(ids) => self
                .by_user
                .keys()
                .filter(|id| ids.contains(id))
                .for_each(of_user),
            Recipients::Role(name) => {
                let in_role = self.sessions.values().filter(|m| m.role.name == *name);
                in_role.for_each(|member| each(member));
            }
            Recipients::Roles(names) => {
                let in_roles = self.sessions.values().filter(|m| names.contains(&m.role.name));
                in_roles.for_each(|member| each(member));
            }
            Recipients::Sessions(ids) => {
                let named = ids.iter().filter_map(|id| self.sessions.get(id));
                named.for_each(|member| each(member));
            }
        }
    }

    /// A commit too large to hold: every session reads it from the log, at the pace of its own socket.
    fn send_to_the_log(&mut self, batch: &Batch) {
        let before = Position {
            commit: batch.first().saturating_sub(1),
            hub: self.head().hub,
        };
        for (_, member) in self.audiences.drain().flat_map(|(_, members)| members) {
            let after = before.max(member.after.get());
            member.live.set(false);
            // At once: the session may speak of its place before it gets the message.
            member.outbox.set_left_at(after);
            // Bounded: a session leaves the live stream with this and gets no second one before it joined again.
            #[allow(clippy::disallowed_methods)]
            member.catch_up.do_send(CatchUp { after });
        }
    }

    /// Their outboxes are closing: they come back with their cursors.
    fn drop_slow(&mut self, full: Vec<Uuid>) {
        for id in full {
            self.metrics.slow_consumers.inc();
            self.forget(id);
            self.audiences.retain(|_, members| {
                members.remove(&id);
                !members.is_empty()
            });
        }
    }

    fn forget(&mut self, id: Uuid) {
        let Some(member) = self.sessions.remove(&id) else {
            return;
        };
        if let Some(of_user) = self.by_user.get_mut(&member.user_id) {
            of_user.retain(|other| other.id != id);
            if of_user.is_empty() {
                self.by_user.remove(&member.user_id);
            }
        }
    }

    fn leave_audience(&mut self, id: Uuid, audience: &Audience) {
        if let Some(members) = self.audiences.get_mut(audience) {
            members.remove(&id);
            if members.is_empty() {
                self.audiences.remove(audience);
            }
        }
    }
}

fn deliver(encoded: &Encoded, members: &HashMap<Uuid, Rc<Member>>, metrics: &Metrics, full: &mut Vec<Uuid>) {
    let first = encoded.frames.first().map_or(0, |f| f.at.commit);
    let last = encoded.frames.last().map_or(Position::START, |f| f.at);
    let mut sent = 0;
    for (id, member) in members {
        let after = member.after.get().commit;
        let own = !member.echo && encoded.frames.iter().any(|f| f.session == Some(*id));
        let kept = if after < first && !own {
            sent += encoded.frames.len();
            member.outbox.push_events(encoded.joined.clone(), last)
        } else {
            encoded
                .frames
                .iter()
                .filter(|f| f.at.commit > after && (member.echo || f.session != Some(*id)))
                .inspect(|_| sent += 1)
                .all(|f| {
                    let frame = encoded.joined.slice(f.range.clone());
                    member.outbox.push_events(frame, f.at)
                })
        };
        if !kept {
            full.push(*id);
        }
    }
    metrics.events_sent.inc_by(sent as u64);
}

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Each join of a storm of reconnects is one message; they are bounded by the connections.
        ctx.set_mailbox_capacity(1024);
        if let Some(published) = self.published.take() {
            let stream = futures_util::stream::unfold(published, |mut published| async move {
                let next = published.recv().await?;
                Some((next, published))
            });
            ctx.add_stream(stream);
        }
    }
}

impl StreamHandler<Arc<Published>> for Relay {
    fn handle(&mut self, published: Arc<Published>, _: &mut Self::Context) {
        match &*published {
            Published::Commits(batch) => self.relay_commits(batch),
            Published::Posts(posts) => self.relay_posts(posts),
            Published::Signals(signals) => self.relay_signals(signals),
        }
    }
}

impl Handler<Attach> for Relay {
    type Result = ();

    fn handle(&mut self, Attach(attaching): Attach, _: &mut Self::Context) {
        let member = Rc::new(Member::new(attaching));
        self.by_user
            .entry(member.user_id)
            .or_default()
            .push(member.clone());
        self.sessions.insert(member.id, member);
    }
}

impl Handler<Greet> for Relay {
    type Result = ();

    fn handle(&mut self, greet: Greet, _: &mut Self::Context) {
        if let Some(member) = self.sessions.get(&greet.session) {
            member.greet(greet.frames);
        }
    }
}

impl Handler<Join> for Relay {
    type Result = Joined;

    fn handle(&mut self, Join(joining): Join, _: &mut Self::Context) -> Joined {
        let head = self.head();
        let after = Position {
            commit: joining.after_commit.unwrap_or(head.commit),
            hub: joining.after_hub.unwrap_or(head.hub),
        };
        let Some(member) = self
            .sessions
            .get(&joining.session)
            .filter(|_| after.reaches(head))
        else {
            return Joined::Behind { head };
        };
        member.outbox.set_left_at(Position::END);
        member.greet((joining.greeting)(after));
        member.after.set(after);
        member.live.set(true);
        self.audiences
            .entry(joining.audience)
            .or_default()
            .insert(joining.session, member.clone());
        Joined::Live { at: after }
    }
}

impl Handler<Leave> for Relay {
    type Result = ();

    fn handle(&mut self, leave: Leave, _: &mut Self::Context) {
        self.forget(leave.session);
        self.leave_audience(leave.session, &leave.audience);
    }
}

impl Handler<Retune> for Relay {
    type Result = Option<Position>;

    fn handle(&mut self, retune: Retune, _: &mut Self::Context) -> Option<Position> {
        let members = self.audiences.get_mut(&retune.from)?;
        let member = members.remove(&retune.session)?;
        if members.is_empty() {
            self.audiences.remove(&retune.from);
        }
        let from = self.head().max(member.after.get());
        self.audiences
            .entry(retune.to)
            .or_default()
            .insert(retune.session, member);
        Some(from)
    }
}
