//! What all calls of the hub share: which are live, which tokens of guests are good, and whose comings and goings
//! matter. Answers without an actor where a socket is about to open.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use actix::prelude::*;
use parking_lot::{Mutex, RwLock};
use uuid::Uuid;

use crate::{
    auth::{AddressThrottle, GuestTokens, JoinCode},
    config,
    domain::call::{Bounds, Number},
    executor::ledger::LedgerHandle,
    hub::feed::FeedHandle,
    telemetry::Metrics,
};

use super::actor::CallActor;

/// A live call, as those see it who look for it.
#[derive(Clone)]
pub(super) struct Live {
    pub addr: Addr<CallActor>,
    pub room: i64,
    pub host: i64,
    pub code: Option<JoinCode>,
    pub expires_ms: i64,
}

/// A guest whose token is good.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    pub call: i64,
    pub number: Number,
    pub name: Arc<str>,
}

pub(super) struct Shared {
    pub config: config::Calls,
    pub bounds: Bounds,
    pub tokens: GuestTokens,
    pub feed: FeedHandle,
    pub ledger: LedgerHandle,
    pub metrics: Metrics,
    pub throttle: Mutex<AddressThrottle>,
    pub live: RwLock<HashMap<i64, Live>>,
    /// The hosts of calls that are about to be.
    opening: Mutex<Vec<i64>>,
    /// By what their tokens are known by.
    pub guests: RwLock<HashMap<Uuid, Guest>>,
    /// Users whose next socket matters, with the calls.
    awaited: RwLock<HashMap<i64, BTreeSet<i64>>>,
    /// Sockets that sit in calls.
    seated: RwLock<HashMap<Uuid, BTreeSet<i64>>>,
}

impl Shared {
    pub fn new(
        config: config::Calls,
        token_key: &[u8],
        feed: FeedHandle,
        ledger: LedgerHandle,
        metrics: Metrics,
    ) -> Self {
        let ms = |seconds: u64| i64::try_from(seconds.saturating_mul(1_000)).unwrap_or(i64::MAX / 2);
        let bounds = Bounds {
            ring_ms: ms(config.ring_s),
            seat_ms: ms(config.seat_s),
            lifetime_ms: ms(config.lifetime_s),
            participants: config.max_participants,
        };
        Self {
            bounds,
            config,
            tokens: GuestTokens::new(token_key),
            feed,
            ledger,
            metrics,
            throttle: Mutex::default(),
            live: RwLock::default(),
            opening: Mutex::default(),
            guests: RwLock::default(),
            awaited: RwLock::default(),
            seated: RwLock::default(),
        }
    }

    /// A place for one more call of this host, until it is live; `None`: there are too many, those that are about to be
    /// among them.
    pub fn begin(self: &Arc<Self>, host: i64, most_of_one: usize) -> Option<Opening> {
        let mut opening = self.opening.lock();
        let live = self.live.read();
        let own = live.values().filter(|call| call.host == host).count()
            + opening.iter().filter(|other| **other == host).count();
        if live.len() + opening.len() >= self.config.max_calls || own >= most_of_one {
            return None;
        }
        opening.push(host);
        Some(Opening {
            shared: Arc::clone(self),
            host,
        })
    }

    pub fn find(&self, call: i64) -> Option<Live> {
        self.live.read().get(&call).cloned()
    }

    /// The calls for which a socket of this user would matter.
    pub fn awaiting(&self, user: i64) -> Vec<i64> {
        calls_of(&self.awaited, &user)
    }

    pub fn await_user(&self, user: i64, call: i64) {
        self.awaited.write().entry(user).or_default().insert(call);
    }

    pub fn forget_user(&self, user: i64, call: i64) {
        remove(&self.awaited, &user, call);
    }

    /// The socket is gone; answers the calls in which it sat, or was about to.
    pub fn unbind_all(&self, socket: Uuid) -> BTreeSet<i64> {
        // Nearly all sockets sit in none: they take no turn for the lock that writes.
        if !self.seated.read().contains_key(&socket) {
            return BTreeSet::new();
        }
        self.seated.write().remove(&socket).unwrap_or_default()
    }

    /// Does something while the socket is there: whoever finds it gone afterwards comes after it.
    pub fn while_bound(&self, socket: Uuid, call: i64, act: impl FnOnce()) {
        let seated = self.seated.read();
        if seated.get(&socket).is_some_and(|calls| calls.contains(&call)) {
            act();
        }
    }

    /// Said before the call is asked, so that a socket which is gone at once is known to be.
    pub fn bind(&self, socket: Uuid, call: i64) {
        self.seated.write().entry(socket).or_default().insert(call);
    }

    pub fn unbind(&self, socket: Uuid, call: i64) {
        remove(&self.seated, &socket, call);
    }

    /// The call is over: nobody finds it, nobody's token is good for it.
    pub fn end(&self, call: i64) {
        if self.live.write().remove(&call).is_some() {
            self.metrics.calls.dec();
        }
        self.guests.write().retain(|_, guest| guest.call != call);
        let stays = |calls: &mut BTreeSet<i64>| {
            calls.remove(&call);
            !calls.is_empty()
        };
        self.awaited.write().retain(|_, calls| stays(calls));
        self.seated.write().retain(|_, calls| stays(calls));
    }
}

/// A call that is about to be.
pub(super) struct Opening {
    shared: Arc<Shared>,
    host: i64,
}

impl Drop for Opening {
    fn drop(&mut self) {
        let mut opening = self.shared.opening.lock();
        if let Some(at) = opening.iter().position(|host| *host == self.host) {
            opening.swap_remove(at);
        }
    }
}

type CallsBy<K> = RwLock<HashMap<K, BTreeSet<i64>>>;

fn calls_of<K: std::hash::Hash + Eq>(map: &CallsBy<K>, key: &K) -> Vec<i64> {
    map.read().get(key).into_iter().flatten().copied().collect()
}

fn remove<K: std::hash::Hash + Eq>(map: &CallsBy<K>, key: &K, call: i64) {
    let mut map = map.write();
    if let Some(calls) = map.get_mut(key) {
        calls.remove(&call);
        if calls.is_empty() {
            map.remove(key);
        }
    }
}
