//! Removes what was uploaded and never sent, and what was sent in a message that was deleted.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::handle::{Files, Inner, blocking, of_the_disk};
use crate::{domain::timestamp::now_ms, protocol::error::Result, store::hub::files};

/// Files of one round: a round holds up backups, and its transaction other writers.
const MOST: i64 = 500;

/// The longest wait between two rounds.
const SELDOM: Duration = Duration::from_secs(60);

impl Files {
    /// Sweeps for ever; first what a crash left without a row.
    pub async fn keep_swept(self) {
        match self.inner().clone().remove_unknown().await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed files that no row knows"),
            Err(error) => tracing::warn!(%error, "the files could not be compared with their rows"),
        }
        let orphan_after = Duration::from_secs(self.inner().config.orphan_after_s);
        let mut every = tokio::time::interval((orphan_after / 4).min(SELDOM));
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(error) = self.inner().clone().sweep().await {
                tracing::warn!(%error, "files that were never sent could not be removed; it is tried again");
            }
        }
    }
}

impl Inner {
    async fn remove_unknown(self: Arc<Self>) -> Result<usize> {
        let known: HashSet<String> = self.ledger.read(files::stored_names).await?.into_iter().collect();
        blocking(move || self.shelf.remove_unknown(&known).map_err(of_the_disk)).await
    }

    async fn sweep(self: Arc<Self>) -> Result<()> {
        let age_ms = i64::try_from(self.config.orphan_after_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let inner = Arc::clone(&self);
        // A backup is copying: it must find the files of the rows that it has. The next round will do.
        let Some(removing) = blocking(move || inner.shelf.begin_removing().map_err(of_the_disk)).await?
        else {
            return Ok(());
        };
        let cutoff_ms = now_ms().saturating_sub(age_ms);
        let orphans = self
            .ledger
            .read(move |conn| files::orphans(conn, cutoff_ms, MOST))
            .await?;
        if orphans.is_empty() {
            return Ok(());
        }
        // First the rows: whoever finds a row finds the file. What a crash leaves in between has no row.
        let orphans = self
            .ledger
            .write(move |tx| files::take_orphans(tx.conn, &orphans, cutoff_ms))
            .await?;
        blocking(move || {
            for stored in &orphans {
                self.shelf.remove(stored);
            }
            if !orphans.is_empty() {
                tracing::info!(removed = orphans.len(), "removed files that no message carries");
            }
            drop(removing); // not before the last of them is gone
            Ok(())
        })
        .await
    }
}
