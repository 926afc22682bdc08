//! Backups: both databases and the files at one recorded position, in one file that people can copy.
//!
//! A backup is a plain `.tar`: `manifest.json` first (position, time, checksums), then `hub.db`,
//! `data.db` and `files/…`. The key of the tokens is left out: a backup that falls into the wrong hands
//! must not open the running hub, and a restored hub makes a new one.
//!
//! | file | duty |
//! |---|---|
//! | `manifest.rs` | what a backup says of itself |
//! | `archive.rs` | writes, verifies and unpacks the file |
//! | `listing.rs` | what lies there, for the console |
//! | `take.rs` | makes one, also beside a running server |
//! | `restore.rs` | puts one back, keeping what was there |
//! | `schedule.rs` | makes them by the clock, keeps the newest |

mod archive;
mod listing;
mod on_demand;
mod manifest;
mod restore;
mod schedule;
mod staging;
mod take;

use std::{io, path::PathBuf};

pub use archive::verify;
use listing::list;
pub use manifest::Manifest;
pub use on_demand::{action, before_migration, list_action};
pub use restore::{Restored, restore};
pub use schedule::{Schedule, newest_first, newest_good, newest_good_in};
pub use take::{Taken, take};

/// Why a backup could not be made or put back. For the person at the console, not for clients.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the disk is full: {0}")]
    Full(PathBuf),
    #[error("{path}: {cause}")]
    Io { path: PathBuf, cause: io::Error },
    #[error("{0} exists already; a backup never replaces a file")]
    Exists(PathBuf),
    #[error("there is nothing to back up: {0} does not exist")]
    NoDatabase(PathBuf),
    #[error("{database}: {cause}")]
    Database { database: &'static str, cause: String },
    #[error("{path} is not a whole backup: {reason}")]
    NotWhole { path: PathBuf, reason: String },
    #[error("{path} was made by a newer version of the hub ({version}); update this one first")]
    Newer { path: PathBuf, version: String },
}

impl Error {
    fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |cause| match cause.kind() {
            io::ErrorKind::StorageFull => Self::Full(path),
            _ => Self::Io { path, cause },
        }
    }
}

#[cfg(test)]
mod tests;
