//! What requests need of the rest of the house.

use std::sync::Arc;

use crate::{
    config::Limits,
    domain::Principal,
    executor::{ExecutorHandle, LocalReader, ledger::LedgerHandle},
    hub::{
        accounts::AccountsHandle, audit::AuditHandle, feed::FeedHandle, files::Files,
        registry::RegistryHandle, relay::RelayHandle,
    },
    pack::Pack,
    store::hub::events::Viewer,
    telemetry::Metrics,
};

/// Handles of one hub, shared by all its sessions and HTTP handlers.
#[derive(Clone)]
pub struct Context {
    pub executor: ExecutorHandle,
    pub ledger: LedgerHandle,
    pub feed: FeedHandle,
    pub accounts: AccountsHandle,
    pub audit: AuditHandle,
    pub registry: RegistryHandle,
    pub files: Files,
    pub pack: Arc<Pack>,
    pub limits: Arc<Limits>,
    pub heartbeat_ms: u64,
    pub metrics: Metrics,
}

impl Context {
    /// Whose eyes queries of `hub.db` look through.
    pub fn viewer(&self, who: &Principal) -> Viewer {
        Viewer {
            user_id: who.user_id,
            role: who.role.name.to_string(),
            internal: !who.role.external,
        }
    }
}

/// What sessions of one network worker share.
#[derive(Clone)]
pub struct Worker {
    /// Shared: every request takes it along to where it is answered.
    pub ctx: Arc<Context>,
    pub relay: RelayHandle,
    /// Answers reads that are known to be quick without leaving the thread.
    pub local: LocalReader,
}
