//! The actor of the relay.

use std::{collections::HashMap, rc::Rc, sync::Arc};

use actix::prelude::*;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{
    broker,
    domain::{Audience, Epoch, Position, Recipients, Signal},
    hub::feed::{Batch, Posts, Published},
    telemetry::Metrics,
};

use super::{
    delivery::{Run, Turn, deliver},
    handle::RelayHandle,
    member::{Member, in_groups},
    messages::{Attach, CatchUp, Greet, Join, Joined, Leave, Retune},
};

/// Frames that the relay writes to sockets itself before the worker's other tasks get their turn; the rest is
/// left to the sockets' tasks.
const STRAIGHT_A_TURN: usize = 1024;

pub struct Relay {
    epoch: Epoch,
    head: watch::Sender<Position>,
    published: Option<mpsc::Receiver<Arc<Published>>>,
    sessions: HashMap<Uuid, Rc<Member>>,
    by_user: HashMap<i64, Vec<Rc<Member>>>,
    /// Those that are live.
    audiences: HashMap<Audience, HashMap<Uuid, Rc<Member>>>,
    turn: Turn,
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
            turn: Turn::default(),
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
            let (mut sent, mut full) = (0, Vec::new());
            for (audience, members) in &self.audiences {
                let encoded = batch.frames_for(audience, self.epoch);
                if !encoded.frames.is_empty() {
                    sent += deliver(&encoded, members, &self.turn, &mut full);
                }
            }
            self.metrics.events_sent.inc_by(sent as u64);
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
        let known = posts.events.partition_point(|event| event.n <= head.hub);
        for run in posts.events[known..].chunk_by(|a, b| a.to.is_surely(&b.to)) {
            // The roles of one hub are few.
            let mut encoded: Vec<(u32, Run)> = Vec::new();
            in_groups(self.recipients(&run[0].to).into_iter(), |member| {
                if !member.live.get() {
                    return;
                }
                let of_rights = encoded.iter().position(|(rights, _)| *rights == member.rights);
                let of_rights = of_rights.unwrap_or_else(|| {
                    let frames = Run::encode(posts, run, self.epoch, member.rights);
                    encoded.push((member.rights, frames));
                    encoded.len() - 1
                });
                let frames = &encoded[of_rights].1;
                sent += frames.each.len();
                member.outbox.note_news();
                if !frames.send(member, &self.turn) {
                    full.push(member.id);
                }
            });
        }
        self.metrics.events_sent.inc_by(sent as u64);
        self.drop_slow(full);
        self.head.send_replace(head.max(posts.last()));
    }

    fn relay_signals(&mut self, signals: &[Signal], are_counts: bool) {
        let mut full = Vec::new();
        for signal in signals {
            in_groups(self.recipients(&signal.to).into_iter(), |member| {
                if are_counts {
                    member.outbox.note_news();
                }
                if signal.except != Some(member.id) && !self.turn.signal(member, signal) {
                    full.push(member.id);
                }
            });
        }
        self.drop_slow(full);
    }

    fn recipients(&self, to: &Recipients) -> Vec<&Member> {
        let mut found = Vec::new();
        let mut of_user = |id: &i64| {
            found.extend(self.by_user.get(id).into_iter().flatten().map(Rc::as_ref));
        };
        match to {
            Recipients::User(id) => of_user(id),
            // Whichever is fewer: the users of this worker, or the members of the room.
            Recipients::Members(ids) if ids.len() < self.by_user.len() => ids.iter().for_each(of_user),
            Recipients::Members(ids) => {
                let members = self.by_user.iter().filter(|(id, _)| ids.contains(id));
                found.extend(members.flat_map(|(_, of_user)| of_user).map(Rc::as_ref));
            }
            Recipients::Role(name) => {
                let in_role = self.sessions.values().filter(|m| m.role.name == *name);
                found.extend(in_role.map(Rc::as_ref));
            }
            Recipients::Roles(names) => {
                let in_roles = self.sessions.values().filter(|m| names.contains(&m.role.name));
                found.extend(in_roles.map(Rc::as_ref));
            }
            Recipients::Sessions(ids) => {
                let named = ids.iter().filter_map(|id| self.sessions.get(id));
                found.extend(named.map(Rc::as_ref));
            }
        }
        found
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

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Each join of a storm of reconnects is one message; they are bounded by the connections.
        ctx.set_mailbox_capacity(1024);
        if let Some(published) = self.published.take() {
            let stream = futures_util::stream::unfold(published, |mut published| async move {
                let next = published.recv().await?;
                let last = published.is_empty();
                Some(((next, last), published))
            });
            ctx.add_stream(stream);
        }
    }
}

impl StreamHandler<(Arc<Published>, bool)> for Relay {
    fn handle(&mut self, (published, last): (Arc<Published>, bool), _: &mut Self::Context) {
        // While more is there it is cheaper to let it gather: a task writes all that waits with one call.
        self.turn.straight.set(if last { STRAIGHT_A_TURN } else { 0 });
        match &*published {
            Published::Commits(batch) => self.relay_commits(batch),
            Published::Posts(posts) => self.relay_posts(posts),
            Published::Signals(signals) => self.relay_signals(signals, false),
            Published::Counts(counts) => self.relay_signals(counts, true),
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
            member.outbox.greet(greet.frames);
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
        member.outbox.greet((joining.greeting)(after));
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
