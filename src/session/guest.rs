//! The session of a guest: one call, and nothing else. Not a session of a user with fewer rights but another actor,
//! which has no way to the databases, the feed or the rooms: what it does not hold it cannot give away.

use std::{sync::Arc, time::Instant};

use actix::prelude::*;
use bytes::Bytes;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    domain::{Principal, Role, timestamp},
    hub::{call::GuestPass, outbox::Outbox, registry::Connected},
    protocol::{
        call::CallFrame,
        close::Close,
        error::{Code, Error, Result},
        event::{Event, GuestInfo, GuestWelcome, Limits, ServerInfo},
        frame,
        request::{Frame, Request},
        result::Body,
    },
};

use super::{
    actor::{INVALID_STRIKES, RATE_STRIKES},
    answers::error_frame,
    context::Worker,
    greeting::{event_frame, json_frame},
    handle::GuestOpening,
    messages::{BinaryReceived, Incoming, Stop},
    rate::{Bucket, Strikes},
    requests,
};

pub struct GuestSession {
    worker: Worker,
    pass: GuestPass,
    connected: Arc<Connected>,
    outbox: Arc<Outbox>,
    bucket: Bucket,
    rate_strikes: Strikes,
    invalid_strikes: Strikes,
}

impl GuestSession {
    pub fn new(worker: Worker, opening: GuestOpening, outbox: Arc<Outbox>) -> Self {
        let GuestOpening {
            pass,
            address,
            user_agent,
        } = opening;
        let connected = Arc::new(Connected {
            id: Uuid::new_v4(),
            who: nobody(&pass),
            address,
            user_agent,
            transport: "websocket",
            since_ms: timestamp::now_ms(),
            outbox: outbox.clone(),
        });
        let limits = &worker.ctx.limits;
        let now = Instant::now();
        Self {
            bucket: Bucket::new(limits.requests_per_second, limits.burst, now),
            rate_strikes: Strikes::new(RATE_STRIKES.0, RATE_STRIKES.1),
            invalid_strikes: Strikes::new(INVALID_STRIKES.0, INVALID_STRIKES.1),
            worker,
            pass,
            connected,
            outbox,
        }
    }

    fn welcome(&self) -> GuestWelcome {
        let limits = &self.worker.ctx.limits;
        GuestWelcome {
            session: self.connected.id,
            user: GuestInfo {
                id: None,
                username: "",
                display_name: self.pass.name.to_string(),
                role: "guest",
                lang: "",
            },
            epoch: self.worker.relay.epoch(),
            cursor: "",
            commit: 0,
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
            rooms: [],
            presence: [],
            unread_notifications: 0,
            call_id: self.pass.call,
            participant: self.pass.number,
        }
    }

    fn take_up(&mut self, text: &str, ctx: &mut Context<Self>) {
        if self.outbox.is_closing() {
            return;
        }
        let at = Instant::now();
        let Frame { id, request } = Frame::parse(text);
        if let Err(error) = self.bucket.take(at) {
            self.refuse(id.as_ref(), "any", &error);
            if self.rate_strikes.add(at) {
                self.outbox.close(Close::RateLimitIgnored);
            }
            return;
        }
        let request = match request {
            Ok(request) => request,
            Err(error) => {
                self.refuse(id.as_ref(), "invalid", &error);
                return self.count_invalid(&error, at);
            }
        };
        let id = id.unwrap_or(Value::Null);
        let kind = request.name();
        match request {
            Request::Ping => self.outbox.push(event_frame(&Event::Pong {
                id,
                at: timestamp::rfc3339(timestamp::now_ms()),
                cursor: String::new(),
            })),
            Request::Rooms(_) => self.answer(&id, kind, at, Ok(Body::from_value(&json!({ "rooms": [] })))),
            Request::Users => self.answer(&id, kind, at, Ok(Body::from_value(&json!({ "users": [] })))),
            Request::Call(CallFrame::In { call_id, act }) => {
                let calls = self.worker.ctx.calls.clone();
                let (pass, socket) = (self.pass.clone(), self.connected.id);
                let acted = async move { calls.act_as_guest(&pass, socket, call_id, act).await };
                // The answer is waited for, where this ends the call and with it the socket.
                self.outbox.expect_answer();
                // Frames of a call keep their order.
                ctx.wait(acted.into_actor(self).map(move |acted, session, _| {
                    let answer = session.rendered(&id, kind, at, acted.map(|value| Body::from_value(&value)));
                    let _ = session.outbox.push_answer(answer, true); // nothing waits for its turn
                }));
            }
            _ => {
                let error = Error::forbidden("A guest may take part in his call and nothing else.");
                self.answer(&id, kind, at, Err(error));
            }
        }
    }

