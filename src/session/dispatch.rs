//! From a client's message to a job and back: limits, lanes, answers.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use bytes::Bytes;
use futures_util::FutureExt as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tracing::Span;

use crate::{
    domain::{Audience, timestamp},
    executor::Job,
    hub::outbox::Answered,
    protocol::{
        call::CallFrame,
        close::Close,
        error::{Code, Error, Result},
        event::Event,
        request::{Frame, Renew, Request, Subscribe, TableSet},
        result::Body,
    },
};

use super::{
    actor::{Place, Session},
    answers::{answer_frame, error_frame},
    lanes::Lane,
    messages,
    requests::{self, Later, Prepared},
};

/// How long a full pipeline may hold up the socket before requests are refused as `busy`.
const STALL: Duration = Duration::from_millis(250);

/// What a client may hear when its pipeline is full.
const BUSY_RETRY_MS: u64 = 250;

/// A request that waits for its turn.
pub(super) struct Pending {
    turn: Turn,
    what: What,
}

/// What a request is answered with, whenever that is.
struct Turn {
    id: Value,
    kind: &'static str,
    at: Instant,
    /// Entered only where something is logged: entering costs more than a point read.
    span: Arc<Span>,
}

enum What {
    Run(Box<Job>),
    Await(Later),
    Refuse(Error),
}

impl Session {
    /// Takes up a message now, or holds it until the pipeline has room: then the socket waits for the receiver.
    pub(super) fn take_up(&mut self, text: String, ctx: &mut Context<Self>) -> Option<oneshot::Receiver<()>> {
        self.collect();
        if self.lanes.in_flight() >= self.worker.ctx.limits.pipeline {
            if self.saturated || self.stalled.is_some() {
                self.refuse_busy(&text);
                return None;
            }
            let (taken, waiting) = oneshot::channel();
            self.stalled = Some((text, taken));
            // From here on answers are told; one may have come just before.
            self.on_answers(ctx);
            self.stalled.as_ref()?;
            ctx.run_later(STALL, |session, _| session.give_up_stalled());
            return Some(waiting);
        }
        self.saturated = false;
        self.accept(&text, ctx);
        None
    }

    fn give_up_stalled(&mut self) {
        self.collect();
        if self.lanes.in_flight() < self.worker.ctx.limits.pipeline {
            return; // it is being taken up
        }
        if let Some((text, taken)) = self.stalled.take() {
            self.saturated = true;
            self.refuse_busy(&text);
            let _ = taken.send(()); // the socket may be gone
        }
    }

    /// Requests were answered: start what waited for them.
    pub(super) fn on_answers(&mut self, ctx: &mut Context<Self>) {
        self.collect();
        self.start_ready(ctx);
        if self.lanes.in_flight() < self.worker.ctx.limits.pipeline
            && let Some((text, taken)) = self.stalled.take()
        {
            self.accept(&text, ctx);
            let _ = taken.send(()); // the socket may be gone
        }
    }

    /// Notes the answers since the last look; while something waits, the next answer is told. Whether there were any.
    fn collect(&mut self) -> bool {
        let waits = self.lanes.is_waiting() || self.stalled.is_some();
        let answered = self.outbox.take_answered(waits);
        self.lanes.answered(answered);
        answered != Answered::default()
    }

    fn accept(&mut self, text: &str, ctx: &mut Context<Self>) {
        if self.outbox.is_closing() {
            return; // nothing begins that could not be answered
        }
        let now = Instant::now();
        let Frame { id, request } = Frame::parse(text);
        if !self.within_rate(id.as_ref(), now) {
            return;
        }
        // What counts is the login session as the hub knows it now (PROTOCOL section 2).
        match self.worker.ctx.accounts.current(self.connected.who.sid) {
            Some(who) if *who.role == *self.connected.who.role => {}
            _ => return self.outbox.close(Close::Unauthorized),
        }
        // A ping is the terminal's doing, not the user's.
        if let Some(activity) = &self.activity
            && !matches!(request, Ok(Request::Ping))
        {
            activity.note();
        }
        match request {
            Ok(request) => self.dispatch(id.unwrap_or(Value::Null), request, now, ctx),
            Err(error) => {
                self.answer_error(id.as_ref(), "invalid", &error);
                self.count_invalid(&error, now);
            }
        }
    }

