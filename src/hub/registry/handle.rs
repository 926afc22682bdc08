//! What others hold of the registry.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use crate::{
    domain::{Principal, timestamp},
    hub::{accounts::Revoked, outbox::Outbox},
    protocol::{
        error::{Code, Error, Result},
        event::Event,
        frame,
    },
};

use super::{
    actor::Registry,
    messages::{Announce, CloseAll, List, Register, Revoke, SidOf, To, Unregister},
};

/// How long an administrator's question may wait.
const DEADLINE: Duration = Duration::from_secs(5);

/// A connected session, shared between it, its socket and the registry.
pub struct Connected {
    /// `welcome.session`.
    pub id: Uuid,
    pub who: Principal,
    pub address: IpAddr,
    pub user_agent: String,
    /// `websocket`, `sse` or `poll`.
    pub transport: &'static str,
    pub since_ms: i64,
    pub outbox: Arc<Outbox>,
}

/// A connected session as administrators see it.
#[derive(Debug, Clone, Serialize)]
pub struct SessionInfo {
    /// `welcome.session`.
    pub id: Uuid,
    /// The login session behind it.
    pub sid: Uuid,
    pub user_id: i64,
    pub username: String,
    pub role: String,
    pub address: String,
    pub user_agent: String,
    pub transport: &'static str,
    pub connected_at: String,
    /// Round trip of the last ping, milliseconds.
    pub latency_ms: Option<f64>,
    pub outbox_bytes: usize,
    pub outbox_frames: usize,
    pub in_flight: usize,
}

impl Connected {
    /// Whether frames reach it as they come.
    pub fn is_streaming(&self) -> bool {
        self.transport != "poll"
    }

    /// Whether its client can ask on it.
    pub fn takes_requests(&self) -> bool {
        !matches!(self.transport, "sse" | "poll")
    }

    pub(super) fn info(&self) -> SessionInfo {
        let (outbox_bytes, outbox_frames) = self.outbox.depth();
        SessionInfo {
            id: self.id,
            sid: self.who.sid,
            user_id: self.who.user_id,
            username: self.who.username.to_string(),
            role: self.who.role.name.to_string(),
            address: self.address.to_string(),
            user_agent: self.user_agent.clone(),
            transport: self.transport,
            connected_at: timestamp::rfc3339(self.since_ms),
            latency_ms: self.outbox.latency_ms(),
            outbox_bytes,
            outbox_frames,
            in_flight: self.outbox.in_flight(),
        }
    }
}

#[derive(Clone)]
pub struct RegistryHandle {
    pub(super) addr: Addr<Registry>,
    pub(super) count: Arc<AtomicUsize>,
}

impl RegistryHandle {
    /// A session began. Not lost to a full mailbox: who is not registered could not be revoked.
    pub fn register(&self, session: Arc<Connected>) {
        #[allow(clippy::disallowed_methods)] // bounded: one for each accepted connection
        self.addr.do_send(Register(session));
    }

    pub fn unregister(&self, session: Uuid) {
        #[allow(clippy::disallowed_methods)] // bounded: one for each session registered
        self.addr.do_send(Unregister(session));
    }

    pub async fn list(&self) -> Result<Vec<SessionInfo>> {
        self.addr.send(List).timeout(DEADLINE).await.map_err(unavailable)
    }

    /// The login session behind a connected session.
    pub async fn sid_of(&self, session: Uuid) -> Result<Option<Uuid>> {
        self.addr
            .send(SidOf(session))
            .timeout(DEADLINE)
            .await
            .map_err(unavailable)
    }

    /// Closes the sockets of these login sessions.
    pub fn revoke(&self, revoked: Revoked) {
        #[allow(clippy::disallowed_methods)] // rare, and it must not be lost to a full mailbox
        self.addr.do_send(Revoke(revoked));
    }

    /// `system_message` to everybody connected.
    pub fn announce(&self, level: &str, text: &str, expires_at: Option<String>) {
        self.system_message(level, text, expires_at, To::Everybody);
    }

    /// `system_message` to the administrators connected.
    pub fn announce_to_administrators(&self, level: &str, text: &str) {
        self.system_message(level, text, None, To::Administrators);
    }

    /// `system_message` to one connected session; nothing where it is gone.
    pub fn message(&self, session: Uuid, level: &str, text: &str, expires_at: Option<String>) {
        self.system_message(level, text, expires_at, To::Session(session));
    }

    fn system_message(&self, level: &str, text: &str, expires_at: Option<String>, to: To) {
        let event = Event::SystemMessage {
            level: level.to_owned(),
            text: text.to_owned(),
            expires_at,
        };
        match serde_json::to_vec(&event) {
            #[allow(clippy::disallowed_methods)] // rare: an administrator's act, or a failure
            Ok(text) => self.addr.do_send(Announce {
                frame: frame::text(&text),
                to,
            }),
            Err(cause) => tracing::error!(%cause, "an announcement could not be encoded"),
        }
    }

    /// Closes every socket with 1001 and a jittered `retry_after_ms`.
    pub async fn close_all(&self) {
        if let Err(cause) = self.addr.send(CloseAll).timeout(DEADLINE).await {
            tracing::warn!(%cause, "the registry did not close the sockets");
        }
    }

    /// Ready when nobody is connected any more. For the stop, whose deadline bounds it.
    pub async fn emptied(&self) {
        while self.count() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sessions connected now.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
}

fn unavailable(cause: MailboxError) -> Error {
    Error::of(Code::Unavailable).caused_by(cause)
}