    fn answer(&self, id: &Value, kind: &'static str, at: Instant, answer: Result<Body>) {
        self.outbox.push(self.rendered(id, kind, at, answer));
    }

    fn rendered(&self, id: &Value, kind: &'static str, at: Instant, answer: Result<Body>) -> Bytes {
        let metrics = &self.worker.ctx.metrics;
        metrics
            .request_seconds
            .with_label_values(&[kind])
            .observe(at.elapsed().as_secs_f64());
        match answer {
            Ok(body) => {
                metrics.requests.with_label_values(&[kind, "ok"]).inc();
                frame::text_with(body.0.len() + 48, |out| body.write_frame(id, out))
            }
            Err(error) => self.refusal(Some(id), kind, &error),
        }
    }

    fn refuse(&self, id: Option<&Value>, kind: &'static str, error: &Error) {
        self.outbox.push(self.refusal(id, kind, error));
    }

    fn refusal(&self, id: Option<&Value>, kind: &'static str, error: &Error) -> Bytes {
        self.worker
            .ctx
            .metrics
            .requests
            .with_label_values(&[kind, error.code.as_str()])
            .inc();
        error_frame(id, error)
    }

    fn count_invalid(&mut self, error: &Error, at: Instant) {
        if error.code == Code::InvalidRequest && self.invalid_strikes.add(at) {
            self.outbox.close(Close::InvalidRequests);
        }
    }
}

/// Whom administrators see connected. No pack can name a role like this one: it has a space.
fn nobody(pass: &GuestPass) -> Principal {
    let role = Role {
        name: "call guest".into(),
        raw_sql: false,
        admin: false,
        notify: false,
        open_calls: false,
        contacts: Some(Vec::new()),
        external: true,
        ..Role::builtin_administrator()
    };
    Principal {
        user_id: 0,
        username: pass.name.clone(),
        display_name: pass.name.clone(),
        lang: "".into(),
        role: Arc::new(role),
        sid: pass.login,
        must_change_password: false,
    }
}

impl Actor for GuestSession {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.worker.ctx.registry.register(self.connected.clone());
        self.outbox.push(json_frame(&self.welcome()));
        let calls = self.worker.ctx.calls.clone();
        let (pass, socket, outbox) = (self.pass.clone(), self.connected.id, self.outbox.clone());
        let arrived = async move { calls.guest_arrives(&pass, socket, outbox).await };
        ctx.wait(arrived.into_actor(self).map(|arrived, session, _| {
            if let Err(error) = arrived {
                requests::log_error(&error, "guest");
                session.outbox.close(Close::CallOver);
            }
        }));
    }
}

impl Drop for GuestSession {
    fn drop(&mut self) {
        self.outbox.close(Close::Internal);
        self.worker.ctx.registry.unregister(self.connected.id);
        self.worker.ctx.calls.session_gone(self.connected.id);
    }
}

impl Handler<Incoming> for GuestSession {
    type Result = actix::Response<()>;

    fn handle(&mut self, Incoming(text): Incoming, ctx: &mut Self::Context) -> Self::Result {
        self.take_up(&text, ctx);
        actix::Response::reply(())
    }
}

impl Handler<BinaryReceived> for GuestSession {
    type Result = ();

    fn handle(&mut self, _: BinaryReceived, _: &mut Self::Context) {
        let error = Error::invalid("Binary messages are not part of the protocol.");
        self.refuse(None, "invalid", &error);
        self.count_invalid(&error, Instant::now());
    }
}

impl Handler<Stop> for GuestSession {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
