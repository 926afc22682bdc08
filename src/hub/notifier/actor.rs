//! Copies what the pack's rules said from the business database into `hub.db`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use actix::{
    Actor, ActorContext as _, Addr, AsyncContext as _, AtomicResponse, Context, Handler, WrapFuture as _,
};

use super::{
    NotifierHandle,
    handle::as_strs,
    house::House,
    messages::{ShipNow, Stop},
    tell::tell,
};
use crate::{
    executor::{
        ExecutorHandle,
        ledger::{LedgerHandle, Tx},
    },
    protocol::error::{Error, Result},
    store::{
        data::notification_outbox::{Addressees, Fired},
        hub::{
            self,
            notifications::{self, News},
        },
    },
};

/// Between rounds that nobody asked for.
const EVERY: Duration = Duration::from_secs(1);
/// After a round that failed.
const RETRY: Duration = Duration::from_millis(200);
/// Firings read at a time, and users told in one transaction: what others do in `hub.db` waits for it.
const PAGE: usize = 200;
const AT_ONCE: usize = 500;

/// See the module.
pub struct Notifier {
    copier: Arc<Copier>,
}

pub(super) struct Copier {
    pub executor: ExecutorHandle,
    pub ledger: LedgerHandle,
    pub handle: NotifierHandle,
    /// Up to here all is copied; -1: not known yet.
    pub copied: AtomicI64,
    /// Up to here it is gone from the business database.
    pub trimmed: AtomicI64,
}

impl Notifier {
    /// Starts to copy; within an actix system.
    pub fn start_with(executor: ExecutorHandle, ledger: LedgerHandle, handle: NotifierHandle) -> Addr<Self> {
        Self {
            copier: Arc::new(Copier {
                executor,
                ledger,
                handle,
                copied: AtomicI64::new(-1),
                trimmed: AtomicI64::new(0),
            }),
        }
        .start()
    }
}

impl Copier {
    /// Copies page by page until one is not full.
    async fn round(&self) -> Result<()> {
        let epoch = self.executor.epoch().to_string();
        let mut after = match self.copied.load(Ordering::Acquire) {
            -1 => {
                let epoch = epoch.clone();
                self.ledger
                    .read(move |conn| notifications::shipped(conn, &epoch))
                    .await?
            }
            copied => copied,
        };
        loop {
            let page = self.executor.notifications_page(after, PAGE).await?;
            let is_full = page.len() == PAGE;
            for few in groups(page) {
                after = self.copy(&epoch, few, after).await?;
            }
            self.copied.store(after, Ordering::Release);
            if !is_full {
                return Ok(());
            }
        }
    }

    /// One transaction. Answers up to where all is copied.
    async fn copy(&self, epoch: &str, fired: Vec<Fired>, after: i64) -> Result<i64> {
        let last = fired.last().map_or(after, |fired| fired.seq);
        let epoch = epoch.to_owned();
        let everyone = self.handle.internal_roles();
        let told = self
            .ledger
            .write(move |tx| {
                let shipped = notifications::shipped(tx.conn, &epoch)?;
                let mut told = 0;
                for fired in fired.iter().filter(|fired| fired.seq > shipped) {
                    match tx.part(|tx| tell_of(tx, fired, &as_strs(&everyone))) {
                        Ok(some) => told += some,
                        // It would stop all that follow, for ever.
                        Err(error) if error.is_of_the_request() => {
                            tracing::error!(%error, event = %fired.event, "a notification cannot be stored");
                        }
                        Err(error) => return Err(error),
                    }
                }
                if last > shipped {
                    notifications::set_shipped(tx.conn, &epoch, last)?;
                }
                Ok(told)
            })
            .await?;
        self.handle.count(told);
        Ok(last)
    }
}

fn tell_of(tx: &mut Tx<'_>, fired: &Fired, everyone: &[&str]) -> hub::Result<usize> {
    let users = match &fired.to {
        Addressees::Users(users) => users.clone(),
        Addressees::Room(id) => notifications::members(tx.conn, *id, everyone)?,
    };
    // A room of its own: what a rule calls a key is not what a person or the hub calls so.
    let key = fired.dedup_key.as_ref().map(|key| format!("rule:{key}"));
    let news = News {
        event: &fired.event,
        title: &fired.title,
        body: &fired.body,
        data: fired.data.as_deref(),
        dedup_key: key.as_deref(),
        at_ms: fired.at_ms,
    };
    tell(tx, &users, &news)
}

/// Firings that are told in one transaction each.
fn groups(page: Vec<Fired>) -> Vec<Vec<Fired>> {
    let mut groups: Vec<Vec<Fired>> = Vec::new();
    let mut users = AT_ONCE;
    for fired in page {
        let more = match &fired.to {
            Addressees::Users(users) => users.len(),
            Addressees::Room(_) => AT_ONCE / 5,
        };
        match groups.last_mut() {
            Some(group) if users + more <= AT_ONCE => {
                users += more;
                group.push(fired);
            }
            _ => {
                users = more;
                groups.push(vec![fired]);
            }
        }
    }
    groups
}

impl Actor for Notifier {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // What was said while the hub was not there, then whatever is said. `ShipNow` is atomic: rounds never overlap.
        let (copier, addr) = (Arc::clone(&self.copier), ctx.address().downgrade());
        actix::spawn(async move {
            let mut house = House::default();
            loop {
                let Some(addr) = addr.upgrade() else { break };
                let round = addr.send(ShipNow).await;
                drop(addr);
                match round {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => tokio::time::sleep(RETRY).await,
                    Err(_) => break,
                }
                // Woken by the writer; by itself too, because after a failure nobody wakes it.
                let idle = tokio::time::timeout(EVERY, copier.executor.notifications_fired())
                    .await
                    .is_err();
                copier.keep_house(idle, &mut house).await;
            }
        });
    }
}

impl Handler<ShipNow> for Notifier {
    type Result = AtomicResponse<Self, Result<()>>;

    fn handle(&mut self, _: ShipNow, _: &mut Self::Context) -> Self::Result {
        let copier = Arc::clone(&self.copier);
        let round = async move {
            copier.round().await.inspect_err(|error: &Error| {
                tracing::error!(%error, "notifications cannot be copied; it is tried again");
            })
        };
        AtomicResponse::new(Box::pin(round.into_actor(self)))
    }
}

impl Handler<Stop> for Notifier {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
