//! What requests need of the rest of the house.

use std::sync::Arc;

use crate::{
    config::Limits,
    executor::{ExecutorHandle, LocalReader, ledger::LedgerHandle},
    hub::{
        accounts::AccountsHandle,
        audit::AuditHandle,
        call::CallsHandle,
        feed::FeedHandle,
        files::Files,
        notifier::NotifierHandle,
        presence::PresenceHandle,
        registry::RegistryHandle,
        relay::RelayHandle,
        room::{Renderer, RoomsHandle},
    },
    pack::Pack,
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
    pub rooms: RoomsHandle,
    pub renderer: Renderer,
    pub notifier: NotifierHandle,
    pub registry: RegistryHandle,
    pub files: Files,
    pub presence: PresenceHandle,
    pub calls: CallsHandle,
    pub pack: Arc<Pack>,
    pub limits: Arc<Limits>,
    pub heartbeat_ms: u64,
    pub metrics: Metrics,
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
