//! How a session begins: attached to the relay, greeted with how things stand, then live.

use std::sync::Arc;

use actix::prelude::*;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::{
    domain::{Cursor, Position, call::Socket, timestamp},
    hub::relay::{Attaching, Joined, Joining},
    protocol::{
        close::Close,
        event::{Event, Limits, ResyncReason, ServerInfo, UserInfo, Welcome},
        frame,
    },
};

use super::{
    actor::{Place, Session},
    picture::{self, Picture},
};

impl Session {
    /// Attaches to the relay, looks at how things stand, and says `welcome`.
    pub(super) fn begin(&mut self, ctx: &mut Context<Self>) {
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
            rooms_truncated: picture.rooms_truncated,
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