    /// Takes from the session's rate; refuses where there is nothing left.
    fn within_rate(&mut self, id: Option<&Value>, now: Instant) -> bool {
        let Err(error) = self.bucket.take(now) else {
            return true;
        };
        self.answer_error(id, "any", &error);
        if self.rate_strikes.add(now) {
            self.outbox.close(Close::RateLimitIgnored);
        }
        false
    }

    fn dispatch(&mut self, id: Value, request: Request, at: Instant, ctx: &mut Context<Self>) {
        let kind = request.name();
        match request {
            Request::Ping => {
                let cursor = self.cursor(self.position()).to_string();
                self.push(&Event::Pong {
                    id,
                    at: timestamp::rfc3339(timestamp::now_ms()),
                    cursor,
                });
            }
            Request::Renew(renew) => {
                let renewed = self.renew(renew, ctx);
                self.answer_now(&id, kind, at, renewed);
            }
            Request::Call(frame) => self.call(id, frame, at, ctx),
            Request::Subscribe(subscribe) => self.subscribe(id, subscribe, at, ctx),
            request => {
                let span = self.request_span(&id, kind);
                let turn = Turn { id, kind, at, span };
                let prepared =
                    requests::prepare(&self.worker.ctx, &self.connected.who, &self.origin, request);
                match prepared {
                    Ok(Prepared::Now(body)) => self.answer_now(&turn.id, kind, at, Ok(body)),
                    Ok(Prepared::Run {
                        lane,
                        work,
                        idempotency,
                    }) => {
                        let job = Box::new(Job {
                            origin: self.origin.clone(),
                            work,
                            idempotency,
                        });
                        let what = What::Run(job);
                        self.enqueue(lane, Pending { turn, what });
                        self.start_ready(ctx);
                    }
                    Ok(Prepared::Later { lane, answer }) => {
                        let what = What::Await(answer);
                        self.enqueue(lane, Pending { turn, what });
                        self.start_ready(ctx);
                    }
                    Ok(Prepared::Look { lane, look }) => {
                        let what = What::Await(Box::pin(requests::newest(look, self.outbox.clone())));
                        self.enqueue(lane, Pending { turn, what });
                        self.start_ready(ctx);
                    }
                    Err(error) => {
                        let invalid = error.clone();
                        // It was sent in order with writes, so it is answered in that order.
                        let what = What::Refuse(error);
                        self.enqueue(Lane::Alone, Pending { turn, what });
                        self.start_ready(ctx);
                        self.count_invalid(&invalid, at);
                    }
                }
            }
        }
    }

    fn enqueue(&mut self, lane: Lane, pending: Pending) {
        self.outbox.expect_answer();
        self.lanes.push(lane, pending);
    }

    /// Starts every request whose turn it is.
    fn start_ready(&mut self, ctx: &mut Context<Self>) {
        loop {
            // Who was told to go (revoked, disconnected) has nothing run any more.
            if !self.outbox.takes_answers() {
                break;
            }
            // Results that the client does not fetch are memory: start no more until it does.
            if self.outbox.result_bytes() > self.worker.ctx.limits.max_result_bytes {
                if self.lanes.is_waiting() && !self.held_back {
                    self.held_back = true;
                    let outbox = self.outbox.clone();
                    let room = async move { outbox.results_sent().await }.into_actor(self);
                    ctx.spawn(room.map(|(), session, ctx| {
                        session.held_back = false;
                        session.on_answers(ctx);
                    }));
                }
                break;
            }
            match self.lanes.next() {
                Some((lane, Pending { turn, what })) => match what {
                    What::Run(job) => self.run(lane, turn, *job, ctx),
                    What::Await(answer) => self.wait_for(lane, turn, answer, ctx),
                    What::Refuse(error) => {
                        let refusal = turn
                            .span
                            .in_scope(|| self.error_frame(Some(&turn.id), turn.kind, &error));
                        let _ = self.outbox.push_answer(refusal, true);
                    }
                },
                // An answer may have come since: only when there was none will the next one be told.
                None if !self.collect() => break,
                None => {}
            }
        }
    }

