//! Start-up order, wiring of the actors, and the way down again.

use std::{
    io::Write,
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix::System;
use tokio::sync::{Notify, watch};

use crate::{
    app::{
        backup,
        banner::{self, Banner, Lang},
        callbacks,
        cli::Failure,
        data_dir::DataDir,
        intact,
        network::{self, Network},
        packs, setup,
        shutdown::{Deadline, Signals},
        sizes,
    },
    auth::{Tickets, secret},
    broker,
    config::Config,
    domain::{Position, Roles, timestamp},
    executor::{
        Executor, ExecutorOptions, StartError,
        ledger::{LedgerHandle, Seekers},
    },
    hub::{
        accounts::{self, AccountsHandle, InitialAdministrator, role_set},
        audit::AuditHandle,
        call::{self, CallsHandle},
        feed::{self, Feed},
        files::{self, Files},
        notifier::NotifierHandle,
        presence::{self, PresenceHandle},
        registry::{Registry, RegistryHandle},
        room::{self, Parts, Renderer, RoomsHandle},
    },
    pack::Pack,
    session::Context,
    store::{
        data::{open::OpenError, pack_check},
        hub::HubStore,
    },
    telemetry::{History, Metrics},
    transport::http::{AdminParts, HostInfo},
};

/// Between two looks at the sizes of the files.
const SAMPLE_EVERY: Duration = Duration::from_secs(5);

/// How long the sockets may take to be closed, of the ten seconds of a stop: longer than a statement usually may run.
const SOCKETS_CLOSE: Duration = Duration::from_secs(7);

/// What the command line prepared: configuration read, directory claimed, port taken, logging started.
pub struct Prepared {
    pub config: Config,
    /// Claimed, until after the last database is closed.
    pub dir: DataDir,
    pub listener: TcpListener,
    /// `--app`; otherwise the pack that the data directory remembers, or the built-in shop with `demo`.
    pub app: Option<std::path::PathBuf>,
    pub demo: bool,
    /// Where the set-up page may note the place of backups.
    pub backup_file: setup::BackupFile,
}

/// Why the hub stopped serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A signal.
    Stopped,
    /// It was set up, and starts anew with another pack or configuration.
    Restart,
}

/// Serves until a signal ends it, or it has to start anew.
///
/// # Errors
/// Whatever stops a start: a damaged database, a bad pack.
pub fn run(prepared: Prepared) -> Result<Ended, Failure> {
    let Prepared {
        config,
        dir,
        listener,
        app,
        demo,
        backup_file,
    } = prepared;
    let store = intact::open(&dir).map_err(|cause| stopped(&dir, cause.is_damage(), &cause))?;
    let mut pack = packs::choose(&dir, app.as_deref())?;
    if !pack.is_none() {
        // Without migrations the pack is for a database that is there already.
        let existing = Some(dir.data_db()).filter(|path| pack.migrations.is_empty() && path.is_file());
        pack_check::check_against(&mut pack, existing).map_err(Failure::failed)?;
    }
    let roles = role_set::effective(&pack.roles);
    let cost = config.auth.bcrypt_cost;
    if demo {
        accounts::ensure_demo_users(&store, &pack, &roles, cost).map_err(Failure::failed)?;
    }
    let first = accounts::ensure_administrator(&store, &roles, cost).map_err(Failure::failed)?;
    let start = (first, demo, backup_file);
    System::new().block_on(serve(config, dir, listener, store, pack, roles, start))
}

