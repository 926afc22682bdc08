//! `GET /api/events`: the socket's frames for programs without a socket, as SSE or long poll.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header},
    web,
};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt};
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use crate::{
    protocol::{Error, error::Result},
    session::{EventStream, StreamQuery, Worker, open_stream},
    transport::stream_query,
};

use super::{
    HttpState,
    body::json_bytes,
    caller::{Authenticated, Caller},
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
    sse,
};

/// How long a poll waits where it does not say, and at most, milliseconds.
const DEFAULT_WAIT_MS: u64 = 25_000;
const MAX_WAIT_MS: u64 = 60_000;

/// What a poll waits for its first frames (a replay is read from disk), whatever `wait_ms` says.
const START_DEADLINE: Duration = Duration::from_secs(10);

/// Most frames in the answer of a poll; bytes are bounded by `limits.max_result_bytes`.
const MAX_POLLED: usize = 1_000;

pub fn endpoints() -> Vec<Endpoint> {
    let text = || json!({ "type": "string" });
    vec![Endpoint::get(
        "/api/events",
        events,
        Operation::new(
            "getEvents",
            "data",
            "The events that this user may see, as they come.",
        )
        .describe(
            "With `Accept: text/event-stream` a stream of the socket's frames (`id:` is the cursor), \
                 otherwise a long poll. `welcome` is the first frame of both.",
        )
        .query("since", "The cursor to resume from.", text())
        .query(
            "tables",
            "Only changes of these tables, separated by commas.",
            text(),
        )
        .query(
            "wait_ms",
            "How long a poll waits for an event.",
            json!({ "type": "integer", "minimum": 0, "maximum": MAX_WAIT_MS, "default": DEFAULT_WAIT_MS }),
        )
        .header(
            "Last-Event-ID",
            "As `since`, and before it: what a stream sends when it reconnects.",
            text(),
        )
        .answers_as(
            200,
            "Frames.",
            json!({
                "text/event-stream": { "schema": { "type": "string" } },
                "application/json": { "schema": schema_ref("EventPage") }
            }),
        ),
    )]
}

/// The query string, understood.
struct Wanted {
    query: StreamQuery,
    wait: Duration,
}

impl Wanted {
    fn parse(raw: &str) -> Result<Self> {
        let (query, others) = stream_query::parse(raw)?;
        let wait_ms = match others.iter().find(|(name, _)| name == "wait_ms") {
            Some((_, value)) => value
                .parse()
                .map_err(|_| Error::invalid("wait_ms is a whole number of milliseconds."))?,
            None => DEFAULT_WAIT_MS,
        };
        Ok(Self {
            query,
            wait: Duration::from_millis(wait_ms.min(MAX_WAIT_MS)),
        })
    }
}

async fn events(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    worker: web::Data<Worker>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    if req.method() == Method::HEAD {
        return Err(Problem::method_not_allowed("GET"));
    }
    // A stream is held open like a socket, so the place is checked like at an upgrade.
    state.context.accounts.check_place(&caller.who, caller.peer)?;
    let mut wanted = Wanted::parse(req.query_string())?;
    // A stream that reconnects repeats its address, whose `since` is then the older of the two.
    if let Some(last) = last_event_id(&req) {
        wanted.query.since = Some(last);
    }
    if wants_stream(&req) {
        stream(&worker, caller, &wanted)
    } else {
        poll(&worker, caller, wanted).await
    }
}

fn stream(worker: &Worker, caller: Caller, wanted: &Wanted) -> Result<HttpResponse, Problem> {
    let frames = open(worker, caller, wanted, "sse")?;
    let heartbeat = Duration::from_millis(worker.ctx.heartbeat_ms.max(1));
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        // Nothing on the way may gather: compression would hold events back until its buffer is full.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(sse::body(frames, heartbeat)))
}

async fn poll(worker: &Worker, caller: Caller, wanted: Wanted) -> Result<HttpResponse, Problem> {
    let resumes = wanted.query.since.is_some();
    let mut frames = open(worker, caller, &wanted, "poll")?;
    let page = Page::collect(
        &mut frames,
        resumes,
        wanted.wait,
        worker.ctx.limits.max_result_bytes,
    )
    .await;
    Ok(json_bytes(
        HttpResponse::Ok(),
        page.to_json(wanted.query.since.as_deref()),
    ))
}

fn open(worker: &Worker, caller: Caller, wanted: &Wanted, transport: &'static str) -> Result<EventStream> {
    let Caller {
        who,
        expires_ms,
        peer,
        user_agent,
    } = caller;
    open_stream(
        worker,
        who,
        expires_ms,
        peer.address,
        user_agent,
        wanted.query.clone(),
        transport,
    )
}

/// The frames of one poll and the place after them. Every frame taken from the session is answered: one that
/// was taken and left out would be lost, because the cursor has passed it.
#[derive(Default)]
struct Page {
    frames: Vec<Bytes>,
    bytes: usize,
    cursor: Option<String>,
    /// Replay is done (or was not asked for): what follows is live.
    is_live: bool,
    has_event: bool,
}

impl Page {
    /// Waits for the first event, then takes what else is there. A replay is taken up to its end.
    async fn collect(
        frames: &mut (impl Stream<Item = Bytes> + Unpin),
        resumes: bool,
        wait: Duration,
        max_bytes: usize,
    ) -> Self {
        let start = Instant::now();
        let mut page = Self::default();
        while !page.is_full(max_bytes) {
            let deadline = match (page.is_live, page.has_event) {
                (false, _) => start + START_DEADLINE,
                (true, false) => start + wait,
                (true, true) => match frames.next().now_or_never() {
                    Some(Some(frame)) => {
                        page.push(frame, resumes);
                        continue;
                    }
                    _ => break,
                },
            };
            match timeout_at(deadline, frames.next()).await {
                Ok(Some(frame)) => page.push(frame, resumes),
                Ok(None) | Err(_) => break,
            }
        }
        page
    }

