//! Copies the audit of writes from the business database into the chain, exactly once: the rows and the
//! position up to which they were copied are stored in one transaction of `hub.db`.

use std::{sync::Arc, time::Duration};

use actix::{Actor, AsyncContext as _, ActorContext as _, AtomicResponse, Context, Handler, WrapFuture as _};
use tokio::sync::oneshot;

use super::{
    messages::{ShipNow, Stop},
    source::WriteAuditSource,
    writer::{Task, Writer},
};
use crate::{
    protocol::error::{Error, Result},
    store::hub::{HubStore, audit},
};

/// Between rounds. Seldom on purpose: a round costs a transaction with its fsync, however few rows it has.
const EVERY: Duration = Duration::from_millis(500);
/// Rows of one transaction.
const PAGE: usize = 2_000;

/// See the module.
pub struct Shipper {
    source: Arc<dyn WriteAuditSource>,
    store: HubStore,
    writer: Writer,
}

impl Shipper {
    pub(super) fn new(source: Arc<dyn WriteAuditSource>, store: HubStore, writer: Writer) -> Self {
        Self { source, store, writer }
    }

    /// Copies page by page until one is not full.
    fn round(&self) -> impl Future<Output = Result<()>> + use<> {
        let (source, store, writer) = (Arc::clone(&self.source), self.store.clone(), self.writer.clone());
        async move {
            let epoch = source.epoch();
            let mut after = {
                let epoch = epoch.clone();
                let read = move || store.read(|conn| audit::shipped(conn, &epoch));
                tokio::task::spawn_blocking(read).await.map_err(Error::internal)??
            };
            loop {
                let page = source.page(after, PAGE).await?;
                let full = page.len() >= PAGE;
                let Some(last) = page.last().map(|row| row.seq) else {
                    return Ok(());
                };
                let (answer, answered) = oneshot::channel();
                writer
                    .send(Task::Ship {
                        epoch: epoch.clone(),
                        rows: page,
                        answer,
                    })
                    .await?;
                answered.await.map_err(Error::internal)??;
                after = last;
                source.trim(after).await?;
                if !full {
                    return Ok(());
                }
            }
        }
    }
}

impl Actor for Shipper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // `ShipNow` is atomic: this never overlaps with another round.
        ctx.run_interval(EVERY, |_, ctx| {
            // Refused only where the mailbox is full of them already: one of those does this one's work.
            let _ = ctx.address().try_send(ShipNow);
        });
    }
}

impl Handler<ShipNow> for Shipper {
    type Result = AtomicResponse<Self, Result<()>>;

    fn handle(&mut self, _: ShipNow, _: &mut Self::Context) -> Self::Result {
        let round = self.round();
        let logged = async move {
            round.await.inspect_err(|error| {
                tracing::error!(%error, "the audit of writes cannot be copied; it is tried again");
            })
        };
        AtomicResponse::new(Box::pin(logged.into_actor(self)))
    }
}

impl Handler<Stop> for Shipper {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