#[allow(clippy::too_many_arguments)] // the parts of one start, each used once
async fn serve(
    config: Config,
    dir: DataDir,
    listener: TcpListener,
    store: HubStore,
    pack: Pack,
    roles: Roles,
    (first, demo, backup_file): (Option<InitialAdministrator>, bool, setup::BackupFile),
) -> Result<Ended, Failure> {
    let mut signals = Signals::install()?;
    let listening = listener.local_addr()?;
    let started = Instant::now();
    let metrics = Metrics::new().map_err(Failure::failed)?;
    let broker = broker::Memory::default();
    let (feed, inbox) = feed::channel();
    let registry = Registry::start_with(metrics.clone());

    if !pack.migrations.is_empty() {
        backup::before_migration(&dir, &pack).map_err(|cause| stopped(&dir, cause.is_damage(), &cause))?;
    }
    let is_new = !dir.data_db().exists();
    let running = Executor::start(ExecutorOptions {
        path: dir.data_db().to_owned(),
        migrations: pack.migrations.clone(),
        users: Some(accounts::mirror(&store).map_err(Failure::failed)?),
        rules: pack.rules.clone(),
        internal_roles: role_set::internal(&pack.roles),
        seed: pack.seed.clone().filter(|_| demo),
        readers: config.data.readers,
        limits: config.limits.clone(),
        changes: config.changes.clone(),
        idempotency: config.idempotency.clone(),
        metrics: metrics.clone(),
        on_commit: {
            let feed = feed.clone();
            Box::new(move |commits| feed.committed(commits))
        },
    })
    .map_err(|cause| {
        let damaged = matches!(cause, StartError::Open(OpenError::Damaged { .. }));
        match packs::another(&dir, &pack) {
            Some(other) if !damaged => Failure::failed(format_args!(
                "{cause}\nthis data directory belongs to the pack {other}; name another one with --data for the pack {}",
                pack.name
            )),
            _ => stopped(&dir, damaged, &cause),
        }
    })?;
    if is_new {
        dir.make_data_private()?;
    }
    // Not before its migrations were applied: a pack named by mistake leaves the directory as it was.
    packs::remember(&dir, &pack)?;
    for table in &running.not_captured {
        tracing::warn!(table, "changes of this virtual table cannot be captured");
    }
    let executor = running.handle;
    let ledger = LedgerHandle::start(store.clone(), config.changes.clone(), metrics.clone(), {
        let feed = feed.clone();
        Box::new(move |events| feed.posted(events))
    })
    .map_err(Failure::failed)?;
    let ends = Position {
        commit: executor.head(),
        hub: ledger.head(),
    };
    Feed::start_with(broker.clone(), inbox, ends);

    let audit = AuditHandle::start(store.clone(), &metrics).map_err(Failure::failed)?;
    audit.ship_from(Arc::new(executor.clone()));
    let token_key = secret::load_or_create(dir.root())?;
    let files = Files::new(files::Setup {
        ledger: ledger.clone(),
        shelf: files::Shelf::open(&dir.files())?,
        tickets: Tickets::new(&token_key, config.files.ticket_ttl_s),
        config: config.files.clone(),
        max_file_bytes: config.limits.max_file_bytes,
    });
    actix::spawn(files.clone().keep_swept());
    // Only the newest list counts, so whoever is slow never makes a queue of them.
    let (accounts_now, accounts_seen) =
        watch::channel(Arc::new(accounts::mirror(&store).map_err(Failure::failed)?));
    let accounts = AccountsHandle::start(accounts::Setup {
        store: store.clone(),
        roles: Arc::new(roles),
        auth: config.auth.clone(),
        token_key,
        audit: audit.clone(),
        metrics: metrics.clone(),
        callbacks: callbacks::of(&registry, &executor, accounts_now),
    })
    .map_err(Failure::failed)?;

    let hostname = hostname::get()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let restart = Arc::new(Notify::new());
    let door = setup::door(setup::Parts {
        dir: &dir,
        store: &store,
        pack: &pack,
        accounts: &accounts,
        hostname: &hostname,
        has_database: config.data.path.is_some(),
        backup_file,
        restart: restart.clone(),
    })?;
    let history = Arc::new(History::new(&metrics, started, timestamp::now_ms()));
    let banner = Banner {
        demo_data: dir.is_demo() && !demo,
        ..banner(&config, &pack, listening, first, demo, door.account.is_some())
    };
    let renderer = Renderer::new(accounts.roles(), Arc::new(files.clone()));
    let calls = CallsHandle::start(call::Setup {
        config: config.calls.clone(),
        token_key,
        feed: feed.clone(),
        ledger: ledger.clone(),
        accounts: accounts.clone(),
        registry: registry.clone(),
        metrics: metrics.clone(),
    })
    .await
    .map_err(Failure::failed)?;
    let rooms = RoomsHandle::start(Parts {
        ledger: ledger.clone(),
        seekers: Seekers::new(
            store.path(),
            Duration::from_millis(config.limits.statement_timeout_ms),
        ),
        feed: feed.clone(),
        accounts: accounts.clone(),
        renderer: renderer.clone(),
        attachments: Arc::new(files.clone()),
        messages: config.messages.clone(),
        calls: calls.clone(),
    });
    let with_room: Vec<String> = accounts
        .roles()
        .iter()
        .filter(|r| r.room)
        .map(|r| r.name.to_string())
        .collect();
    rooms.ensure(with_room).await.map_err(Failure::failed)?;
    let notifier = NotifierHandle::new(
        ledger.clone(),
        config.notifications.clone(),
        role_set::internal(&pack.roles),
        metrics.clone(),
    );
    notifier.ship_from(executor.clone());
    let presence = PresenceHandle::start(presence::Setup {
        store: store.clone(),
        ledger: ledger.clone(),
        feed: feed.clone(),
        accounts: accounts.clone(),
        config: config.presence.clone(),
    })
    .map_err(Failure::failed)?;
    actix::spawn(room::watch::keep(rooms.clone(), notifier.clone()));
    actix::spawn(room::faces::follow(rooms.clone(), accounts_seen));
    let ctx = Context {
        rooms,
        renderer,
        executor: executor.clone(),
        ledger: ledger.clone(),
        feed,
        accounts,
        audit: audit.clone(),
        notifier: notifier.clone(),
        registry: registry.clone(),
        files,
        presence: presence.clone(),
        calls,
        pack: Arc::new(pack),
        limits: Arc::new(config.limits.clone()),
        heartbeat_ms: config.server.heartbeat_ms,
        metrics: metrics.clone(),
    };
    let ready = Arc::new(AtomicBool::new(false));
    let host = HostInfo {
        hostname,
        addresses: banner::addresses(listening).into_iter().map(|a| a.ip()).collect(),
        http_port: listening.port(),
        https_port: None,
        certificate_fingerprint: None,
    };
    let (answered, answered_seen) = watch::channel(false);
    let server = network::start(Network {
        config: &config,
        listener,
        ctx,
        broker,
        host,
        ready: ready.clone(),
        answered: answered_seen,
        backup: backup::action(&dir),
        admin: AdminParts {
            history: history.clone(),
            backups: backup::list_action(&dir, &config.backup),
            setup: door,
        },
    })?;
    let handle = server.handle();
    let network = actix::spawn(server);
    schedule_backups(&config, &dir, &metrics, &registry);
    watch_sizes(dir.clone(), started, metrics, history);

    ready.store(true, Ordering::Release);
    // The console is where the administrator's first password is: a closed one is no reason to stop.
    let _ = write!(std::io::stdout(), "{}", banner.render()).and_then(|()| std::io::stdout().flush());
    tracing::info!(%listening, "ready");

    let ended = tokio::select! {
        _ = signals.next() => Ended::Stopped,
        () = restart.notified() => Ended::Restart,
    };
    tracing::info!("stopping");
    let deadline = Deadline::start();
    ready.store(false, Ordering::Release);
    let stopping = async {
        // First no new connections, at the same time answers and 1001 for the sockets that are there.
        let closing = async {
            registry.close_all().await;
            deadline.step("sockets", SOCKETS_CLOSE, registry.emptied()).await;
            let _ = answered.send(true); // without a connection nobody listens
        };
        let stop_accepting = deadline.step("connections", SOCKETS_CLOSE, handle.stop(true));
        futures_util::future::join(closing, stop_accepting).await;
        network.abort();
        deadline
            .step("audit", Duration::from_secs(2), audit.shutdown())
            .await;
        deadline
            .step("notifications", Duration::from_secs(2), notifier.shutdown())
            .await;
        deadline
            .step("database", deadline.left(), executor.shutdown())
            .await;
        deadline
            .step("presence", Duration::from_secs(1), presence.save())
            .await;
        deadline
            .step("ledger", Duration::from_secs(2), ledger.shutdown())
            .await;
        if let Err(cause) = store.checkpoint() {
            tracing::warn!(%cause, "the log of hub.db is folded in at the next start");
        }
    };
    tokio::select! {
        () = stopping => tracing::info!("stopped"),
        _ = signals.next() => tracing::warn!("stopped at once by a second signal"),
    }
    Ok(ended)
}

