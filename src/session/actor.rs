//! The actor of a session: its life, its place in the stream, its token. How it begins and goes live is in
//! `greeting`, requests are in `dispatch`, replay is in `catch_up`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use tokio::sync::oneshot;
use tracing::Span;
use uuid::Uuid;

use crate::{
    domain::{Audience, Cursor, Position, timestamp},
    executor::Origin,
    hub::{outbox::Outbox, presence::Activity, registry::Connected, relay::CatchUp},
    protocol::{close::Close, event::Event},
};

use super::{
    context::Worker,
    dispatch::Pending,
    greeting::event_frame,
    handle::Opening,
    lanes::Lanes,
    messages::{Answered, BinaryReceived, Incoming, Stop},
    rate::{Bucket, Strikes},
};

/// How often a session whose position moved without an event hears of it (PROTOCOL section 3).
const CURSOR_EVERY: Duration = Duration::from_secs(30);

/// Refusals within ten seconds that close with 4429, and invalid requests within a minute that close with 4400.
pub(super) const RATE_STRIKES: (usize, Duration) = (100, Duration::from_secs(10));
pub(super) const INVALID_STRIKES: (usize, Duration) = (10, Duration::from_secs(60));

/// Where a session is in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Asked the relay to be let in.
    Joining,
    /// Has everything up to here, and what the relay pushes after.
    Live { from: Position },
    /// Reads the logs: has everything up to here.
    Replaying { after: Position },
}

pub struct Session {
    pub(super) worker: Worker,
    pub(super) connected: Arc<Connected>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) origin: Origin,
    /// The connection's; every request's span is below it.
    pub(super) span: Arc<Span>,
    pub(super) audience: Audience,
    pub(super) echo: bool,
    pub(super) place: Place,
    /// Events replayed since `welcome`; `None`: `caught_up` was sent, or there is nothing to say.
    pub(super) replayed: Option<u64>,
    pub(super) lanes: Lanes<Pending>,
    /// A message that came when the pipeline was full, and the socket waiting for it.
    pub(super) stalled: Option<(String, oneshot::Sender<()>)>,
    /// The pipeline stayed full: refuse at once until it drains.
    pub(super) saturated: bool,
    /// Requests wait until the client fetched its results.
    pub(super) held_back: bool,
    pub(super) bucket: Bucket,
    pub(super) rate_strikes: Strikes,
    pub(super) invalid_strikes: Strikes,
    pub(super) expires_ms: i64,
    expiry: Option<SpawnHandle>,
    pub(super) since: Option<String>,
    pub(super) cursor_told: Position,
    /// Set from the start on: the user is there.
    pub(super) activity: Option<Activity>,
}

impl Session {
    pub fn new(worker: Worker, opening: Opening, outbox: Arc<Outbox>) -> Self {
        let Opening {
            who,
            expires_ms,
            address,
            user_agent,
            transport,
            query,
        } = opening;
        let id = Uuid::new_v4();
        let origin = Origin {
            user_id: who.user_id,
            username: who.username.clone(),
            role: who.role.clone(),
            session: Some(id),
            address,
        };
        let audience = Audience::new(who.role.clone(), who.user_id, query.tables);
        let connected = Arc::new(Connected {
            id,
            who,
            address,
            user_agent,
            transport,
            since_ms: timestamp::now_ms(),
            outbox: outbox.clone(),
        });
        let span = Arc::new(tracing::info_span!(
            "session",
            session = %id,
            user = %connected.who.username,
            role = %connected.who.role.name,
            %address,
            transport,
        ));
        let now = Instant::now();
        let limits = worker.ctx.limits.clone();
        Self {
            worker,
            connected,
            outbox,
            origin,
            span,
            audience,
            echo: !query.no_echo,
            place: Place::Joining,
            replayed: None,
            lanes: Lanes::default(),
            stalled: None,
            saturated: false,
            held_back: false,
            bucket: Bucket::new(limits.requests_per_second, limits.burst, now),
            rate_strikes: Strikes::new(RATE_STRIKES.0, RATE_STRIKES.1),
            invalid_strikes: Strikes::new(INVALID_STRIKES.0, INVALID_STRIKES.1),
            expires_ms,
            expiry: None,
            since: query.since,
            cursor_told: Position::START,
            activity: None,
        }
    }