    /// A span for each request, where the log is detailed enough; else the connection's.
    fn request_span(&self, id: &Value, kind: &'static str) -> Arc<Span> {
        let span = tracing::debug_span!(parent: &*self.span, "request", %id, kind);
        if span.is_disabled() {
            self.span.clone()
        } else {
            Arc::new(span)
        }
    }

    fn run(&self, lane: Lane, turn: Turn, job: Job, ctx: &mut Context<Self>) {
        let Turn { id, kind, at, span } = turn;
        if lane == Lane::Read
            && let Some(result) = self.worker.local.answer(&job)
        {
            let _request = result.is_err().then(|| span.enter());
            let frame = answer_frame(&self.worker.ctx, &job.origin, &id, kind, at, result);
            let _ = self.outbox.push_answer(frame, false); // looked at before this returns to the mailbox
            return;
        }
        let turn = Turn { id, kind, at, span };
        let reply = self.reply(lane, turn, job.origin.clone(), ctx);
        self.worker.ctx.executor.submit(job, Box::new(reply));
    }

    /// Waits for what is answered elsewhere, at most as long as the executor's own requests may take.
    fn wait_for(&self, lane: Lane, turn: Turn, answer: Later, ctx: &mut Context<Self>) {
        // What the ledger makes known and what answers come by ways of their own (the writer's are one: decision 0004).
        // An ordered one of these runs alone, so the next ordered answer is its own.
        if lane.is_ordered() {
            self.outbox.answer_first();
        }
        let reply = self.reply(lane, turn, self.origin.clone(), ctx);
        // On its own: a session that ends does not undo what it began.
        actix::spawn(async move {
            // Also a panic is answered: what waits behind the answer would wait for ever.
            let answered = AssertUnwindSafe(requests::in_time(answer)).catch_unwind().await;
            reply(answered.unwrap_or_else(|_| Err(Error::internal("a request panicked"))));
        });
    }

