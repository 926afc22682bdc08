//! What others hold of presence.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use actix::prelude::*;
use parking_lot::RwLock;
use serde_json::value::RawValue;

use super::{
    actor::Presence,
    board::{Board, Choice, Status, Timings, Who},
    messages::{Choose, Join, Leave, Save},
    roster::Roster,
    telling::Untold,
};
use crate::{
    config,
    domain::{Principal, timestamp::rfc3339},
    executor::ledger::LedgerHandle,
    hub::{
        accounts::{AccountsHandle, role_set::may_contact},
        feed::FeedHandle,
    },
    protocol::error::{Code, Error, Result},
    store::hub::{HubStore, presence},
};

/// How long an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most contacts that a welcome names.
const MOST_SHOWN: usize = 500;

/// What presence is made of.
pub struct Setup {
    pub store: HubStore,
    pub ledger: LedgerHandle,
    pub feed: FeedHandle,
    pub accounts: AccountsHandle,
    pub config: config::Presence,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct PresenceHandle {
    addr: Addr<Presence>,
    roster: Arc<RwLock<Roster>>,
    /// The last request of each user, on the board's clock.
    active: Arc<RwLock<HashMap<i64, Arc<AtomicI64>>>>,
    began: Instant,
}

/// A session's way to say that its user does something.
#[derive(Clone)]
pub struct Activity {
    active: Arc<AtomicI64>,
    began: Instant,
}

impl Activity {
    /// A request came.
    pub fn note(&self) {
        let now = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        self.active.fetch_max(now, Ordering::Relaxed);
    }
}

impl PresenceHandle {
    /// Starts the actor on the current arbiter.
    pub fn start(setup: Setup) -> Result<Self> {
        let roster = Roster {
            last_seen: setup.store.read(presence::all)?.into_iter().collect(),
            ..Roster::default()
        };
        let roster = Arc::new(RwLock::new(roster));
        let began = Instant::now();
        let ms = |duration: u64| i64::try_from(duration).unwrap_or(i64::MAX);
        let timings = Timings {
            away_after_ms: ms(setup.config.away_after_s.saturating_mul(1_000)),
            grace_ms: ms(setup.config.grace_ms),
        };
        let actor = Presence {
            board: Board::new(timings),
            roster: Arc::clone(&roster),
            accounts: setup.accounts,
            feed: setup.feed,
            ledger: setup.ledger,
            began,
            untold: Untold::default(),
            told: None,
            telling: false,
            unsaved: HashMap::new(),
        };
        Ok(Self {
            addr: actor.start(),
            roster,
            active: Arc::default(),
            began,
        })
    }

    /// A session began; a poll is one that ends by itself and comes again.
    pub fn join(&self, who: &Principal, is_poll: bool) -> Activity {
        let activity = self.activity(who.user_id);
        #[allow(clippy::disallowed_methods)] // bounded: one for each accepted connection
        self.addr.do_send(Join {
            who: as_seen(who),
            active: Arc::clone(&activity.active),
            is_poll,
        });
        activity
    }

    /// It ended.
    pub fn leave(&self, user_id: i64, is_poll: bool) {
        #[allow(clippy::disallowed_methods)] // bounded: one for each that joined
        self.addr.do_send(Leave { user_id, is_poll });
    }

    /// A request of this user came outside of a session.
    pub fn note(&self, user_id: i64) {
        let known = self.active.read().get(&user_id).cloned();
        if let Some(active) = known {
            Activity {
                active,
                began: self.began,
            }
            .note();
        }
    }

    /// The user says how he is, on all his terminals.
    pub async fn choose(&self, who: &Principal, choice: Choice) -> Result<()> {
        let choose = Choose {
            who: as_seen(who),
            active: self.activity(who.user_id).active,
            choice,
        };
        self.addr
            .send(choose)
            .timeout(PATIENCE)
            .await
            .map_err(|cause| Error::of(Code::Unavailable).caused_by(cause))
    }

    /// The contacts of a user who are there, by id, and whether there are more.
    pub fn picture(&self, who: &Principal) -> (Vec<Arc<RawValue>>, bool) {
        let roster = self.roster.read();
        let mut contacts = roster
            .online
            .iter()
            .filter(|(id, entry)| **id != who.user_id && may_contact(&who.role, &entry.role))
            .map(|(_, entry)| Arc::clone(&entry.json));
        let shown: Vec<_> = contacts.by_ref().take(MOST_SHOWN).collect();
        (shown, contacts.next().is_some())
    }

    /// Status of a user and when he was last seen, for lists of people.
    pub fn of(&self, user_id: i64) -> (Status, Option<String>) {
        let roster = self.roster.read();
        let status = roster
            .online
            .get(&user_id)
            .map_or(Status::Offline, |entry| entry.seen.status);
        (status, roster.last_seen.get(&user_id).copied().map(rfc3339))
    }

    /// Stores when everybody was last seen: before the hub stops.
    pub async fn save(&self) {
        if let Err(cause) = self.addr.send(Save).timeout(PATIENCE).await {
            tracing::warn!(%cause, "when people were last seen was not stored");
        }
    }

    fn activity(&self, user_id: i64) -> Activity {
        let known = self.active.read().get(&user_id).cloned();
        let active = known.unwrap_or_else(|| Arc::clone(self.active.write().entry(user_id).or_default()));
        Activity {
            active,
            began: self.began,
        }
    }
}

fn as_seen(who: &Principal) -> Who {
    Who {
        user_id: who.user_id,
        username: Arc::clone(&who.username),
        role: Arc::clone(&who.role),
    }
}
