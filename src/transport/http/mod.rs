//! HTTP: one file per resource; the authorisation is in the handler's argument type (`caller`).
//!
//! `gate` is what every request passes; `endpoint` builds router and OpenAPI document from one list;
//! `functions` answers the routes of the pack, which come after the hub's own. WebSocket upgrades are taken
//! before any of this, at the connection.

mod admin;
mod auth;
mod body;
mod caller;
mod calls;
mod compat;
pub(super) mod encoding;
mod endpoint;
mod events;
mod files;
mod functions;
mod gate;
mod health;
mod me;
mod messaging;
mod metrics;
mod openapi;
mod pages;
mod problem;
mod query;
mod rate;
mod rights;
mod route_table;
mod schema;
mod setup;
mod socket;
mod sse;
mod table_query;
mod tables;
mod unread;

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use actix_web::{
    middleware::{Compress, from_fn},
    web,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::{
    config, protocol::error::Result, session::Context, telemetry::History, transport::origin::HostRules,
};

use endpoint::Endpoint;
pub use setup::{PackOffer, SetupAction, SetupChoice, SetupDoor, SetupOffer};

/// What `/api/info` tells of the machine and its doors.
#[derive(Debug, Clone)]
pub struct HostInfo {
    pub hostname: String,
    pub addresses: Vec<IpAddr>,
    pub http_port: u16,
    pub https_port: Option<u16>,
    /// SHA-256 of the certificate, where there is one.
    pub certificate_fingerprint: Option<String>,
}

/// A backup that was made and verified.
#[derive(Debug, Clone, Serialize)]
pub struct BackupMade {
    /// Name of the backup in the directory of backups.
    pub file: String,
    /// The commit it stands at.
    pub commit: u64,
    /// RFC 3339.
    pub at: String,
    pub bytes: u64,
}

/// A file where backups go.
#[derive(Debug, Clone, Serialize)]
pub struct BackupFile {
    pub file: String,
    /// `scheduled`, `requested`, `before_migration` or `other`.
    pub kind: &'static str,
    /// RFC 3339.
    pub at: String,
    pub bytes: u64,
    /// `None`: it does not begin as a backup.
    pub commit: Option<u64>,
    /// Of the hub that made it.
    pub version: Option<String>,
}

/// Where backups go, how often, and what lies there.
#[derive(Debug, Clone, Serialize)]
pub struct Backups {
    pub dir: String,
    /// The data directory: where `comptoir restore` puts one back.
    pub data: String,
    /// 0: none by the clock.
    pub every_s: u64,
    pub keep: usize,
    /// Newest first.
    pub backups: Vec<BackupFile>,
}

/// Looks what lies where backups go.
pub type BackupList = Arc<dyn Fn() -> BoxFuture<'static, Result<Backups>> + Send + Sync>;

/// What the console has from `app`, beside the context.
pub struct AdminParts {
    pub history: Arc<History>,
    pub backups: BackupList,
    pub setup: SetupDoor,
}

/// Makes a backup now. One at a time is the business of whoever gives it.
pub type BackupAction = Arc<dyn Fn() -> BoxFuture<'static, Result<BackupMade>> + Send + Sync>;

/// What `app` gives to the HTTP side. One for all workers.
pub struct HttpState {
    pub context: Context,
    pub server: config::Server,
    /// `metrics.scrape_token`.
    pub scrape_token: Option<String>,
    pub host: HostInfo,
    /// Migrated and not stopping.
    pub ready: Arc<AtomicBool>,
    pub started: Instant,
    pub backup: BackupAction,
    pub admin: AdminParts,
    hosts: HostRules,
    rate: rate::RateLimiter,
    routes: route_table::RouteTable,
}

impl HttpState {
    pub fn new(
        context: Context,
        server: config::Server,
        scrape_token: Option<String>,
        host: HostInfo,
        ready: Arc<AtomicBool>,
        backup: BackupAction,
        admin: AdminParts,
    ) -> Self {
        Self {
            hosts: HostRules::new(&host.hostname, &server.allowed_hosts, &server.allowed_origins),
            rate: rate::RateLimiter::new(&context.limits),
            routes: route_table::RouteTable::new(&context.pack),
            context,
            server,
            scrape_token,
            host,
            ready,
            started: Instant::now(),
            backup,
            admin,
        }
    }

    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    fn uptime_s(&self) -> u64 {
        self.started.elapsed().as_secs()
    }
}

/// Every route of the hub itself.
fn all_endpoints() -> Vec<Endpoint> {
    [
        pages::endpoints(),
        auth::endpoints(),
        me::endpoints(),
        query::endpoints(),
        events::endpoints(),
        socket::endpoints(),
        tables::endpoints(),
        files::endpoints(),
        calls::endpoints(),
        schema::endpoints(),
        health::endpoints(),
        messaging::endpoints(),
        metrics::endpoints(),
        openapi::endpoints(),
        setup::endpoints(),
        admin::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Mounts everything. Called once per worker; what a resource of `app` took before stays taken.
pub fn configure(cfg: &mut web::ServiceConfig, state: web::Data<HttpState>) {
    let endpoints = all_endpoints();
    let document = openapi::document(&endpoints, &state.context.pack);
    cfg.app_data(web::Data::new(openapi::Document(Bytes::from(
        document.to_string(),
    ))))
    .app_data(state);
    let [pages_web, pages_sdk] = pages::files();
    let scope = endpoint::resources(endpoints)
        .into_iter()
        .fold(web::scope(""), |scope, resource| scope.service(resource))
        .service(pages_web)
        .service(pages_sdk)
        .default_service(web::to(functions::answer))
        .wrap(from_fn(gate::spare_small_bodies))
        .wrap(Compress::default())
        .wrap(from_fn(gate::gate));
    cfg.service(scope);
}
