//! The actor of the relay.

use std::{collections::HashMap, sync::Arc};

use actix::prelude::*;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{
    broker,
    domain::{Audience, Epoch},
    hub::{
        feed::{Batch, batch::Encoded},
        outbox::Outbox,
    },
    telemetry::Metrics,
};

use super::{
    handle::RelayHandle,
    messages::{CatchUp, Join, Joined, Leave, Retune},
};

/// A live session of this worker.
struct Member {
    outbox: Arc<Outbox>,
    echo: bool,
    /// It has everything up to this commit.
    after: u64,
    catch_up: Recipient<CatchUp>,
}

pub struct Relay {
    epoch: Epoch,
    head: watch::Sender<u64>,
    batches: Option<mpsc::Receiver<Arc<Batch>>>,
    audiences: HashMap<Audience, HashMap<Uuid, Member>>,
    metrics: Metrics,
}

impl Relay {
    /// Starts a relay on the current arbiter. `head` is the last durable commit *after* subscribing:
    /// batches at or before it are passed over, because nobody here asked for them.
    pub fn start_with(
        broker: &broker::Memory<Batch>,
        epoch: Epoch,
        head: impl FnOnce() -> u64,
        metrics: Metrics,
    ) -> RelayHandle {
        let batches = broker.subscribe();
        let (head, told) = watch::channel(head());
        let relay = Self {
            epoch,
            head,
            batches: Some(batches),
            audiences: HashMap::new(),
            metrics,
        };
        RelayHandle {
            addr: relay.start(),
            head: told,
            epoch,
        }
    }

    fn head(&self) -> u64 {
        *self.head.borrow()
    }

    fn relay(&mut self, batch: &Batch) {
        if batch.last() <= self.head() {
            return;
        }
        if batch.is_stored() {
            self.send_to_the_log(batch);
        } else {
            for (audience, members) in &mut self.audiences {
                let encoded = batch.frames_for(audience, self.epoch);
                if !encoded.frames.is_empty() {
                    deliver(&encoded, members, &self.metrics);
                }
            }
        }
        self.head.send_replace(batch.last());
        self.metrics
            .commit_to_socket_seconds
            .observe(batch.at.elapsed().as_secs_f64());
    }

    /// A commit too large to hold: every session reads it from the log, at the pace of its own socket.
    fn send_to_the_log(&mut self, batch: &Batch) {
        let before = batch.first().saturating_sub(1);
        for (_, member) in self.audiences.drain().flat_map(|(_, members)| members) {
            let after = before.max(member.after);
            // At once: the session may speak of its place before it gets the message.
            member.outbox.set_left_at(after);
            // Bounded: a session leaves the live stream with this and gets no second one before it joined again.
            #[allow(clippy::disallowed_methods)]
            member.catch_up.do_send(CatchUp { after });
        }
    }
}

fn deliver(encoded: &Encoded, members: &mut HashMap<Uuid, Member>, metrics: &Metrics) {
    let first = encoded.frames.first().map_or(0, |f| f.commit);
    let last = encoded.frames.last().map_or(0, |f| f.commit);
    let mut sent = 0;
    let mut full = Vec::new();
    for (id, member) in &*members {
        let own = !member.echo && encoded.frames.iter().any(|f| f.session == Some(*id));
        let kept = if member.after < first && !own {
            sent += encoded.frames.len();
            member.outbox.push_events(encoded.joined.clone(), last)
        } else {
            encoded
                .frames
                .iter()
                .filter(|f| f.commit > member.after && (member.echo || f.session != Some(*id)))
                .inspect(|_| sent += 1)
                .all(|f| {
                    let frame = encoded.joined.slice(f.range.clone());
                    member.outbox.push_events(frame, f.commit)
                })
        };
        if !kept {
            full.push(*id);
        }
    }
    metrics.events_sent.inc_by(sent as u64);
    for id in full {
        metrics.slow_consumers.inc();
        members.remove(&id);
    }
}

impl Actor for Relay {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Each join of a storm of reconnects is one message; they are bounded by the connections.
        ctx.set_mailbox_capacity(1024);
        if let Some(batches) = self.batches.take() {
            let stream = futures_util::stream::unfold(batches, |mut batches| async move {
                let batch = batches.recv().await?;
                Some((batch, batches))
            });
            ctx.add_stream(stream);
        }
    }
}

impl StreamHandler<Arc<Batch>> for Relay {
    fn handle(&mut self, batch: Arc<Batch>, _: &mut Self::Context) {
        self.relay(&batch);
    }
}

impl Handler<Join> for Relay {
    type Result = Joined;

    fn handle(&mut self, Join(joining): Join, _: &mut Self::Context) -> Joined {
        let head = self.head();
        let after = joining.after.unwrap_or(head);
        if after < head {
            return Joined::Behind { head };
        }
        joining.outbox.set_left_at(u64::MAX);
        joining.outbox.push((joining.greeting)(after));
        let member = Member {
            outbox: joining.outbox,
            echo: joining.echo,
            after,
            catch_up: joining.catch_up,
        };
        self.audiences
            .entry(joining.audience)
            .or_default()
            .insert(joining.session, member);
        Joined::Live { head: after }
    }
}

impl Handler<Leave> for Relay {
    type Result = ();

    fn handle(&mut self, leave: Leave, _: &mut Self::Context) {
        if let Some(members) = self.audiences.get_mut(&leave.audience) {
            members.remove(&leave.session);
            if members.is_empty() {
                self.audiences.remove(&leave.audience);
            }
        }
    }
}

impl Handler<Retune> for Relay {
    type Result = Option<u64>;

    fn handle(&mut self, retune: Retune, _: &mut Self::Context) -> Option<u64> {
        let members = self.audiences.get_mut(&retune.from)?;
        let member = members.remove(&retune.session)?;
        if members.is_empty() {
            self.audiences.remove(&retune.from);
        }
        let from = self.head().max(member.after);
        self.audiences
            .entry(retune.to)
            .or_default()
            .insert(retune.session, member);
        Some(from)
    }
}
