//! Frames on their way into the outboxes of members: written straight while a turn allows it, joined where several go to
//! the same people.

use std::{cell::Cell, collections::HashMap, rc::Rc, sync::Arc};

use bytes::Bytes;
use uuid::Uuid;

use super::member::{Member, in_groups};
use crate::{
    domain::{Epoch, HubEvent, Position, Signal},
    hub::feed::{Posts, batch::Encoded},
};

/// How many frames of this turn may still be written straight.
#[derive(Default)]
pub(super) struct Turn {
    pub straight: Cell<usize>,
}

impl Turn {
    /// `false`: the outbox was full.
    pub fn push(&self, member: &Member, frames: &Bytes, at: Position) -> bool {
        match self.straight.get() {
            0 => member.outbox.push_events(frames.clone(), at),
            left => {
                self.straight.set(left - 1);
                member.outbox.write_events(frames, at)
            }
        }
    }

    /// The same of a signal.
    pub fn signal(&self, member: &Member, signal: &Signal) -> bool {
        let (frame, about) = (&signal.frame, signal.about);
        match self.straight.get() {
            0 => member.outbox.signal(frame, about),
            left => {
                self.straight.set(left - 1);
                member.outbox.write_signal(frame, about)
            }
        }
    }
}

/// Events that follow each other to the same people, encoded for one role: who has seen none of them gets them as one.
pub(super) struct Run {
    joined: Bytes,
    pub each: Vec<(Position, Bytes)>,
}

impl Run {
    pub fn encode(posts: &Posts, events: &[Arc<HubEvent>], epoch: Epoch, rights: u32) -> Self {
        let at = |event: &HubEvent| Position {
            commit: posts.commit,
            hub: event.n,
        };
        let each: Vec<(Position, Bytes)> = events
            .iter()
            .map(|event| (at(event), posts.frame_for(event, epoch, rights)))
            .collect();
        let joined = match &*each {
            [(_, frame)] => frame.clone(),
            each => Bytes::from(each.iter().fold(Vec::new(), |mut joined, (_, frame)| {
                joined.extend_from_slice(frame);
                joined
            })),
        };
        Self { joined, each }
    }

    /// `false`: the outbox was full.
    pub fn send(&self, member: &Member, turn: &Turn) -> bool {
        let after = member.after.get().hub;
        match self.each.last() {
            Some((last, _)) if self.each.iter().all(|(at, _)| at.hub > after) => {
                turn.push(member, &self.joined, *last)
            }
            _ => self
                .each
                .iter()
                .filter(|(at, _)| at.hub > after)
                .all(|(at, frame)| turn.push(member, frame, *at)),
        }
    }
}

/// Frames that were sent.
pub(super) fn deliver(
    encoded: &Encoded,
    members: &HashMap<Uuid, Rc<Member>>,
    turn: &Turn,
    full: &mut Vec<Uuid>,
) -> usize {
    let first = encoded.frames.first().map_or(0, |f| f.at.commit);
    let last = encoded.frames.last().map_or(Position::START, |f| f.at);
    let mut sent = 0;
    in_groups(members.values().map(Rc::as_ref), |member| {
        let id = &member.id;
        let after = member.after.get().commit;
        let own = !member.echo && encoded.frames.iter().any(|f| f.session == Some(*id));
        let kept = if after < first && !own {
            sent += encoded.frames.len();
            turn.push(member, &encoded.joined, last)
        } else {
            encoded
                .frames
                .iter()
                .filter(|f| f.at.commit > after && (member.echo || f.session != Some(*id)))
                .inspect(|_| sent += 1)
                .all(|f| {
                    let frame = encoded.joined.slice(f.range.clone());
                    turn.push(member, &frame, f.at)
                })
        };
        if !kept {
            full.push(*id);
        }
    });
    sent
}
