//! One file per request family. A request is prepared here (rights that need no database, meaning, lane) and
//! run by the executor; sessions and HTTP handlers both come here.

pub mod messages;
pub mod notifications;
pub mod call;
pub mod people;
pub mod query;
mod rooms;
pub mod rpc;
pub mod subscribe;

use std::{
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use uuid::Uuid;

use crate::{
    domain::{Principal, timestamp},
    executor::{Idempotency, Job, Origin, Work},
    hub::{
        audit::Entry,
        outbox::Outbox,
        room::{Doer, Revision},
    },
    protocol::{
        error::{Code, Error, Result},
        people::People,
        request::Request,
        result::Body,
    },
};

use super::{Context, lanes::Lane};

/// A request that passed everything that can be checked without the database.
pub(super) enum Prepared {
    Run {
        lane: Lane,
        work: Work,
        idempotency: Option<Idempotency>,
    },
    Now(Body),
    /// Answered by an actor or the ledger.
    Later {
        lane: Lane,
        answer: Later,
    },
    /// The same, for what says how something stands.
    Look {
        lane: Lane,
        look: Look,
    },
}

/// An answer that is waited for.
pub(super) type Later = Pin<Box<dyn Future<Output = Result<Body>> + Send>>;

/// Asks for an answer; again where it has become old.
pub(super) type Look = Box<dyn FnMut() -> Later + Send>;

/// How often it is looked at most. Each look but the first means that something was told meanwhile.
const LOOKS: usize = 16;

/// What a look finds, and no older than what people did and this socket was told: where it was told something
/// meanwhile, it is looked again, up to a bound. On the worker's own thread, as what it is told.
pub(super) async fn newest(mut look: Look, outbox: Arc<Outbox>) -> Result<Body> {
    let mut before = outbox.news();
    let mut found = look().await?;
    for _ in 1..LOOKS {
        let now = outbox.news();
        if now == before {
            break;
        }
        before = now;
        match look().await {
            Ok(newer) => found = newer,
            Err(_) => break, // the last one was good
        }
    }
    Ok(found)
}

/// How long an answer of an actor or the ledger is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn in_time(answer: impl Future<Output = Result<Body>>) -> Result<Body> {
    tokio::time::timeout(PATIENCE, answer)
        .await
        .unwrap_or_else(|_| Err(Error::of(Code::Timeout)))
}

/// To add a request type: its frame in `protocol::request`, its file here, its line in this match.
pub(super) fn prepare(ctx: &Context, who: &Principal, origin: &Origin, request: Request) -> Result<Prepared> {
    match request {
        Request::Query(query) => query::prepare(origin, query),
        Request::Batch(batch) => query::prepare_batch(origin, batch),
        Request::Rpc(rpc) => rpc::prepare(ctx, origin, rpc),
        Request::Rooms(asked) => Ok(rooms::list(ctx, doer(who, origin), asked)),
        Request::Users => people::users(ctx, who),
        Request::People(request) => prepare_people(ctx, doer(who, origin), request),
        Request::Notifications(asked) => notifications::list(ctx, who, asked),
        Request::MarkNotificationsRead(which) => notifications::mark_read(ctx, who, which),
        Request::Notify(notify) => notifications::notify(ctx, who, notify),
        Request::Ping | Request::Renew(_) | Request::Subscribe(_) | Request::Call(_) => {
            Err(Error::invalid("This request needs a socket."))
        }
    }
}

fn prepare_people(ctx: &Context, doer: Doer, request: People) -> Result<Prepared> {
    match request {
        People::CreateRoom(create) => rooms::create(ctx, doer, create),
        People::OpenDirect(open) => Ok(rooms::open_direct(ctx, doer, open.user_id)),
        People::JoinRoom(of) => Ok(rooms::join(ctx, doer, of.room)),
        People::LeaveRoom(of) => Ok(rooms::leave(ctx, doer, of.room)),
        People::AddMember(of) => Ok(rooms::add(ctx, doer, of.room, of.user_id)),
        People::RemoveMember(of) => Ok(rooms::remove(ctx, doer, of.room, of.user_id)),
        People::SendMessage(send) => messages::send(ctx, doer, send),
        People::EditMessage(edit) => messages::edit(ctx, doer, edit.room, edit.message_id, edit.content),
        People::DeleteMessage(of) => Ok(messages::revise(
            ctx,
            doer,
            of.room,
            of.message_id,
            Revision::Delete,
        )),
        People::React(react) => messages::react(ctx, doer, react),
        People::Acknowledge(of) => Ok(messages::revise(
            ctx,
            doer,
            of.room,
            of.message_id,
            Revision::Acknowledge,
        )),
        People::History(history) => messages::history(ctx, doer, history),
        People::SearchMessages(search) => messages::search(ctx, doer, search),
        People::MarkRead(mark) => messages::mark(ctx, doer, mark, true),
        People::MarkDelivered(mark) => messages::mark(ctx, doer, mark, false),
        People::SetPresence(set) => people::set_presence(ctx, doer, set),
        People::Typing(typing) => Ok(rooms::typing(ctx, doer, typing.room, typing.on)),
    }
}

