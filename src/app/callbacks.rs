//! What becomes of changed accounts: sockets close, and the business database and the rooms hear of it.

use std::sync::Arc;

use tokio::sync::watch;

use crate::{
    executor::ExecutorHandle,
    hub::{accounts::Callbacks, registry::RegistryHandle},
    store::data::mirror::MirrorUser,
};

/// `accounts` is told of every change, and its receivers see the newest.
pub fn of(
    registry: &RegistryHandle,
    executor: &ExecutorHandle,
    accounts: watch::Sender<Arc<Vec<MirrorUser>>>,
) -> Callbacks {
    let registry = registry.clone();
    let executor = executor.clone();
    let mut users = accounts.subscribe();
    actix::spawn(async move {
        while users.changed().await.is_ok() {
            let list = Arc::clone(&users.borrow_and_update());
            if let Err(error) = executor.mirror_users(Vec::clone(&list)).await {
                tracing::error!(%error, "the users could not be mirrored into the business database");
            }
        }
    });
    Callbacks {
        revoked: Box::new(move |revoked| registry.revoke(revoked)),
        users_changed: Box::new(move |users| {
            let _ = accounts.send(Arc::new(users)); // the hub is stopping
        }),
    }
}
