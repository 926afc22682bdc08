//! The network side: one relay and one actix-web application for each worker, on one port. A connection that
//! asks for an upgrade leaves actix-web and becomes a socket (docs/decisions/0001).

use std::{
    net::TcpListener,
    rc::Rc,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use actix_http::HttpService;
use actix_server::Server;
use actix_service::{fn_service, map_config};
use actix_web::{App, dev::AppConfig, web};
use tokio::sync::watch;

use crate::{
    app::cli::Failure,
    broker,
    config::Config,
    domain::Position,
    hub::{feed::Published, relay::Relay},
    session::{Context, Worker},
    transport::{
        http::{self, AdminParts, BackupAction, HostInfo, HttpState},
        origin::HostRules,
        ws::upgrade::{self, Upgrades},
    },
};

/// A peer that connects and does not finish its request in this time is hung up on.
const REQUEST_DEADLINE: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(30);
const DISCONNECT_DEADLINE: Duration = Duration::from_secs(1);

/// How long a stop waits for requests in flight, seconds.
const STOP_S: u64 = 7;

/// What the network side is made of.
pub struct Network<'a> {
    pub config: &'a Config,
    pub listener: TcpListener,
    pub ctx: Context,
    pub broker: broker::Memory<Published>,
    pub host: HostInfo,
    pub ready: Arc<AtomicBool>,
    /// At a stop: all sockets have their answers. Then connections on which nothing is asked end as well, which until
    /// then can still ask whether the hub is ready; without an end of theirs they would hold up the stop.
    pub answered: watch::Receiver<bool>,
    pub backup: BackupAction,
    pub admin: AdminParts,
}

/// Starts the workers. The server runs when the result is awaited; dropping its handle's `stop` ends it.
pub fn start(network: Network<'_>) -> Result<Server, Failure> {
    let Network {
        config,
        listener,
        ctx,
        broker,
        host,
        ready,
        answered,
        backup,
        admin,
    } = network;
    let server = &config.server;
    let workers = match server.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n,
    };
    let hosts = Arc::new(HostRules::new(
        &host.hostname,
        &server.allowed_hosts,
        &server.allowed_origins,
    ));
    let trusted_proxies: Arc<[_]> = server.trusted_proxies.clone().into();
    let (allow_plain_http, echo) = (server.allow_plain_http, config.debug.echo);
    let state = web::Data::new(HttpState::new(
        ctx.clone(),
        server.clone(),
        config.metrics.scrape_token.clone(),
        host,
        ready,
        backup,
        admin,
    ));
    let ctx = Arc::new(ctx);
    let service = move || {
        let answered = answered.clone();
        let (executor, ledger) = (ctx.executor.clone(), ctx.ledger.clone());
        let relay = Relay::start_with(
            &broker,
            executor.epoch(),
            move || Position {
                commit: executor.head(),
                hub: ledger.head(),
            },
            ctx.metrics.clone(),
        );
        let worker = Worker {
            local: ctx.executor.local_reader(),
            ctx: ctx.clone(),
            relay,
        };
        let upgrades = Rc::new(Upgrades {
            worker: worker.clone(),
            hosts: hosts.clone(),
            trusted_proxies: trusted_proxies.clone(),
            allow_plain_http,
            echo,
        });
        let state = state.clone();
        let app = App::new()
            .app_data(web::Data::new(worker))
            .configure(move |cfg| http::configure(cfg, state));
        HttpService::build()
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(REQUEST_DEADLINE)
            .client_disconnect_timeout(DISCONNECT_DEADLINE)
            .graceful_shutdown_signal(move || {
                let mut answered = answered.clone();
                async move {
                    let _ = answered.wait_for(|all| *all).await; // without a sender the hub is gone
                }
            })
            .upgrade(fn_service(move |(request, framed)| {
                // Boxed: a future held inline would make every HTTP connection as large as a socket.
                let upgrades = upgrades.clone();
                Box::pin(async move {
                    if let Err(cause) = upgrade::serve(upgrades, request, framed).await {
                        tracing::debug!(%cause, "a socket ended");
                    }
                    Ok::<_, actix_web::Error>(())
                })
            }))
            .finish(map_config(app, |()| AppConfig::default()))
            .tcp()
    };
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(server.max_connections.div_ceil(workers).max(1))
        .backlog(1024)
        .shutdown_timeout(STOP_S)
        .disable_signals()
        .listen("http", listener, service)?;
    Ok(server.run())
}
