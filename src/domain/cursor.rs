//! A place in the stream of durable events: opaque to clients.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use super::position::Position;

/// The identity of a data directory; a restored backup is a new epoch.
pub type Epoch = Uuid;

/// Positions in both logs, the epoch they belong to, and the rights of the role they were given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    pub epoch: Epoch,
    pub at: Position,
    /// [`crate::domain::Role::rights_fingerprint`].
    pub rights: u32,
}

const VERSION: u8 = 1;
const LEN: usize = 1 + 16 + 8 + 8 + 4;

impl Cursor {
    /// `None` where the text is not a cursor of this version.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LEN] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        if bytes[0] != VERSION {
            return None;
        }
        Some(Self {
            epoch: Uuid::from_bytes(bytes[1..17].try_into().ok()?),
            at: Position {
                commit: u64::from_be_bytes(bytes[17..25].try_into().ok()?),
                hub: u64::from_be_bytes(bytes[25..33].try_into().ok()?),
            },
            rights: u32::from_be_bytes(bytes[33..37].try_into().ok()?),
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = [0; LEN];
        bytes[0] = VERSION;
        bytes[1..17].copy_from_slice(self.epoch.as_bytes());
        bytes[17..25].copy_from_slice(&self.at.commit.to_be_bytes());
        bytes[25..33].copy_from_slice(&self.at.hub.to_be_bytes());
        bytes[33..37].copy_from_slice(&self.rights.to_be_bytes());
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}