    /// Puts the answer into the outbox, from whichever thread it comes.
    fn reply(
        &self,
        lane: Lane,
        turn: Turn,
        origin: crate::executor::Origin,
        ctx: &Context<Self>,
    ) -> impl FnOnce(Result<Body>) + Send + 'static {
        let Turn { id, kind, at, span } = turn;
        let outbox = self.outbox.clone();
        let session = ctx.address();
        let hub = self.worker.ctx.clone();
        move |result: Result<Body>| {
            let _request = result.is_err().then(|| span.enter());
            let frame = answer_frame(&hub, &origin, &id, kind, at, result);
            if outbox.push_answer(frame, lane.is_ordered()) {
                // Bounded: sent only after the session asked, once for each time it asked.
                #[allow(clippy::disallowed_methods)]
                session.do_send(messages::Answered);
            }
        }
    }

    fn renew(&mut self, renew: Renew, ctx: &mut Context<Self>) -> Result<Body> {
        let (who, expires_ms) = self.worker.ctx.accounts.authenticate(&renew.token)?;
        if who.user_id != self.connected.who.user_id || who.sid != self.connected.who.sid {
            return Err(Error::new(
                Code::Unauthorized,
                "The token belongs to another login.",
            ));
        }
        self.expires_ms = expires_ms;
        self.arm_expiry(ctx);
        let left_s = (expires_ms - timestamp::now_ms()).max(0) / 1000;
        Ok(Body::from_value(&json!({ "expires_in": left_s })))
    }

    /// The session takes nothing else up until the call has answered: frames of a call keep their order.
    fn call(&mut self, id: Value, frame: CallFrame, at: Instant, ctx: &mut Context<Self>) {
        let kind = frame.name();
        let hub = self.worker.ctx.clone();
        let who = self.connected.who.clone();
        let socket = self.socket();
        let answer = async move {
            let answer = requests::call::answer(&hub, &who, Some(socket), frame);
            requests::in_time(answer).await
        };
        ctx.wait(answer.into_actor(self).map(move |answer, session, _| {
            session.answer_now(&id, kind, at, answer);
        }));
    }

    fn subscribe(&mut self, id: Value, subscribe: Subscribe, at: Instant, ctx: &mut Context<Self>) {
        let role = &self.connected.who.role;
        let schema = self.worker.ctx.executor.schema();
        let tables = match &subscribe.tables {
            TableSet::All => None,
            TableSet::Only(names) => {
                match names
                    .iter()
                    .map(|n| requests::subscribe::readable(&schema, role, n))
                    .collect()
                {
                    Ok(names) => Some::<Vec<String>>(names),
                    Err(error) => return self.answer_now(&id, "subscribe", at, Err(error)),
                }
            }
        };
        let names = tables
            .clone()
            .unwrap_or_else(|| requests::subscribe::all_readable(&schema, role));
        let wanted = Audience::new(role.clone(), self.connected.who.user_id, tables);
        let before = std::mem::replace(&mut self.audience, wanted.clone());
        let body = move |commit: u64| Body::from_value(&json!({ "tables": names, "commit": commit }));
        match self.place {
            Place::Live { .. } => {
                let relay = self.worker.relay.clone();
                let session = self.connected.id;
                let committed = self.worker.ctx.executor.head();
                let retuned = async move {
                    relay.reached(committed).await;
                    relay.retune(session, before, wanted).await
                }
                .into_actor(self);
                // Waited for: the next frame must not be taken up before the tables are changed.
                ctx.wait(retuned.map(move |retuned, session, _| {
                    let from = retuned.map(|from| from.unwrap_or_else(|| session.position()).commit);
                    session.answer_now(&id, "subscribe", at, from.map(body));
                }));
            }
            // The page under way is read again with the new tables, so they flow from where the replay is.
            // (While it joins, a session takes up no message.)
            Place::Replaying { .. } | Place::Joining => {
                let from = self.position().commit;
                self.answer_now(&id, "subscribe", at, Ok(body(from)));
            }
        }
    }

    fn answer_now(&self, id: &Value, kind: &'static str, at: Instant, result: Result<Body>) {
        let frame = answer_frame(&self.worker.ctx, &self.origin, id, kind, at, result);
        self.outbox.push(frame);
    }

    fn answer_error(&self, id: Option<&Value>, kind: &'static str, error: &Error) {
        self.outbox.push(self.error_frame(id, kind, error));
    }

    fn error_frame(&self, id: Option<&Value>, kind: &'static str, error: &Error) -> Bytes {
        self.worker
            .ctx
            .metrics
            .requests
            .with_label_values(&[kind, error.code.as_str()])
            .inc();
        requests::audit_refusal(&self.worker.ctx, &self.origin, kind, error);
        error_frame(id, error)
    }

    fn refuse_busy(&mut self, text: &str) {
        let Frame { id, .. } = Frame::parse(text);
        if !self.within_rate(id.as_ref(), Instant::now()) {
            return;
        }
        let busy = Error::of(Code::Busy)
            .with("limit", "pipeline")
            .retry_after_ms(BUSY_RETRY_MS);
        self.answer_error(id.as_ref(), "any", &busy);
    }

    pub(super) fn refuse_binary(&mut self) {
        let error = Error::invalid("Binary messages are not part of the protocol.");
        self.answer_error(None, "invalid", &error);
        self.count_invalid(&error, Instant::now());
    }

    /// Call once the answer is queued: what is pushed to a closing outbox is dropped.
    fn count_invalid(&mut self, error: &Error, now: Instant) {
        if error.code == Code::InvalidRequest && self.invalid_strikes.add(now) {
            self.outbox.close(Close::InvalidRequests);
        }
    }
}
