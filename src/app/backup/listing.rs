//! The backups that lie where scheduled ones go, as the console shows them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{
    app::data_dir::DataDir,
    config,
    domain::timestamp,
    transport::http::{BackupFile, Backups},
};

use super::{archive, schedule};

/// More than anybody keeps: a directory full of something else is not read to its end.
const MOST: usize = 500;

/// Newest first. A file that cannot be read is listed all the same, as damaged.
pub fn list(dir: &DataDir, plan: &config::Backup) -> Backups {
    let directory = dir.backups();
    let mut found: Vec<(SystemTime, u64, PathBuf)> = schedule::archives(directory, |_| true)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|path| {
            let meta = fs::metadata(&path).ok()?;
            Some((meta.modified().ok()?, meta.len(), path))
        })
        .collect();
    found.sort();
    Backups {
        dir: absolute(directory),
        data: absolute(dir.root()),
        every_s: plan.every_s,
        keep: plan.keep,
        backups: found.into_iter().rev().take(MOST).map(shown).collect(),
    }
}

/// As one may write it on another command line, wherever one stands.
fn absolute(path: &Path) -> String {
    let absolute = std::path::absolute(path);
    absolute.as_deref().unwrap_or(path).display().to_string()
}

fn shown((modified, bytes, path): (SystemTime, u64, PathBuf)) -> BackupFile {
    let file = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    // Only what it says of itself: checking every byte of every backup is the business of `restore`.
    let manifest = archive::read_first(&path).ok();
    let modified_ms = modified
        .duration_since(UNIX_EPOCH)
        .map_or(0, |age| i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    BackupFile {
        kind: match file.split('-').next() {
            Some("scheduled") => "scheduled",
            Some("requested") => "requested",
            Some("before") => "before_migration",
            _ => "other",
        },
        at: manifest
            .as_ref()
            .map_or_else(|| timestamp::rfc3339(modified_ms), |m| m.at.clone()),
        commit: manifest.as_ref().map(|m| m.commit),
        version: manifest.map(|m| m.version),
        file,
        bytes,
    }
}