fn banner(
    config: &Config,
    pack: &Pack,
    listening: SocketAddr,
    first: Option<InitialAdministrator>,
    demo: bool,
    set_up: bool,
) -> Banner {
    let lang = Lang::of_console();
    let title = (!pack.is_none()).then(|| pack.title.in_lang(lang.code()).to_owned());
    let demo_users = pack.demo_users.iter().filter(|_| demo);
    Banner {
        lang,
        listening,
        pack: title,
        demo_users: demo_users
            .map(|u| (u.username.clone(), u.role.clone(), u.password.clone()))
            .collect(),
        first_administrator: first.map(|first| (first.username, first.password)),
        set_up,
        demo_data: false,
        login_from_lifted: config.auth.login_from_anywhere,
        plain_http: config.server.allow_plain_http,
    }
}

/// What stops a start; where a database is damaged, with the way back.
fn stopped(dir: &DataDir, damaged: bool, cause: &dyn std::fmt::Display) -> Failure {
    if !damaged {
        return Failure::failed(cause);
    }
    match backup::newest_good(dir) {
        Some(newest) => Failure::failed(format!(
            "{cause}\nthe newest good backup is {0}; put it back with: comptoir restore {0} --data {1}",
            newest.display(),
            dir.root().display()
        )),
        None => Failure::failed(format!(
            "{cause}\nthere is no good backup in {}",
            dir.backups().display()
        )),
    }
}

fn schedule_backups(config: &Config, dir: &DataDir, metrics: &Metrics, registry: &RegistryHandle) {
    let Some(schedule) = backup::Schedule::new(dir, &config.backup) else {
        return;
    };
    let registry = registry.clone();
    let alert = move |_: &backup::Error| {
        registry.announce_to_administrators("error", "The scheduled backup failed; see the log of the hub.");
    };
    actix::spawn(schedule.run(metrics.clone(), alert));
}

fn watch_sizes(dir: DataDir, started: Instant, metrics: Metrics, history: Arc<History>) {
    actix::spawn(async move {
        let mut every = tokio::time::interval(SAMPLE_EVERY);
        loop {
            every.tick().await;
            sizes::sample(&dir, started, &metrics);
            history.sample(&metrics, Instant::now());
        }
    });
}
