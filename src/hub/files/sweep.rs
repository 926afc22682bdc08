//! Removes what was uploaded and never sent, and what was sent in a message that was deleted.

use std::{collections::HashSet, time::Duration};

use super::handle::{Files, Inner, blocking, of_the_disk};
use crate::{domain::timestamp::now_ms, protocol::error::Result, store::hub::files};

/// Files of one round: a round holds up backups, and its transaction other writers.
const MOST: i64 = 500;

/// The longest wait between two rounds.
const SELDOM: Duration = Duration::from_secs(60);

impl Files {
    /// Sweeps for ever; first what a crash left without a row.
    pub async fn keep_swept(self) {
        let inner = self.inner().clone();
        match blocking(move || inner.remove_unknown()).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed files that no row knows"),
            Err(error) => tracing::warn!(%error, "the files could not be compared with their rows"),
        }
        let orphan_after = Duration::from_secs(self.inner().config.orphan_after_s);
        let mut every = tokio::time::interval((orphan_after / 4).min(SELDOM));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            let inner = self.inner().clone();
            if let Err(error) = blocking(move || inner.sweep()).await {
                tracing::warn!(%error, "files that were never sent could not be removed; it is tried again");
            }
        }
    }
}

impl Inner {
    fn remove_unknown(&self) -> Result<usize> {
        let known: HashSet<String> = self.store.read(files::stored_names)?.into_iter().collect();
        self.shelf.remove_unknown(&known).map_err(of_the_disk)
    }

    fn sweep(&self) -> Result<()> {
        let age_ms = i64::try_from(self.config.orphan_after_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        // A backup is copying: it must find the files of the rows that it has. The next round will do.
        let Some(_removing) = self.shelf.begin_removing().map_err(of_the_disk)? else {
            return Ok(());
        };
        // First the rows: whoever finds a row finds the file. What a crash leaves in between has no row.
        let cutoff_ms = now_ms().saturating_sub(age_ms);
        let orphans = self
            .store
            .write(|conn| files::take_orphans(conn, cutoff_ms, MOST))?;
        for stored in &orphans {
            self.shelf.remove(stored);
        }
        if !orphans.is_empty() {
            tracing::info!(removed = orphans.len(), "removed files that nobody sent");
        }
        Ok(())
    }
}
