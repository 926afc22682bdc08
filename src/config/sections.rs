//! The sections of the configuration and their defaults. `default.toml` explains each to a person.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

pub use crate::telemetry::LogFormat;

/// Everything that can be set. A module is handed its own section.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub server: Server,
    pub data: Data,
    pub auth: Auth,
    pub limits: Limits,
    pub files: Files,
    pub changes: Changes,
    pub idempotency: Idempotency,
    pub notifications: Notifications,
    pub messages: Messages,
    pub presence: Presence,
    pub backup: Backup,
    pub lan: Lan,
    pub calls: Calls,
    pub debug: Debug,
    pub log: Log,
    pub metrics: Metrics,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Origins beside the hub's own that may open sockets and call the API (`https://host[:port]`, `"null"`).
    pub allowed_origins: Vec<String>,
    /// Host names and addresses, beside the machine's own, that `Host` may carry.
    pub allowed_hosts: Vec<String>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<std::net::IpAddr>,
    /// Whether bearer tokens are taken over plain HTTP from other machines.
    pub allow_plain_http: bool,
    /// Milliseconds between pings; a peer silent for 2.5 of them is closed.
    pub heartbeat_ms: u64,
    /// Worker threads of the network side; 0: one per core.
    pub workers: usize,
    /// Connections open at one time, over all workers.
    pub max_connections: usize,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([0, 0, 0, 0], 8080)),
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            allow_plain_http: true,
            heartbeat_ms: 10_000,
            workers: 0,
            max_connections: 25_000,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Data {
    /// The business database; default `data.db` in the data directory.
    pub path: Option<PathBuf>,
    /// Reader threads; 0: one per core, at least two.
    pub readers: usize,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// Life of an access token, seconds.
    pub token_ttl_s: u64,
    /// Life of a refresh token, seconds.
    pub refresh_ttl_s: u64,
    /// bcrypt cost, 4 to 31.
    pub bcrypt_cost: u32,
    /// Lifts `login_from` of every role: for trials.
    pub login_from_anywhere: bool,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            token_ttl_s: 15 * 60,
            refresh_ttl_s: 30 * 24 * 3600,
            bcrypt_cost: 12,
            login_from_anywhere: false,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest WebSocket message, bytes.
    pub max_frame_bytes: usize,
    /// The largest HTTP body (files aside), bytes.
    pub max_body_bytes: usize,
    /// The largest file, bytes.
    pub max_file_bytes: u64,
    /// The largest result, bytes; a read past it is truncated, a write undone.
    pub max_result_bytes: usize,
    /// The most rows in one result.
    pub max_rows: usize,
    /// How long one request may run, milliseconds.
    pub statement_timeout_ms: u64,
    /// Requests a second of one session, over time.
    pub requests_per_second: u32,
    /// Requests at one moment of one session.
    pub burst: u32,
    /// Requests of one session in flight.
    pub pipeline: usize,
    /// Events waiting for one socket, bytes.
    pub outbox_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_bytes: 1 << 20,
            max_body_bytes: 1 << 20,
            max_file_bytes: 50 << 20,
            max_result_bytes: 4 << 20,
            max_rows: 10_000,
            statement_timeout_ms: 5_000,
            requests_per_second: 100,
            burst: 500,
            pipeline: 64,
            outbox_bytes: 1 << 20,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Files {
    /// Uploads at one time, over all users.
    pub parallel_uploads: usize,
    /// What one user may have uploaded and not sent yet, bytes.
    pub unsent_bytes: u64,
    /// After how long a file that was never sent is removed, seconds.
    pub orphan_after_s: u64,
    /// How long the address of a file in a message works, seconds.
    pub ticket_ttl_s: u64,
}

impl Default for Files {
    fn default() -> Self {
        Self {
            parallel_uploads: 16,
            unsent_bytes: 200 << 20,
            orphan_after_s: 24 * 3600,
            ticket_ttl_s: 5 * 60,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Presence {
    /// A user who sends no request for so long is away, seconds.
    pub away_after_s: u64,
    /// For so long a user without a connection is still there, milliseconds.
    pub grace_ms: u64,
}

impl Default for Presence {
    fn default() -> Self {
        Self {
            away_after_s: 5 * 60,
            grace_ms: 10_000,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Changes {
    /// How long changes can be resumed, seconds.
    pub retention_s: u64,
    /// How many changed rows can be resumed.
    pub retention_rows: u64,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            retention_s: 7 * 24 * 3600,
            retention_rows: 1_000_000,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Idempotency {
    /// How long the answer to an idempotency key is kept, seconds.
    pub ttl_s: u64,
}

impl Default for Idempotency {
    fn default() -> Self {
        Self { ttl_s: 24 * 3600 }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notifications {
    /// How long a notification is kept, seconds.
    pub retention_s: u64,
    /// How many are kept of each user; the oldest go first.
    pub max_per_user: u64,
}

impl Default for Notifications {
    fn default() -> Self {
        Self {
            retention_s: 90 * 24 * 3600,
            max_per_user: 1_000,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Messages {
    /// How long messages are kept, seconds; 0: for ever. A room may have its own time.
    pub retention_s: u64,
    /// Seconds between repeats of an urgent message that nobody has acknowledged.
    pub urgent_repeat_s: u64,
    /// Repeats after which an urgent message goes to everybody of the role it was meant for.
    pub urgent_repeats: u32,
}

impl Default for Messages {
    fn default() -> Self {
        Self {
            retention_s: 0,
            urgent_repeat_s: 60,
            urgent_repeats: 3,
        }
    }
}

impl Messages {
    pub fn repeat_ms(&self) -> i64 {
        i64::try_from(self.urgent_repeat_s.saturating_mul(1_000)).unwrap_or(i64::MAX / 2)
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backup {
    /// Where scheduled backups go; default `backups` in the data directory.
    pub dir: Option<PathBuf>,
    /// Seconds between scheduled backups; 0: none.
    pub every_s: u64,
    /// How many scheduled backups are kept.
    pub keep: usize,
}

impl Default for Backup {
    fn default() -> Self {
        Self {
            dir: None,
            every_s: 0,
            keep: 14,
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lan {
    pub enabled: bool,
    pub compat: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Calls {
    /// STUN and TURN servers that browsers are told of. None: machines of one network find each other.
    pub ice_servers: Vec<IceServer>,
    /// Shared with the TURN server: its credentials are made for each participant, and end with the call.
    pub turn_secret: Option<String>,
    /// How long a call rings, seconds.
    pub ring_s: u64,
    /// How long the seat of a participant without a socket is kept, seconds.
    pub seat_s: u64,
    /// How long a call and its join code live, seconds.
    pub lifetime_s: u64,
    /// Participants of one call.
    pub max_participants: usize,
    /// Calls at one time.
    pub max_calls: usize,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            ice_servers: Vec::new(),
            turn_secret: None,
            ring_s: 45,
            seat_s: 30,
            lifetime_s: 2 * 3600,
            max_participants: 8,
            max_calls: 200,
        }
    }
}

/// An entry of WebRTC's `iceServers`; in the configuration also a single URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "IceServerForm")]
pub struct IceServer {
    /// `stun:…`, `turn:…` or `turns:…`.
    pub urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum IceServerForm {
    Url(String),
    Whole(WholeIceServer),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WholeIceServer {
    urls: Vec<String>,
    username: Option<String>,
    credential: Option<String>,
}

impl From<IceServerForm> for IceServer {
    fn from(form: IceServerForm) -> Self {
        match form {
            IceServerForm::Url(url) => Self {
                urls: vec![url],
                username: None,
                credential: None,
            },
            IceServerForm::Whole(whole) => Self {
                urls: whole.urls,
                username: whole.username,
                credential: whole.credential,
            },
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Debug {
    /// A loopback-only route `/debug/echo` over the socket's own reader and writer.
    pub echo: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or tracing's filter directives.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            level: "info".into(),
        }
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metrics {
    /// Bearer token for `/metrics` beside administrators' tokens.
    pub scrape_token: Option<String>,
}
