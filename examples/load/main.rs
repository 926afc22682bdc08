//! The load generator: starts the hub, its peers and its lower bounds, loads each, prints figures.
//!
//!     cargo build --release && cargo run --release --example load -- all
//!
//! `docs/BENCHMARKS.md` says what each figure means. One thread, raw sockets, frames made ready
//! before they are sent: server and generator share the machine, so what the generator uses is
//! measured too and printed beside the rest.

mod chat;
mod commit_to_socket;
mod fanout;
mod history;
mod idle;
mod insert;
mod login;
mod lower_bound;
mod others;
mod people;
mod presence;
mod procfs;
mod report;
mod request;
mod room;
mod rooms;
mod select;
mod stage;
mod storm;
mod target;
mod wire;
mod writers;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, ValueEnum};

use report::Report;
use target::{Programs, Which};

/// Whatever ends a scenario early.
pub type Failure = Box<dyn std::error::Error>;

/// Somebody asked the generator to end.
#[derive(Debug)]
struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("stopped")
    }
}

impl std::error::Error for Stopped {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Every scenario, one after the other.
    All,
    Idle,
    Fanout,
    Select,
    Insert,
    Login,
    Storm,
    CommitToSocket,
    Room,
    Chat,
    Rooms,
    History,
    Presence,
    /// The lower bound's own process.
    #[value(hide = true)]
    RawWriter,
}

/// Measures the hub beside its peers and the machine's own limits.
#[derive(Debug, Parser)]
struct Options {
    #[arg(default_value = "all")]
    scenario: Scenario,
    /// Servers to measure: hub, express, socketio, raw.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Sockets that listen or idle (default: the scenario's own).
    #[arg(long)]
    sockets: Option<usize>,
    /// Clients that ask or write (default: the scenario's own).
    #[arg(long)]
    clients: Option<usize>,
    /// Requests in flight for each client of `select`'s second round.
    #[arg(long)]
    depth: Option<usize>,
    /// Seconds of each measurement.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// `fanout`: the cost of one delivery alone, without the search for the most.
    #[arg(long)]
    calm: bool,
    /// `synchronous` of the peers: FULL (as the hub) or NORMAL.
    #[arg(long, default_value = "FULL")]
    sync: String,
    /// The hub's release binary (default: beside this program).
    #[arg(long)]
    hub: Option<PathBuf>,
    /// The directory of packs and peers.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/benches"))]
    benches: PathBuf,
    /// Where data directories are made: put it on the disk you mean to measure.
    #[arg(long)]
    scratch: Option<PathBuf>,
    /// JSON instead of tables.
    #[arg(long)]
    json: bool,
    #[arg(long, default_value_t = 0, hide = true)]
    port: u16,
}

/// What every scenario is told.
pub struct Bench {
    pub programs: Programs,
    pub sockets: Option<usize>,
    pub clients: Option<usize>,
    pub depth: Option<usize>,
    pub calm: bool,
    seconds: f64,
    only: Vec<Which>,
}

impl Bench {
    /// How long each measurement runs.
    pub fn time(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Those of `which` that are here and wanted.
    pub fn servers(&self, which: &[Which]) -> Vec<Which> {
        let wanted = |one: &&Which| self.only.is_empty() || self.only.contains(one);
        which
            .iter()
            .filter(wanted)
            .copied()
            .filter(|&one| self.programs.has(one))
            .collect()
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.scenario == Scenario::RawWriter {
        procfs::raise_open_files();
        return lower_bound::raw_writer(options.port).map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS);
    }
    match measure(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(cause) => {
            eprintln!("load: {cause}");
            ExitCode::from(2)
        }
    }
}

/// Runs what was asked for; whether every scenario came to its end.
fn measure(options: &Options) -> Result<bool, Failure> {
    let bench = bench(options)?;
    let files = procfs::raise_open_files();
    let everything = [
        Scenario::Select,
        Scenario::Insert,
        Scenario::CommitToSocket,
        Scenario::Fanout,
        Scenario::Login,
        Scenario::Storm,
        Scenario::Idle,
        Scenario::Room,
        Scenario::Chat,
        Scenario::Rooms,
        Scenario::History,
        Scenario::Presence,
    ];
    let scenarios = match options.scenario {
        Scenario::All => everything.to_vec(),
        one => vec![one],
    };
    let conditions = format!(
        "{}; {} a measurement; {files} open files; client and server share the machine, loopback",
        procfs::machine(),
        format_args!("{} s", options.seconds)
    );
    if !options.json {
        println!("# {conditions}");
        for which in [Which::Hub, Which::Express, Which::SocketIo] {
            if !bench.programs.has(which) {
                println!(
                    "# {} is not here and is left out (docs/BENCHMARKS.md)",
                    which.name()
                );
            }
        }
    }
    // One thread: what is left of two cores belongs to the server.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut reports = Vec::new();
    let mut whole = true;
    for scenario in scenarios {
        let local = tokio::task::LocalSet::new();
        let outcome = runtime.block_on(local.run_until(async {
            tokio::select! {
                report = run(scenario, &bench) => report,
                // Dropping the scenario stops the servers it started.
                () = told_to_stop() => Err(Stopped.into()),
            }
        }));
        match outcome {
            Ok(report) => {
                if !options.json {
                    report.print();
                }
                reports.push(report);
            }
            Err(cause) => {
                whole = false;
                eprintln!("load: {scenario:?}: {cause}");
                if cause.is::<Stopped>() {
                    break;
                }
            }
        }
    }
    if options.json {
        let all = serde_json::json!({ "conditions": conditions, "scenarios": reports });
        println!("{}", serde_json::to_string_pretty(&all)?);
    }
    Ok(whole)
}

/// SIGINT or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = terminated.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        },
        Err(_) => std::future::pending().await,
    }
}

fn bench(options: &Options) -> Result<Bench, Failure> {
    let only = options
        .only
        .iter()
        .map(|name| Which::parse(name).ok_or_else(|| format!("no server is called {name}").into()))
        .collect::<Result<_, Failure>>()?;
    let beside = std::env::current_exe()?;
    // target/release/examples/load → target/release/comptoir
    let hub = beside
        .parent()
        .and_then(|dir| dir.parent())
        .map(|dir| dir.join("comptoir"));
    Ok(Bench {
        programs: Programs {
            hub: options
                .hub
                .clone()
                .or(hub)
                .ok_or("where is the hub? name it with --hub")?,
            benches: options.benches.clone(),
            sync: options.sync.clone(),
            scratch: options.scratch.clone(),
            env: Vec::new(),
        },
        sockets: options.sockets,
        clients: options.clients,
        depth: options.depth,
        calm: options.calm,
        seconds: options.seconds,
        only,
    })
}

async fn run(scenario: Scenario, bench: &Bench) -> Result<Report, Failure> {
    match scenario {
        Scenario::Idle => idle::run(bench).await,
        Scenario::Fanout => fanout::run(bench).await,
        Scenario::Select => select::run(bench).await,
        Scenario::Insert => insert::run(bench).await,
        Scenario::Login => login::run(bench).await,
        Scenario::Storm => storm::run(bench).await,
        Scenario::CommitToSocket => commit_to_socket::run(bench).await,
        Scenario::Room => room::run(bench).await,
        Scenario::Chat => chat::run(bench).await,
        Scenario::Rooms => rooms::run(bench).await,
        Scenario::History => history::run(bench).await,
        Scenario::Presence => presence::run(bench).await,
        Scenario::All | Scenario::RawWriter => Err("not a scenario of its own".into()),
    }
}
