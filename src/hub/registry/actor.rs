//! The actor of the registry.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::prelude::*;
use serde_json::json;
use uuid::Uuid;

use crate::{
    domain::About,
    protocol::{close::Close, frame},
    telemetry::Metrics,
};

use super::{
    handle::{Connected, RegistryHandle, SessionInfo},
    messages::{Announce, CloseAll, List, Register, Revoke, SidOf, To, Unregister},
};

/// Administrators hear of the sessions at most this often (PROTOCOL section 3, `clients_update`).
const UPDATE_EVERY: Duration = Duration::from_secs(1);

/// A client comes back between these, so that fifty do not come at once.
const RETRY_AFTER_MS: std::ops::Range<u64> = 500..3_000;

pub struct Registry {
    sessions: HashMap<Uuid, Arc<Connected>>,
    count: Arc<AtomicUsize>,
    metrics: Metrics,
    closing: bool,
    /// Sessions came or went since administrators were told.
    changed: bool,
    /// The clock of [`Registry::tell_administrators`] runs, from the first session on: a start that fails may end
    /// before there is a clock.
    ticking: bool,
}

impl Registry {
    /// Starts the registry on the current arbiter.
    pub fn start_with(metrics: Metrics) -> RegistryHandle {
        let count = Arc::new(AtomicUsize::new(0));
        let registry = Self {
            sessions: HashMap::new(),
            count: count.clone(),
            metrics,
            closing: false,
            changed: false,
            ticking: false,
        };
        RegistryHandle {
            addr: registry.start(),
            count,
        }
    }

    fn count_role(&mut self, session: &Connected, by: i64) {
        self.metrics
            .sessions
            .with_label_values(&[&session.who.role.name])
            .add(by);
        self.count.store(self.sessions.len(), Ordering::Relaxed);
        // A long poll is a session for each request, and would wake itself for ever.
        self.changed |= session.is_streaming();
    }

    fn list(&self) -> Vec<SessionInfo> {
        let mut sessions: Vec<SessionInfo> = self
            .sessions
            .values()
            .filter(|s| !s.outbox.is_closing()) // told to go, and only its last bytes linger
            .map(|s| s.info())
            .collect();
        sessions.sort_by(|a, b| a.connected_at.cmp(&b.connected_at));
        sessions
    }

    /// `clients_update` to the administrators, when there is something new. One that has not read the last yet gets
    /// the next.
    fn tell_administrators(&mut self) {
        if !self.changed {
            return;
        }
        self.changed = false;
        let (ready, late): (Vec<_>, Vec<_>) = self
            .sessions
            .values()
            .filter(|s| s.who.role.admin && s.is_streaming())
            .partition(|s| s.outbox.depth().1 == 0);
        if !ready.is_empty() {
            let text = serde_json::to_vec(&json!({ "type": "clients_update", "sessions": self.list() }));
            match text {
                Ok(text) => {
                    let frame = frame::text(&text);
                    for session in &ready {
                        session.outbox.signal(&frame, Some(About::Sessions));
                    }
                }
                Err(cause) => tracing::error!(%cause, "the sessions could not be encoded"),
            }
        }
        self.changed = !late.is_empty();
    }
}

fn going_away() -> Close {
    Close::GoingAway {
        retry_after_ms: rand::random_range(RETRY_AFTER_MS),
    }
}

impl Actor for Registry {
    type Context = Context<Self>;
}

impl Handler<Register> for Registry {
    type Result = ();

    fn handle(&mut self, Register(session): Register, ctx: &mut Self::Context) {
        if !self.ticking {
            self.ticking = true;
            ctx.run_interval(UPDATE_EVERY, |registry, _| registry.tell_administrators());
        }
        if self.closing {
            session.outbox.close(going_away());
        }
        self.sessions.insert(session.id, session.clone());
        self.count_role(&session, 1);
    }
}

impl Handler<Unregister> for Registry {
    type Result = ();

    fn handle(&mut self, Unregister(id): Unregister, _: &mut Self::Context) {
        if let Some(session) = self.sessions.remove(&id) {
            self.count_role(&session, -1);
        }
    }
}

impl Handler<List> for Registry {
    type Result = MessageResult<List>;

    fn handle(&mut self, _: List, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.list())
    }
}

impl Handler<SidOf> for Registry {
    type Result = Option<Uuid>;

    fn handle(&mut self, SidOf(id): SidOf, _: &mut Self::Context) -> Option<Uuid> {
        self.sessions.get(&id).map(|s| s.who.sid)
    }
}

impl Handler<Revoke> for Registry {
    type Result = ();

    fn handle(&mut self, Revoke(revoked): Revoke, _: &mut Self::Context) {
        let sids: HashSet<Uuid> = revoked.sids.into_iter().collect();
        for session in self.sessions.values().filter(|s| sids.contains(&s.who.sid)) {
            session.outbox.close(if revoked.by_administrator {
                Close::Disconnected
            } else {
                Close::Unauthorized
            });
        }
    }
}

impl Handler<Announce> for Registry {
    type Result = ();

    fn handle(&mut self, Announce { frame, to }: Announce, _: &mut Self::Context) {
        for session in self.sessions.values().filter(|s| match to {
            To::Everybody => true,
            To::Administrators => s.who.role.admin,
            To::Session(id) => s.id == id,
        }) {
            session.outbox.signal(&frame, None);
        }
    }
}

impl Handler<CloseAll> for Registry {
    type Result = ();

    fn handle(&mut self, _: CloseAll, _: &mut Self::Context) {
        self.closing = true;
        for session in self.sessions.values() {
            session.outbox.close(going_away());
        }
    }
}
