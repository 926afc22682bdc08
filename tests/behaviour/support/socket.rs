//! A terminal: one socket, its answers and its events.

use std::{
    collections::{HashMap, VecDeque},
    io::ErrorKind,
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tungstenite::{
    HandshakeError, Message, WebSocket,
    client::IntoClientRequest,
    handshake::client::{Request, Response},
    protocol::WebSocketConfig,
};

use super::PATIENCE;

/// A refused request.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub code: String,
    pub message: String,
    /// The whole error frame.
    pub frame: Value,
}

/// Why there is no further frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gone {
    /// Closed by the hub, with this code and reason.
    Closed(u16, String),
    /// The connection broke.
    Lost,
    /// Nothing came in time.
    Late,
}

/// Why there is no socket. Read through `Debug` where a test did not expect it.
#[derive(Debug)]
#[expect(dead_code, reason = "what was lost is only shown")]
pub enum NotOpened {
    /// The upgrade was answered with this status and body.
    Http(u16, String),
    Lost(String),
}

pub struct Socket {
    ws: WebSocket<TcpStream>,
    pub welcome: Value,
    /// Every frame so far, in order of arrival.
    pub log: Vec<Value>,
    answers: HashMap<String, Value>,
    events: VecDeque<Value>,
    next_id: u64,
    gone: Option<Gone>,
}

pub fn request(addr: SocketAddr, query: &str) -> Request {
    let mut url = format!("ws://{addr}/ws");
    if !query.is_empty() {
        url.push('?');
        url.push_str(query);
    }
    url.into_client_request().unwrap()
}

