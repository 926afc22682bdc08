//! The actor of the feed.

use std::{sync::Arc, time::Instant};

use actix::prelude::*;

use crate::{
    broker,
    domain::{Changes, Commit, Position, Posted, Signal},
};

use super::{
    batch::{Batch, Posts, Published},
    handle::{Inbox, Input, QUEUE},
};

pub struct Feed {
    broker: broker::Memory<Published>,
    inbox: Option<Inbox>,
    /// Everything up to here was published.
    at: Position,
}

impl Feed {
    /// Starts the feed on the current arbiter. `at`: where both logs ended when their writers started.
    pub fn start_with(broker: broker::Memory<Published>, inbox: Inbox, at: Position) {
        Self {
            broker,
            inbox: Some(inbox),
            at,
        }
        .start();
    }
}

impl Actor for Feed {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let Some(Inbox(mut inbox)) = self.inbox.take() else {
            return;
        };
        let broker = self.broker.clone();
        let mut at = self.at;
        let publish = async move {
            let mut waiting = Vec::with_capacity(QUEUE);
            while inbox.recv_many(&mut waiting, QUEUE).await > 0 {
                for published in in_order(&mut waiting, &mut at) {
                    broker.publish(Arc::new(published)).await;
                }
            }
        };
        ctx.spawn(publish.into_actor(self).map(|(), _, ctx| ctx.stop()));
    }
}

/// What waits, with the place in both logs that each of it makes. Signals that stand together travel together.
fn in_order(waiting: &mut Vec<Input>, at: &mut Position) -> Vec<Published> {
    let mut all = Vec::with_capacity(waiting.len());
    for input in waiting.drain(..) {
        match input {
            Input::Commits(group) => all.extend(split(group, at).into_iter().map(Published::Commits)),
            Input::Posted(Posted { events, counts }) => {
                at.hub = events.last().map_or(at.hub, |event| event.n.max(at.hub));
                if !events.is_empty() {
                    all.push(Published::Posts(Posts::new(events, at.commit)));
                }
                add_counts(&mut all, counts);
            }
            Input::Counts(counts) => add_counts(&mut all, counts),
            Input::Signals(more) => match all.last_mut() {
                Some(Published::Signals(signals)) => signals.extend(more),
                _ => all.push(Published::Signals(more)),
            },
        }
    }
    all
}

fn add_counts(all: &mut Vec<Published>, more: Vec<Signal>) {
    match all.last_mut() {
        _ if more.is_empty() => {}
        Some(Published::Counts(counts)) => counts.extend(more),
        _ => all.push(Published::Counts(more)),
    }
}

/// A commit too large to hold travels alone: its readers fetch it from the log.
fn split(group: Vec<Arc<Commit>>, position: &mut Position) -> Vec<Batch> {
    let at = Instant::now();
    let hub = position.hub;
    position.commit = group.last().map_or(position.commit, |c| c.n.max(position.commit));
    let mut batches = Vec::with_capacity(1);
    let mut inline = Vec::new();
    for commit in group {
        if matches!(commit.changes, Changes::Stored { .. }) {
            if !inline.is_empty() {
                batches.push(Batch::new(std::mem::take(&mut inline), hub, at));
            }
            batches.push(Batch::new(vec![commit], hub, at));
        } else {
            inline.push(commit);
        }
    }
    if !inline.is_empty() {
        batches.push(Batch::new(inline, hub, at));
    }
    batches
}
