//! The actor of the registry.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix::prelude::*;
use uuid::Uuid;

use crate::{protocol::close::Close, telemetry::Metrics};

use super::{
    handle::{Connected, RegistryHandle, SessionInfo},
    messages::{Announce, CloseAll, List, Register, Revoke, SidOf, Unregister},
};

/// A client comes back between these, so that fifty do not come at once.
const RETRY_AFTER_MS: std::ops::Range<u64> = 500..3_000;

pub struct Registry {
    sessions: HashMap<Uuid, Arc<Connected>>,
    count: Arc<AtomicUsize>,
    metrics: Metrics,
    closing: bool,
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
        };
        RegistryHandle {
            addr: registry.start(),
            count,
        }
    }

    fn count_role(&self, session: &Connected, by: i64) {
        self.metrics
            .sessions
            .with_label_values(&[&session.who.role.name])
            .add(by);
        self.count.store(self.sessions.len(), Ordering::Relaxed);
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

    fn handle(&mut self, Register(session): Register, _: &mut Self::Context) {
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
        let mut sessions: Vec<SessionInfo> = self
            .sessions
            .values()
            .filter(|s| !s.outbox.is_closing()) // told to go, and only its last bytes linger
            .map(|s| s.info())
            .collect();
        sessions.sort_by(|a, b| a.connected_at.cmp(&b.connected_at));
        MessageResult(sessions)
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

    fn handle(
        &mut self,
        Announce {
            frame,
            administrators_only,
        }: Announce,
        _: &mut Self::Context,
    ) {
        for session in self
            .sessions
            .values()
            .filter(|s| !administrators_only || s.who.role.admin)
        {
            session.outbox.push_events(frame.clone());
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