pub fn with_bearer(mut request: Request, token: &str) -> Request {
    request
        .headers_mut()
        .insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

/// The upgrade alone.
pub fn upgrade(addr: SocketAddr, request: Request) -> Result<(WebSocket<TcpStream>, Response), NotOpened> {
    let lost = |e: &dyn std::fmt::Display| NotOpened::Lost(e.to_string());
    let stream = TcpStream::connect_timeout(&addr, PATIENCE).map_err(|e| lost(&e))?;
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let config = WebSocketConfig::default()
        .max_message_size(Some(64 << 20))
        .max_frame_size(Some(64 << 20));
    match tungstenite::client::client_with_config(request, stream, Some(config)) {
        Ok(opened) => Ok(opened),
        Err(HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
            let body = answer.body().clone().unwrap_or_default();
            Err(NotOpened::Http(
                answer.status().as_u16(),
                String::from_utf8_lossy(&body).into_owned(),
            ))
        }
        Err(other) => Err(lost(&other)),
    }
}

impl Socket {
    #[track_caller]
    pub fn open(addr: SocketAddr, token: &str, query: &str) -> Self {
        Self::try_open(addr, token, query).unwrap_or_else(|e| panic!("no socket: {e:?}"))
    }

    pub fn try_open(addr: SocketAddr, token: &str, query: &str) -> Result<Self, NotOpened> {
        let (ws, _) = upgrade(addr, with_bearer(request(addr, query), token))?;
        let mut socket = Self::over(ws);
        let welcome = socket
            .frame(Instant::now() + PATIENCE)
            .map_err(|gone| NotOpened::Lost(format!("{gone:?}")))?;
        assert_eq!(welcome["type"], "welcome", "the first frame is the welcome");
        socket.events.clear();
        socket.welcome = welcome;
        Ok(socket)
    }

    /// Around an upgraded socket whose welcome has not been read.
    pub fn over(ws: WebSocket<TcpStream>) -> Self {
        Self {
            ws,
            welcome: Value::Null,
            log: Vec::new(),
            answers: HashMap::new(),
            events: VecDeque::new(),
            next_id: 0,
            gone: None,
        }
    }

    pub fn ws(&mut self) -> &mut WebSocket<TcpStream> {
        &mut self.ws
    }

    /// The last cursor that the hub told.
    pub fn cursor(&self) -> String {
        self.log
            .iter()
            .rev()
            .find_map(|frame| frame["cursor"].as_str())
            .unwrap()
            .to_owned()
    }

    pub fn session(&self) -> &str {
        self.welcome["session"].as_str().unwrap()
    }

    /// Reads one frame into the log and to its place.
    pub fn frame(&mut self, deadline: Instant) -> Result<Value, Gone> {
        if let Some(gone) = &self.gone {
            return Err(gone.clone());
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Gone::Late);
            }
            // SO_RCVTIMEO counts in milliseconds at best.
            let left = left.max(Duration::from_millis(1));
            self.ws.get_ref().set_read_timeout(Some(left)).unwrap();
            let frame = match self.ws.read() {
                Ok(Message::Text(text)) => serde_json::from_str::<Value>(&text).expect("frames are JSON"),
                Ok(Message::Close(close)) => {
                    let (code, reason) = close.map_or((1005, String::new()), |c| {
                        (u16::from(c.code), c.reason.as_str().to_owned())
                    });
                    let _ = self.ws.flush();
                    return Err(self.ends(Gone::Closed(code, reason)));
                }
                Ok(Message::Binary(_)) => panic!("the hub sends no binary frames"),
                Ok(_) => continue,
                Err(tungstenite::Error::Io(e))
                    if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Err(Gone::Late);
                }
                Err(_) => return Err(self.ends(Gone::Lost)),
            };
            self.log.push(frame.clone());
            match (frame["type"].as_str(), &frame["id"]) {
                (Some("result" | "error" | "pong"), id) => {
                    let again = self.answers.insert(id.to_string(), frame.clone());
                    assert!(
                        id.is_null() || again.is_none(),
                        "two answers to one request: {frame}"
                    );
                }
                _ => self.events.push_back(frame.clone()),
            }
            return Ok(frame);
        }
    }

    fn ends(&mut self, gone: Gone) -> Gone {
        self.gone = Some(gone.clone());
        gone
    }

    /// Sends text as it is.
    pub fn send_text(&mut self, text: &str) -> Result<(), Gone> {
        match self.ws.send(Message::text(text)) {
            Ok(()) => Ok(()),
            Err(_) => Err(Gone::Lost),
        }
    }

    /// Sends a request frame without waiting; answers the id given to it.
    pub fn try_send(&mut self, mut frame: Value) -> Result<Value, Gone> {
        if frame.get("id").is_none() {
            self.next_id += 1;
            frame["id"] = json!(self.next_id);
        }
        self.send_text(&frame.to_string())?;
        Ok(frame["id"].clone())
    }

    #[track_caller]
    pub fn send(&mut self, frame: Value) -> Value {
        self.try_send(frame).expect("the socket takes a frame")
    }

    pub fn try_answer(&mut self, id: &Value) -> Result<Result<Value, Refusal>, Gone> {
        let deadline = Instant::now() + PATIENCE;
        let key = id.to_string();
        loop {
            if let Some(frame) = self.answers.remove(&key) {
                return Ok(read_answer(frame));
            }
            self.frame(deadline)?;
        }
    }

    /// The answer to a request sent before.
    #[track_caller]
    pub fn answer(&mut self, id: &Value) -> Result<Value, Refusal> {
        self.try_answer(id)
            .unwrap_or_else(|gone| panic!("no answer to {id}: {gone:?}"))
    }

    /// One request and its answer.
    #[track_caller]
    pub fn request(&mut self, frame: Value) -> Result<Value, Refusal> {
        let id = self.send(frame);
        self.answer(&id)
    }

    /// The refusal of a request that must not succeed.
    #[track_caller]
    pub fn refused(&mut self, frame: Value, code: &str) -> Refusal {
        let refusal = match self.request(frame) {
            Err(refusal) => refusal,
            Ok(result) => panic!("expected {code}, got {result}"),
        };
        assert_eq!(refusal.code, code, "{}", refusal.frame);
        refusal
    }

    #[track_caller]
    pub fn query(&mut self, sql: &str, params: Value) -> Result<Value, Refusal> {
        self.request(query(sql, params))
    }

    /// The rows of a query that succeeds.
    #[track_caller]
    pub fn rows(&mut self, sql: &str, params: Value) -> Vec<Value> {
        let result = self.query(sql, params).unwrap();
        result["rows"].as_array().unwrap().clone()
    }

    /// The one value of a query that succeeds.
    #[track_caller]
    pub fn value(&mut self, sql: &str, params: Value) -> Value {
        let rows = self.rows(sql, params);
        assert_eq!(rows.len(), 1);
        rows[0][0].clone()
    }

    #[track_caller]
    pub fn rpc(&mut self, function: &str, args: Value) -> Result<Value, Refusal> {
        self.request(json!({"type": "rpc", "function": function, "args": args}))
    }

    pub fn try_event(&mut self, wanted: impl Fn(&Value) -> bool) -> Result<Value, Gone> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.events.pop_front() {
                if wanted(&event) {
                    return Ok(event);
                }
            }
            self.frame(deadline)?;
        }
    }

    /// The next event of this type; those before it are dropped.
    #[track_caller]
    pub fn event(&mut self, kind: &str) -> Value {
        self.try_event(|event| event["type"] == kind)
            .unwrap_or_else(|gone| panic!("no {kind}: {gone:?}"))
    }

    /// The next data change, whichever it is.
    #[track_caller]
    pub fn change(&mut self) -> Value {
        self.event("data_change")
    }

    /// The data change of this commit; fails where a later one comes first.
    #[track_caller]
    pub fn change_at(&mut self, commit: &Value) -> Value {
        let change = self
            .try_event(|e| e["type"] == "data_change" && e["commit"].as_u64() >= commit.as_u64())
            .unwrap_or_else(|gone| panic!("no change at commit {commit}: {gone:?}"));
        assert_eq!(&change["commit"], commit, "{change}");
        change
    }

    /// Reads until the hub closes, and answers with what.
    #[track_caller]
    pub fn closed(&mut self) -> (u16, String) {
        self.closed_within(PATIENCE)
    }

    #[track_caller]
    pub fn closed_within(&mut self, limit: Duration) -> (u16, String) {
        let deadline = Instant::now() + limit;
        loop {
            match self.frame(deadline) {
                Ok(_) => {}
                Err(Gone::Closed(code, reason)) => return (code, reason),
                Err(other) => panic!("not closed by a close frame: {other:?}"),
            }
        }
    }

    /// Reads all that comes until the connection ends in whatever way.
    pub fn read_to_the_end(&mut self) -> Gone {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Err(gone) = self.frame(deadline) {
                return gone;
            }
        }
    }

    /// A round trip: everything the hub sent before has arrived afterwards.
    #[track_caller]
    pub fn ping(&mut self) -> Value {
        self.request(json!({"type": "ping"})).unwrap()
    }

    /// Events of this type in the log, in order of arrival.
    pub fn events_of(&self, kind: &'static str) -> impl Iterator<Item = &Value> {
        self.log.iter().filter(move |frame| frame["type"] == kind)
    }

    /// Data changes in the log, in order of arrival.
    pub fn changes(&self) -> impl Iterator<Item = &Value> {
        self.log.iter().filter(|frame| frame["type"] == "data_change")
    }
}

pub fn query(sql: &str, params: Value) -> Value {
    json!({"type": "query", "query": sql, "params": params})
}

fn read_answer(frame: Value) -> Result<Value, Refusal> {
    if frame["type"] != "error" {
        return Ok(frame);
    }
    let text = |member: &str| frame[member].as_str().unwrap_or_default().to_owned();
    assert!(
        !text("request_id").is_empty(),
        "an error names its request: {frame}"
    );
    assert!(!text("message").is_empty(), "an error has a sentence: {frame}");
    Err(Refusal {
        code: text("code"),
        message: text("message"),
        frame,
    })
}