fn doer(who: &Principal, origin: &Origin) -> Doer {
    Doer {
        who: who.clone(),
        session: origin.session,
    }
}

/// The origin of a request over HTTP (no socket).
pub fn http_origin(who: &Principal, address: IpAddr) -> Origin {
    Origin {
        user_id: who.user_id,
        username: who.username.clone(),
        role: who.role.clone(),
        session: None,
        address,
    }
}

/// Answers a request outside a socket: `/api/query`, `/api/request`, … . Counts it and audits a refusal.
/// `subscribe`, `renew` and `ping` need a socket: `invalid_request`.
pub async fn answer(ctx: &Context, who: &Principal, address: IpAddr, request: Request) -> Result<Body> {
    let origin = http_origin(who, address);
    let kind = request.name();
    let at = Instant::now();
    if let Request::Call(frame) = request {
        let result = in_time(Box::pin(call::answer(ctx, who, None, frame))).await;
        count(ctx, &origin, kind, at, result.as_ref().err());
        return result;
    }
    let result = match prepare(ctx, who, &origin, request) {
        Ok(Prepared::Now(body)) => Ok(body),
        Ok(Prepared::Later { answer, .. }) => in_time(answer).await,
        Ok(Prepared::Look { mut look, .. }) => in_time(look()).await,
        Ok(Prepared::Run {
            work, idempotency, ..
        }) => {
            ctx.executor
                .run(Job {
                    origin: origin.clone(),
                    work,
                    idempotency,
                })
                .await
        }
        Err(error) => Err(error),
    };
    count(ctx, &origin, kind, at, result.as_ref().err());
    result
}

/// Counts a request in the metrics, and audits it when it was refused.
pub fn count(ctx: &Context, origin: &Origin, kind: &str, at: Instant, error: Option<&Error>) {
    ctx.metrics
        .request_seconds
        .with_label_values(&[kind])
        .observe(at.elapsed().as_secs_f64());
    ctx.metrics
        .requests
        .with_label_values(&[kind, error.map_or("ok", |e| e.code.as_str())])
        .inc();
    if let Some(error) = error {
        audit_refusal(ctx, origin, kind, error);
    }
}

/// What the business rules of writes are asked by.
const WITH_CONDITIONS: &[&str] = &["query", "batch", "rpc"];

/// A refusal is audited: what the role may not do, and what a condition of the pack (`-- expect`) or of the client did not
/// let happen. Other errors are the client's own business.
pub(super) fn audit_refusal(ctx: &Context, origin: &Origin, kind: &str, error: &Error) {
    let condition = error.code == Code::PreconditionFailed && WITH_CONDITIONS.contains(&kind);
    if error.code != Code::Forbidden && !condition {
        return;
    }
    ctx.audit.record(Entry {
        at_ms: timestamp::now_ms(),
        action: "refused".into(),
        user_id: Some(origin.user_id),
        username: Some(origin.username.to_string()),
        address: Some(origin.address.to_string()),
        session: origin.session.map(|s: Uuid| s.to_string()),
        subject: Some(kind.to_owned()),
        // The pack's own sentence.
        detail: condition.then(|| error.message.to_string()),
        outcome: error.code.as_str().into(),
        ..Entry::default()
    });
}

/// The cause of an error, once, under the request id that the client gets.
pub fn log_error(error: &Error, request_id: &str) {
    let code = error.code.as_str();
    match (&error.cause, error.code) {
        (Some(cause), Code::Internal) => tracing::error!(request_id, code, cause, "request failed"),
        (Some(cause), Code::Unavailable) => tracing::warn!(request_id, code, cause, "request failed"),
        (cause, _) => tracing::debug!(request_id, code, cause = cause.as_deref(), "request refused"),
    }
}
