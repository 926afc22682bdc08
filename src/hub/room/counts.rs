//! How many messages each has not read: told to whom it changed for, soon and not too often.

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix::prelude::*;
use serde_json::json;

use super::{actor::RoomActor, tally::Counts};
use crate::{
    domain::{About, Recipients, Signal},
    protocol::frame,
    store::hub::receipts,
};

const TELL_SMALL: Duration = Duration::from_millis(10);
const TELL_LARGE: Duration = Duration::from_secs(1);

impl RoomActor {
    /// Counts are others now, for all: what was told before means nothing, even where a number is the same again,
    /// because a picture taken in between may have shown another.
    pub(super) fn counts_changed(&mut self, ctx: &mut Context<Self>) {
        self.told.clear();
        self.tell_soon(ctx);
    }

    /// Tells counts soon: a burst of messages is one frame.
    pub(super) fn tell_soon(&mut self, ctx: &mut Context<Self>) {
        if self.telling {
            return;
        }
        self.telling = true;
        let after = if self.is_small() { TELL_SMALL } else { TELL_LARGE };
        ctx.run_later(after, Self::tell);
    }

    fn tell(&mut self, ctx: &mut Context<Self>) {
        let strangers = self.strangers();
        if strangers.is_empty() {
            return self.tell_now(ctx);
        }
        let (room, ledger) = (self.room.id, self.parts.ledger.clone());
        let places = async move {
            let read = ledger.read(move |conn| {
                let place = |user| Ok((user, receipts::place(conn, room, user)?));
                strangers.into_iter().map(place).collect::<Result<Vec<_>, _>>()
            });
            read.await
        };
        ctx.spawn(places.into_actor(self).map(|places, room, ctx| match places {
            Ok(places) => {
                for (user, place) in places {
                    room.tally.read(user, place);
                }
                room.tell_now(ctx);
            }
            Err(error) => {
                tracing::debug!(%error, "where new users stand could not be read; it is tried again");
                room.telling = false;
                room.tell_soon(ctx);
            }
        }));
    }

    fn tell_now(&mut self, ctx: &mut Context<Self>) {
        self.telling = false;
        if !self.tell_counts() {
            self.tell_soon(ctx);
        }
    }

    /// Users who came into being while the room was awake: they have read what is older than they are.
    fn strangers(&self) -> Vec<i64> {
        if self.room.kind().has_member_list() {
            return Vec::new();
        }
        let mut users = self.users();
        users.retain(|user| !self.tally.knows(*user));
        users
    }

    /// Tells everybody whose counts are others than he was told, those who have the same with one frame; `false`: the
    /// feed is behind, to be tried again.
    fn tell_counts(&mut self) -> bool {
        let mut alike: HashMap<Counts, Vec<i64>> = HashMap::new();
        for user in self.users() {
            let counts = self.tally.counts(user);
            if self.told.get(&user) != Some(&counts) {
                alike.entry(counts).or_default().push(user);
            }
        }
        let signals = alike
            .iter()
            .map(|(counts, users)| self.unread_signal(users, *counts))
            .collect();
        if !self.parts.feed.counts(signals) {
            return false;
        }
        for (counts, users) in alike {
            self.told.extend(users.into_iter().map(|user| (user, counts)));
        }
        true
    }

    fn unread_signal(&self, users: &[i64], counts: Counts) -> Signal {
        let text = json!({
            "type": "unread",
            "room": self.room.id,
            "unread": counts.unread,
            "mentions": counts.mentions,
        });
        Signal {
            to: match users {
                [user] => Recipients::User(*user),
                users => Recipients::Members(Arc::new(users.iter().copied().collect())),
            },
            except: None,
            about: Some(About::Unread { room: self.room.id }),
            frame: frame::text(text.to_string().as_bytes()),
        }
    }

    /// A user has read up to here.
    pub(super) fn marked(&mut self, user: i64, up_to: i64, ctx: &mut Context<Self>) -> Counts {
        let before = self.tally.counts(user);
        self.tally.read(user, up_to);
        let counts = self.tally.counts(user);
        let is_new = before != counts || self.told.get(&user) != Some(&counts);
        if is_new && self.has_user(user) {
            // To the socket that asked as well: its answer may come after a count that is newer.
            if self.parts.feed.counts(vec![self.unread_signal(&[user], counts)]) {
                self.told.insert(user, counts);
            } else {
                self.tell_soon(ctx);
            }
        }
        counts
    }
}
