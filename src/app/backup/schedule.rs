//! Backups by the clock, and which of them are kept.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{app::data_dir::DataDir, config, telemetry::Metrics};

use super::{Error, Taken, take, verify};

/// Scheduled backups are named so, and only these are ever removed: what a person made stays.
const PREFIX: &str = "scheduled";

/// After a failure: soon enough to matter, rarely enough not to fill the log.
const RETRY: Duration = Duration::from_secs(300);

/// When to back up, and how many to keep.
#[derive(Debug, Clone)]
pub struct Schedule {
    dir: DataDir,
    every: Duration,
    keep: usize,
}

impl Schedule {
    /// `None` where the configuration asks for no scheduled backups.
    pub fn new(dir: &DataDir, backup: &config::Backup) -> Option<Self> {
        (backup.every_s > 0).then(|| Self {
            dir: dir.clone(),
            every: Duration::from_secs(backup.every_s),
            keep: backup.keep.max(1),
        })
    }

    /// Backs up for as long as it is polled. A failure is logged, counted, told to `alert` (which should
    /// tell the administrators) and tried again within five minutes.
    pub async fn run(self, metrics: Metrics, alert: impl Fn(&Error)) {
        let mut wait = self.until_next(SystemTime::now());
        loop {
            tokio::time::sleep(wait).await;
            let schedule = self.clone();
            let done = tokio::task::spawn_blocking(move || schedule.once()).await;
            wait = match done {
                Ok(Ok(taken)) => {
                    tracing::info!(file = %taken.path.display(), commit = taken.manifest.commit, "backup made");
                    self.every
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "the scheduled backup failed");
                    metrics.backup_failures.inc();
                    alert(&error);
                    self.every.min(RETRY)
                }
                Err(panic) => {
                    tracing::error!(error = %panic, "the scheduled backup stopped");
                    metrics.backup_failures.inc();
                    self.every.min(RETRY)
                }
            };
        }
    }

    /// Makes one backup, then removes the oldest scheduled ones beyond `keep`.
    ///
    /// # Errors
    /// Those of [`take`]; then nothing is removed.
    pub fn once(&self) -> Result<Taken, Error> {
        fs::create_dir_all(self.dir.backups()).map_err(Error::io(self.dir.backups()))?;
        let taken = take(&self.dir, self.dir.backups(), PREFIX)?;
        let mut kept = scheduled(self.dir.backups()).map_err(Error::io(self.dir.backups()))?;
        // Names sort by time. A clock that was set back makes the newest look old: it stays all the same.
        kept.retain(|path| *path != taken.path);
        kept.sort();
        let excess = (kept.len() + 1).saturating_sub(self.keep);
        for old in &kept[..excess] {
            fs::remove_file(old).map_err(Error::io(old))?;
        }
        Ok(taken)
    }

    /// Counted from the last backup, so that a hub which is restarted every morning is backed up too.
    pub(super) fn until_next(&self, now: SystemTime) -> Duration {
        let newest = scheduled(self.dir.backups())
            .unwrap_or_default()
            .iter()
            .filter_map(|path| fs::metadata(path).and_then(|meta| meta.modified()).ok())
            .max();
        match newest {
            Some(newest) => self
                .every
                .saturating_sub(now.duration_since(newest).unwrap_or_default()),
            // The first: not in the middle of starting up.
            None => self.every.min(Duration::from_secs(60)),
        }
    }
}

fn scheduled(directory: &Path) -> io::Result<Vec<PathBuf>> {
    archives(directory, |name| name.starts_with(&format!("{PREFIX}-")))
}

/// The backups of a directory whose names are `wanted`.
pub(super) fn archives(directory: &Path, wanted: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let listing = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        listing => listing?,
    };
    for entry in listing {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".tar") && wanted(&name) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// The newest whole backup where scheduled ones go: what to restore when a database turns out damaged.
pub fn newest_good(dir: &DataDir) -> Option<PathBuf> {
    newest_good_in(dir.backups())
}

/// The newest backup in a directory that can be put back.
pub fn newest_good_in(directory: &Path) -> Option<PathBuf> {
    newest_first(directory)
        .into_iter()
        .find(|path| verify(path).is_ok())
}

/// The backups of a directory, by their time. Not looked into.
pub fn newest_first(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<(SystemTime, PathBuf)> = archives(directory, |_| true)
        .unwrap_or_default()
        .into_iter()
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}
