//! The actor of presence: one board, one look at it a second, one frame a second.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use parking_lot::RwLock;

use super::{
    board::{Board, Seen, Status, Who},
    messages::{Choose, Join, Leave, Save},
    roster::{Entry, Roster},
    telling::Untold,
};
use crate::{
    domain::timestamp::now_ms,
    executor::ledger::LedgerHandle,
    hub::{accounts::AccountsHandle, feed::FeedHandle},
    store::hub::presence,
};

/// The shortest time between two frames (PROTOCOL section 3), and between two looks at who is idle or gone.
const EVERY: Duration = Duration::from_secs(1);
/// Between two times that last_seen is stored.
const SAVE_EVERY: Duration = Duration::from_secs(30);

pub struct Presence {
    pub(super) board: Board,
    pub(super) roster: Arc<RwLock<Roster>>,
    pub(super) accounts: AccountsHandle,
    pub(super) feed: FeedHandle,
    pub(super) ledger: LedgerHandle,
    /// Where the board's clock began.
    pub(super) began: Instant,
    pub(super) untold: Untold,
    pub(super) told: Option<Instant>,
    pub(super) telling: bool,
    /// When people were last seen, as far as that is not stored.
    pub(super) unsaved: HashMap<i64, i64>,
}

impl Presence {
    fn now(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// A moment of the board's clock as one of the calendar.
    fn wall(&self, at: i64) -> i64 {
        now_ms().saturating_sub(self.now().saturating_sub(at))
    }

    /// Shows a user as he is now, where that is not how he was shown.
    fn show(&mut self, user_id: i64, ctx: &mut Context<Self>) {
        let now = self.now();
        let Some(person) = self.board.get(user_id) else {
            return;
        };
        let seen = person.seen(now, self.board.timings());
        let (who, last_seen_ms) = (person.who.clone(), self.wall(person.last_seen()));
        self.put(&who, seen, last_seen_ms, ctx);
    }

    fn put(&mut self, who: &Who, seen: Seen, last_seen_ms: i64, ctx: &mut Context<Self>) {
        let mut roster = self.roster.write();
        let before = roster.online.get(&who.user_id);
        let same = match before {
            Some(before) => {
                before.seen == seen && before.role.name == who.role.name && before.username == who.username
            }
            None => seen.status == Status::Offline,
        };
        if same {
            return;
        }
        // Whoever could see him in his old role, and cannot any more, sees him leave.
        let old = before
            .filter(|before| before.role.name != who.role.name)
            .map(|before| Who {
                role: Arc::clone(&before.role),
                ..who.clone()
            });
        if let Some(old) = old
            && let Some(left) = Entry::offline(&old, Some(last_seen_ms))
        {
            self.untold.put(who.user_id, left);
        }
        let gone = seen.status == Status::Offline;
        let Some(entry) = Entry::new(who, seen, Some(last_seen_ms)) else {
            return;
        };
        self.untold.put(who.user_id, entry.clone());
        if gone {
            roster.online.remove(&who.user_id);
        } else {
            roster.online.insert(who.user_id, entry);
        }
        roster.last_seen.insert(who.user_id, last_seen_ms);
        drop(roster);
        self.unsaved.insert(who.user_id, last_seen_ms);
        self.tell_soon(ctx);
    }

    /// The first change is told at once, what comes within a second of it together.
    fn tell_soon(&mut self, ctx: &mut Context<Self>) {
        if self.telling {
            return;
        }
        self.telling = true;
        let wait = self
            .told
            .map_or(Duration::ZERO, |told| EVERY.saturating_sub(told.elapsed()));
        ctx.run_later(wait, |presence, ctx| {
            presence.telling = false;
            presence.tell(ctx);
        });
    }

    fn tell(&mut self, ctx: &mut Context<Self>) {
        self.told = Some(Instant::now());
        if self.feed.signals(self.untold.signals(&self.accounts.roles())) {
            self.untold.clear();
        } else {
            self.tell_soon(ctx); // the feed is behind
        }
    }

    /// Who became idle, who is gone, who has another name or role, whose choice ended.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let ids: Vec<i64> = self.board.people().map(|person| person.who.user_id).collect();
        for id in ids {
            let current = self.accounts.person(id);
            let Some(person) = self.board.get_mut(id) else {
                continue;
            };
            match current {
                Some((username, role)) => {
                    person.who.username = username;
                    person.who.role = role;
                }
                // Disabled or removed: gone at once.
                None => {
                    self.forget(id, ctx);
                }
            }
        }
        let gone = self.board.expire(self.now(), now_ms());
        let ids: Vec<i64> = self.board.people().map(|person| person.who.user_id).collect();
        for id in ids {
            self.show(id, ctx);
        }
        for id in gone {
            self.board.remove(id);
        }
    }

    fn forget(&mut self, user_id: i64, ctx: &mut Context<Self>) {
        let Some(person) = self.board.remove(user_id) else {
            return;
        };
        let seen = Seen {
            status: Status::Offline,
            text: None,
            until_ms: None,
            connections: 0,
        };
        self.put(&person.who, seen, self.wall(person.last_seen()), ctx);
    }

    /// Stores when people were last seen: who is here, now and then; who left, with them.
    fn save(&mut self) -> impl Future<Output = ()> + use<> {
        let here: Vec<(i64, i64)> = self
            .board
            .people()
            .map(|person| (person.who.user_id, self.wall(person.last_seen())))
            .collect();
        let mut times = std::mem::take(&mut self.unsaved);
        {
            let mut roster = self.roster.write();
            for (id, at) in here {
                if roster.last_seen.insert(id, at) != Some(at) {
                    times.insert(id, at);
                }
            }
        }
        let ledger = self.ledger.clone();
        async move {
            if times.is_empty() {
                return;
            }
            let times: Vec<(i64, i64)> = times.into_iter().collect();
            let stored = ledger.write(move |tx| presence::store(tx.conn, &times));
            if let Err(error) = stored.await {
                tracing::warn!(%error, "when people were last seen could not be stored");
            }
        }
    }
}

impl Actor for Presence {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Each session of a storm is one message; they are bounded by the connections.
        ctx.set_mailbox_capacity(1024);
        ctx.run_interval(EVERY, Self::look);
        ctx.run_interval(SAVE_EVERY, |presence, ctx| {
            let saving = presence.save();
            ctx.spawn(saving.into_actor(presence));
        });
    }
}

impl Handler<Join> for Presence {
    type Result = ();

    fn handle(&mut self, join: Join, ctx: &mut Self::Context) {
        let now = self.now();
        self.board.join(&join.who, &join.active, join.is_poll, now);
        self.show(join.who.user_id, ctx);
    }
}

impl Handler<Leave> for Presence {
    type Result = ();

    fn handle(&mut self, leave: Leave, ctx: &mut Self::Context) {
        let now = self.now();
        self.board.leave(leave.user_id, leave.is_poll, now);
        self.show(leave.user_id, ctx);
    }
}

impl Handler<Choose> for Presence {
    type Result = ();

    fn handle(&mut self, choose: Choose, ctx: &mut Self::Context) {
        self.board.choose(&choose.who, &choose.active, choose.choice);
        self.show(choose.who.user_id, ctx);
    }
}

impl Handler<Save> for Presence {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Save, _: &mut Self::Context) -> Self::Result {
        Box::pin(self.save())
    }
}