    fn is_full(&self, max_bytes: usize) -> bool {
        self.frames.len() >= MAX_POLLED || self.bytes >= max_bytes
    }

    fn push(&mut self, frame: Bytes, resumes: bool) {
        match sse::type_of(&frame).as_deref() {
            Some("welcome") => self.is_live = !resumes,
            Some("caught_up") => self.is_live = true,
            // The client must fetch anew: nothing to wait for.
            Some("resync") => (self.is_live, self.has_event) = (true, true),
            // States, not news: worth sending, not worth ending the wait.
            Some("cursor" | "presence" | "clients_update") => {}
            _ => self.has_event = true,
        }
        if let Some(cursor) = sse::cursor_of(&frame) {
            self.cursor = Some(cursor);
        }
        self.bytes += frame.len();
        self.frames.push(frame);
    }

    /// `{"events":[…],"cursor":…}`
    fn to_json(&self, since: Option<&str>) -> Bytes {
        let mut out = Vec::with_capacity(self.bytes + self.frames.len() + 80);
        out.extend_from_slice(b"{\"events\":[");
        for (n, frame) in self.frames.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(frame);
        }
        out.extend_from_slice(b"],\"cursor\":");
        let _ = serde_json::to_writer(&mut out, &self.cursor.as_deref().or(since)); // writing to a Vec cannot fail
        out.push(b'}');
        out.into()
    }
}

fn wants_stream(req: &HttpRequest) -> bool {
    req.headers()
        .get_all(header::ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("text/event-stream"))
}

fn last_event_id(req: &HttpRequest) -> Option<String> {
    let value = req.headers().get("last-event-id")?.to_str().ok()?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    async fn page(
        frames: &[&'static str],
        resumes: bool,
        wait_ms: u64,
        ends: bool,
    ) -> (usize, Option<String>) {
        let listed = stream::iter(
            frames
                .iter()
                .map(|f| Bytes::from_static(f.as_bytes()))
                .collect::<Vec<_>>(),
        );
        let rest = if ends {
            stream::empty().boxed()
        } else {
            stream::pending().boxed()
        };
        let mut frames = Box::pin(listed.chain(rest));
        let page = Page::collect(&mut frames, resumes, Duration::from_millis(wait_ms), 1_000).await;
        (page.frames.len(), page.cursor)
    }

    const WELCOME: &str = r#"{"type":"welcome","cursor":"a"}"#;
    const CHANGE: &str = r#"{"type":"data_change","cursor":"b"}"#;
    const CAUGHT_UP: &str = r#"{"type":"caught_up","cursor":"c","replayed":1}"#;

    #[actix_web::test]
    async fn a_poll_answers_with_the_first_event_and_what_else_is_there() {
        assert_eq!(
            page(&[WELCOME, CHANGE, CHANGE], false, 60_000, false).await,
            (3, Some("b".into()))
        );
    }

    #[actix_web::test]
    async fn a_poll_without_events_answers_when_its_time_is_up() {
        assert_eq!(page(&[WELCOME], false, 0, false).await, (1, Some("a".into())));
    }

    #[actix_web::test]
    async fn a_replay_is_taken_to_its_end_even_by_a_poll_that_does_not_wait() {
        assert_eq!(
            page(&[WELCOME, CHANGE, CAUGHT_UP], true, 0, false).await,
            (3, Some("c".into()))
        );
    }

    #[actix_web::test]
    async fn a_session_that_ends_ends_the_poll() {
        assert_eq!(page(&[WELCOME], false, 60_000, true).await, (1, Some("a".into())));
    }

    #[actix_web::test]
    async fn a_page_is_bounded_and_loses_nothing() {
        let many = vec![CHANGE; 100];
        let (taken, _) = page(&many, false, 0, false).await;
        assert!(taken < 100 && taken * CHANGE.len() >= 1_000);
    }

    #[test]
    fn an_answer_is_one_json_object_with_the_place_after_it() {
        let mut page = Page::default();
        page.push(Bytes::from_static(WELCOME.as_bytes()), false);
        page.push(Bytes::from_static(CHANGE.as_bytes()), false);
        let json: serde_json::Value = serde_json::from_slice(&page.to_json(None)).unwrap();
        assert_eq!(json["cursor"], "b");
        assert_eq!(json["events"][1]["type"], "data_change");
        let empty: serde_json::Value = serde_json::from_slice(&Page::default().to_json(Some("s"))).unwrap();
        assert_eq!(empty, json!({ "events": [], "cursor": "s" }));
    }

    #[test]
    fn the_query_string_narrows_and_waits() {
        let wanted = Wanted::parse("since=x&tables=a,b&wait_ms=999999").unwrap();
        assert_eq!(wanted.query.since.as_deref(), Some("x"));
        assert_eq!(wanted.query.tables, Some(vec!["a".into(), "b".into()]));
        assert_eq!(wanted.wait, Duration::from_millis(MAX_WAIT_MS));
        assert!(Wanted::parse("wait_ms=soon").is_err());
        assert_eq!(Wanted::parse("since=&tables=*").unwrap().query.tables, None);
    }
}