    /// The cursor of a place, for this session's role.
    pub(super) fn cursor(&self, at: Position) -> Cursor {
        let rights = self.connected.who.role.rights_fingerprint();
        Cursor {
            epoch: self.worker.relay.epoch(),
            at,
            rights,
        }
    }

    /// Up to where everything was put into the outbox.
    pub(super) fn position(&self) -> Position {
        match self.place {
            Place::Joining => self.cursor_told,
            Place::Live { from } => from.max(self.worker.relay.head()).min(self.outbox.left_at()),
            Place::Replaying { after } => after,
        }
    }

    /// Pushes an event that is not durable.
    pub(super) fn push(&self, event: &Event) {
        self.outbox.push(event_frame(event));
    }

    /// Closes with 4401 when the token expires.
    pub(super) fn arm_expiry(&mut self, ctx: &mut Context<Self>) {
        if let Some(old) = self.expiry.take() {
            ctx.cancel_future(old);
        }
        let left = u64::try_from(self.expires_ms - timestamp::now_ms()).unwrap_or(0);
        self.expiry = Some(ctx.run_later(Duration::from_millis(left), |session, _| {
            session.outbox.close(Close::Unauthorized);
        }));
    }

    /// Tells where the stream is, when it moved without an event for us.
    fn tell_cursor(&mut self) {
        let position = self.position();
        let told = self.cursor_told.max(self.outbox.told());
        if matches!(self.place, Place::Live { .. }) && !told.reaches(position) {
            self.push(&Event::Cursor {
                cursor: self.cursor(position).to_string(),
            });
            self.cursor_told = position;
        }
    }
}

impl Actor for Session {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.span.in_scope(|| tracing::debug!("opened"));
        self.worker.ctx.registry.register(self.connected.clone());
        // Revoked between the check of the token and the line above: nobody else would close it.
        if self.worker.ctx.accounts.current(self.connected.who.sid).is_none() {
            self.outbox.close(Close::Unauthorized);
        }
        let is_poll = !self.connected.is_streaming();
        self.activity = Some(self.worker.ctx.presence.join(&self.connected.who, is_poll));
        self.arm_expiry(ctx);
        ctx.run_interval(CURSOR_EVERY, |session, _| session.tell_cursor());
        self.begin(ctx);
    }
}

/// However a session ends, by its transport or by a panic of its own: nobody goes on sending to it, and a socket
/// that is still there hears of it and comes back.
impl Drop for Session {
    fn drop(&mut self) {
        self.outbox.close(Close::Internal);
        self.worker.relay.leave(self.connected.id, self.audience.clone());
        self.worker.ctx.registry.unregister(self.connected.id);
        if self.activity.is_some() {
            let is_poll = !self.connected.is_streaming();
            self.worker
                .ctx
                .presence
                .leave(self.connected.who.user_id, is_poll);
        }
        self.worker.ctx.calls.session_gone(self.connected.id);
        self.span.in_scope(|| tracing::debug!("closed"));
    }
}

impl Handler<Incoming> for Session {
    type Result = actix::Response<()>;

    fn handle(&mut self, Incoming(text): Incoming, ctx: &mut Self::Context) -> Self::Result {
        match self.take_up(text, ctx) {
            None => actix::Response::reply(()),
            Some(waiting) => actix::Response::fut(async move {
                let _ = waiting.await; // a session that ended closes its outbox
            }),
        }
    }
}

impl Handler<BinaryReceived> for Session {
    type Result = ();

    fn handle(&mut self, _: BinaryReceived, _: &mut Self::Context) {
        self.refuse_binary();
    }
}

impl Handler<Answered> for Session {
    type Result = ();

    fn handle(&mut self, _: Answered, ctx: &mut Self::Context) {
        self.on_answers(ctx);
    }
}

impl Handler<CatchUp> for Session {
    type Result = ();

    fn handle(&mut self, CatchUp { after }: CatchUp, ctx: &mut Self::Context) {
        self.replayed = None; // it had been live: there is nothing left to announce
        self.replay_from(after, ctx);
    }
}

impl Handler<Stop> for Session {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
