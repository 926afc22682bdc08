//! The actor of a session: its life, its place in the stream, its token. Requests are in `dispatch`,
//! replay is in `catch_up`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tracing::Span;
use uuid::Uuid;

use crate::{
    domain::{Audience, Cursor, Position, call::Socket, timestamp},
    executor::Origin,
    hub::{
        outbox::Outbox,
        presence::Activity,
        registry::Connected,
        relay::{Attaching, CatchUp, Joined, Joining},
    },
    protocol::{
        close::Close,
        event::{Event, Limits, ResyncReason, ServerInfo, UserInfo, Welcome},
        frame,
    },
};

use super::{
    context::Worker,
    dispatch::Pending,
    handle::Opening,
    lanes::Lanes,
    messages::{Answered, BinaryReceived, Incoming, Stop},
    picture::{self, Picture},
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
    since: Option<String>,
    cursor_told: Position,
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

    /// Attaches to the relay, looks at how things stand, and says `welcome`.
    fn begin(&mut self, ctx: &mut Context<Self>) {
        let since = self.since.take();
        let attaching = Attaching {
            session: self.connected.id,
            user_id: self.connected.who.user_id,
            role: self.connected.who.role.clone(),
            outbox: self.outbox.clone(),
            echo: self.echo,
            catch_up: ctx.address().recipient(),
        };
        let relay = self.worker.relay.clone();
        let hub = self.worker.ctx.clone();
        let who = self.connected.who.clone();
        // Who begins at the head begins after everything that was answered to anybody.
        let committed = since.is_none().then(|| hub.executor.head());
        let picture = async move {
            relay.attach(attaching).await?;
            if let Some(committed) = committed {
                relay.reached(committed).await;
            }
            picture::take(&hub, &who).await
        }
        .into_actor(self);
        // Waited for: nothing may be answered before `welcome`.
        ctx.wait(picture.map(move |picture, session, ctx| match picture {
            Ok(picture) => {
                session.tell_calls();
                session.greet(picture, since, ctx);
            }
            Err(cause) => {
                tracing::warn!(%cause, "a session could not begin");
                session.outbox.close(Close::Internal);
            }
        }));
    }

    /// A call that rings this user, or keeps a seat for him, hears that he is here. What it sends is held until the
    /// session was greeted.
    fn tell_calls(&self) {
        let calls = &self.worker.ctx.calls;
        calls.session_opened(
            &self.connected.who,
            self.socket(),
            self.connected.takes_requests(),
        );
    }

    /// As calls know it.
    pub(super) fn socket(&self) -> Socket {
        Socket {
            id: self.connected.id,
            login: self.connected.who.sid,
        }
    }

    fn greet(&mut self, picture: Picture, since: Option<String>, ctx: &mut Context<Self>) {
        let Some(since) = since else {
            return self.join_fresh(picture, None, ctx);
        };
        self.worker.ctx.metrics.reconnects.inc();
        match self.resumable(&since) {
            Ok(cursor) => {
                let welcome = self.welcome(self.worker.ctx.executor.head(), since, picture);
                self.replayed = Some(0);
                self.welcome_and_replay(json_frame(&welcome), cursor.at, ctx);
            }
            Err(reason) => self.join_fresh(picture, Some(reason), ctx),
        }
    }

    /// The first frames, and then what the logs have after that place.
    fn welcome_and_replay(&mut self, frames: Bytes, after: Position, ctx: &mut Context<Self>) {
        self.place = Place::Replaying { after };
        let relay = self.worker.relay.clone();
        let id = self.connected.id;
        let greeted = async move { relay.greet(id, frames).await }.into_actor(self);
        ctx.wait(greeted.map(move |greeted, session, ctx| match greeted {
            Ok(()) => session.replay_from(after, ctx),
            Err(_) => session.outbox.close(Close::Internal),
        }));
    }

    /// Goes live at the head with the picture just taken; where people did something since, reads that first.
    fn join_fresh(&mut self, picture: Picture, resync: Option<ResyncReason>, ctx: &mut Context<Self>) {
        let hub = picture.hub;
        let greeting = Arc::new(Mutex::new(Some(self.greeting(picture, resync))));
        let asked = greeting.clone();
        let joining = Joining {
            session: self.connected.id,
            audience: self.audience.clone(),
            after_commit: None,
            after_hub: Some(hub),
            greeting: Box::new(move |at| asked.lock().take().map_or_else(Bytes::new, |greet| greet(at))),
        };
        self.ask_to_join(joining, ctx, move |session, head, ctx| {
            let after = Position { hub, ..head };
            let frames = greeting
                .lock()
                .take()
                .map_or_else(Bytes::new, |greet| greet(after));
            session.welcome_and_replay(frames, after, ctx);
        });
    }

    fn resumable(&self, since: &str) -> Result<Cursor, ResyncReason> {
        let cursor = Cursor::parse(since).ok_or(ResyncReason::Unknown)?;
        let here = self.cursor(Position::START);
        let ends = Position {
            commit: self.worker.ctx.executor.head(),
            hub: self.worker.ctx.ledger.head(),
        };
        if cursor.epoch != here.epoch || !ends.reaches(cursor.at) {
            Err(ResyncReason::Unknown)
        } else if cursor.rights != here.rights {
            Err(ResyncReason::Rights)
        } else {
            Ok(cursor)
        }
    }

    /// The frames that stand before the first live event of a session that starts at the head.
    fn greeting(&self, picture: Picture, resync: Option<ResyncReason>) -> Greeting {
        let mut welcome = self.welcome(0, String::new(), picture);
        let start = self.cursor(Position::START);
        Box::new(move |at| {
            let cursor = Cursor { at, ..start }.to_string();
            welcome.commit = at.commit;
            welcome.cursor.clone_from(&cursor);
            let mut frames = json_frame(&welcome).to_vec();
            if let Some(reason) = resync {
                frames.extend_from_slice(&event_frame(&Event::Resync { reason, cursor }));
            }
            Bytes::from(frames)
        })
    }

    fn welcome(&self, commit: u64, cursor: String, picture: Picture) -> Welcome {
        let who = &self.connected.who;
        let limits = &self.worker.ctx.limits;
        Welcome {
            session: self.connected.id,
            user: UserInfo {
                id: who.user_id,
                username: who.username.to_string(),
                display_name: who.display_name.to_string(),
                role: who.role.name.to_string(),
                lang: who.lang.to_string(),
            },
            epoch: self.worker.relay.epoch(),
            cursor,
            commit,
            at: timestamp::rfc3339(timestamp::now_ms()),
            heartbeat_ms: self.worker.ctx.heartbeat_ms,
            server: ServerInfo {
                name: "comptoir",
                version: env!("CARGO_PKG_VERSION"),
            },
            limits: Limits {
                max_frame_bytes: limits.max_frame_bytes,
                max_result_bytes: limits.max_result_bytes,
                max_rows: limits.max_rows,
                requests_per_second: limits.requests_per_second,
                burst: limits.burst,
                pipeline: limits.pipeline,
            },
            rooms: picture.rooms,
            presence: picture.presence,
            presence_truncated: picture.presence_truncated,
            unread_notifications: picture.unread_notifications,
        }
    }

    /// Asks the relay to be let in after this place (`None`: wherever it is), and comes back through the logs when it
    /// is already further.
    pub(super) fn join(&mut self, after: Option<Position>, greeting: Greeting, ctx: &mut Context<Self>) {
        let joining = Joining {
            session: self.connected.id,
            audience: self.audience.clone(),
            after_commit: after.map(|at| at.commit),
            after_hub: after.map(|at| at.hub),
            greeting,
        };
        self.ask_to_join(joining, ctx, move |session, head, ctx| {
            session.replay_from(after.unwrap_or(head), ctx);
        });
    }

    fn ask_to_join(
        &mut self,
        joining: Joining,
        ctx: &mut Context<Self>,
        behind: impl FnOnce(&mut Self, Position, &mut Context<Self>) + 'static,
    ) {
        self.place = Place::Joining;
        let relay = self.worker.relay.clone();
        let joined = async move { relay.join(joining).await }.into_actor(self);
        // Waited for: what comes in meanwhile (a `subscribe`, a CatchUp) means the place that is taken here, and nothing
        // may be answered before `welcome`.
        ctx.wait(joined.map(move |joined, session, ctx| match joined {
            Ok(Joined::Live { at }) => {
                session.place = Place::Live { from: at };
                session.cursor_told = session.cursor_told.max(at);
                session.replayed = None;
            }
            Ok(Joined::Behind { head }) => behind(session, head, ctx),
            Err(cause) => {
                tracing::error!(%cause, "the relay did not answer");
                session.outbox.close(Close::Internal);
            }
        }));
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

/// Frames made once the place of the join is known.
pub(super) type Greeting = Box<dyn FnOnce(Position) -> Bytes + Send>;

pub(super) fn event_frame(event: &Event) -> Bytes {
    json_frame(event)
}

pub(super) fn json_frame(event: &impl serde::Serialize) -> Bytes {
    frame::text_with(512, |out| {
        if let Err(cause) = serde_json::to_writer(out, event) {
            tracing::error!(%cause, "an event could not be encoded"); // only strings and numbers: cannot happen
        }
    })
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
