//! What a backup says of itself.

use serde::{Deserialize, Serialize};

/// The layout of the archive; a higher one was made by a newer hub.
pub const FORMAT: u32 = 1;

/// `manifest.json`, the first entry of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The version of the hub that made it.
    pub version: String,
    /// RFC 3339.
    pub at: String,
    /// The last commit of `data.db` in it: everything up to here, nothing after.
    pub commit: u64,
    /// Taken of a demo: its users have known passwords, wherever it is restored.
    pub demo: bool,
    pub entries: Vec<Entry>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// `hub.db`, `data.db` or `files/NAME`.
    pub name: String,
    pub bytes: u64,
    /// Hex.
    pub sha256: String,
}
