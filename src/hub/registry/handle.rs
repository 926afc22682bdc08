//! What others hold of the registry.

use serde::Serialize;
use uuid::Uuid;

use crate::{hub::accounts::Revoked, protocol::error::Result};

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
    /// `websocket`, `sse` or `poll`.
    pub transport: &'static str,
    pub connected_at: String,
    /// Round trip of the last ping, milliseconds.
    pub latency_ms: Option<f64>,
    pub outbox_bytes: usize,
    pub outbox_frames: usize,
    pub in_flight: usize,
}

#[derive(Clone)]
pub struct RegistryHandle {}

impl RegistryHandle {
    pub async fn list(&self) -> Result<Vec<SessionInfo>> {
        unimplemented!()
    }

    /// The login session behind a connected session.
    pub async fn sid_of(&self, _session: Uuid) -> Result<Option<Uuid>> {
        unimplemented!()
    }

    /// Closes the sockets of these login sessions.
    pub fn revoke(&self, _revoked: Revoked) {
        unimplemented!()
    }

    /// `system_message` to everybody connected.
    pub fn announce(&self, _level: &str, _text: &str, _expires_at: Option<String>) {
        unimplemented!()
    }

    /// Closes every socket with 1001 and a jittered `retry_after_ms`.
    pub async fn close_all(&self) {
        unimplemented!()
    }

    pub fn count(&self) -> usize {
        unimplemented!()
    }
}
