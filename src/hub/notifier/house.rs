//! Forgets what is past its time, here and in the business database.

use std::{
    collections::BTreeSet,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use super::{actor::Copier, tell::show_unread};
use crate::{
    domain::timestamp,
    protocol::error::Result,
    store::hub::notifications_past::{self as past, Past},
};

/// Copied firings that may lie in the business database while there is no pause.
const MOST_LYING: i64 = 2_000;
/// Between two looks at what is past its time, and how much of it goes at once.
const TRIM_EVERY: Duration = Duration::from_secs(5);
const TRIM_AT_ONCE: i64 = 2_000;
/// Users looked at in one go, and of how many the surplus is forgotten in one transaction.
const USERS_AT_ONCE: usize = 200;
const OVER_AT_ONCE: usize = 20;

/// What was looked at.
pub(super) struct House {
    looked: Instant,
    /// Of whom it is known up to here who was told something; `None`: of nobody yet.
    seen: Option<i64>,
    /// Who was told something and was not looked at since.
    told: BTreeSet<i64>,
}

impl Default for House {
    fn default() -> Self {
        Self {
            looked: Instant::now(),
            seen: None,
            told: BTreeSet::new(),
        }
    }
}

impl Copier {
    /// Where nothing is waited for, or much was left lying: each step costs a transaction.
    pub(super) async fn keep_house(&self, idle: bool, house: &mut House) {
        let copied = self.copied.load(Ordering::Acquire);
        let lying = copied - self.trimmed.load(Ordering::Acquire);
        if (idle && lying > 0) || lying > MOST_LYING {
            match self.executor.notifications_trim(copied).await {
                Ok(()) => self.trimmed.store(copied, Ordering::Release),
                Err(error) => {
                    tracing::debug!(%error, "copied notifications stay in the business database for now");
                }
            }
        }
        if house.looked.elapsed() > TRIM_EVERY {
            house.looked = Instant::now();
            if let Err(error) = self.trim(house).await {
                tracing::warn!(%error, "old notifications could not be forgotten; it is tried again");
            }
        }
    }

    async fn trim(&self, house: &mut House) -> Result<()> {
        let keep = self.handle.keep();
        let retention_ms = i64::try_from(keep.retention_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        let before_ms = timestamp::now_ms().saturating_sub(retention_ms);
        let most = i64::try_from(keep.max_per_user).unwrap_or(i64::MAX);
        let (seen, mut told) = (house.seen, house.told.clone());
        let (last, told, found) = self
            .ledger
            .read(move |conn| {
                let last = past::last(conn)?;
                told.extend(past::told_since(conn, seen)?);
                let later = told.iter().nth(USERS_AT_ONCE).copied();
                let rest = later.map_or_else(BTreeSet::new, |later| told.split_off(&later));
                let users: Vec<i64> = told.into_iter().collect();
                Ok((
                    last,
                    rest,
                    past::past(conn, before_ms, &users, most, TRIM_AT_ONCE)?,
                ))
            })
            .await?;
        (house.seen, house.told) = (Some(last), told);
        // Whose surplus is much has some of it for the next time.
        house.told.extend(found.over.iter().map(|(user, _)| *user));
        let Past { old, over } = found;
        let mut old = Some(old).filter(|old| !old.is_empty());
        let mut over = over.chunks(OVER_AT_ONCE);
        loop {
            let few = over.next().map(<[_]>::to_vec);
            if few.is_none() && old.is_none() {
                return Ok(());
            }
            let some = Past {
                old: old.take().unwrap_or_default(),
                over: few.unwrap_or_default(),
            };
            self.ledger
                .write(move |tx| {
                    for user in past::forget(tx.conn, &some, before_ms, TRIM_AT_ONCE)? {
                        show_unread(tx, user)?;
                    }
                    Ok(())
                })
                .await?;
        }
    }
}
