//! The server is killed and comes back: how long until every socket is where it was?

use std::time::Instant;

use tokio::{
    task::JoinSet,
    time::{Duration, sleep},
};

use crate::{
    Bench, Failure,
    procfs::{self, Meter},
    report::{Column, Latency, Report},
    request::{self, Request},
    stage::{Board, open_writer},
    target::{Target, Which},
    wire::{self, Dialect, Kind, Socket, kind},
    writers::paced,
};

/// Writes that each socket missed.
const MISSED: u64 = 100;
const ALL: &str = "all resumed (s)";

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(1_000);
    let mut report = Report::new("storm");
    report.condition("sockets", n);
    report.condition("changes that each resumes", MISSED);
    report.condition("peers", "cannot resume: they only reconnect, up to the welcome");
    report.condition(
        "clock",
        "from the moment the restarted server accepts; all come at once",
    );
    for which in bench.servers(&[Which::Hub, Which::Express, Which::SocketIo]) {
        report.columns.push(measure(bench, which, n).await?);
    }
    report.at_most("hub: all resumed (s)", report.figure("hub", ALL), 5.0);
    report.at_most(
        "hub: lost or out of order",
        report.figure("hub", "lost or out of order"),
        0.0,
    );
    report.at_most("hub: restart (s)", report.figure("hub", "restart (s)"), 2.0);
    Ok(report)
}

async fn measure(bench: &Bench, which: Which, n: usize) -> Result<Column, Failure> {
    let mut target = Target::start(which, &bench.programs)?;
    let mut token = target.login()?;
    let (sockets, cursors) = open_with_cursors(&target, &token, n).await?;
    let mut writer = open_writer(&target, &token).await?;
    let board = Board::new(n, 1);
    let listeners = board.listen(sockets);
    let mut request = Request::insert(target.dialect(), 0);
    let paced = paced(&mut writer, &mut request, &board, 50.0, MISSED).await?;
    board.settle(paced.sent * n as u64).await;
    let restart = target.kill_and_restart()?;
    drop(listeners);
    if which != Which::Hub {
        token = target.login()?; // their key lives in the process
    }

    let meter = Meter::start(target.pid());
    let started = Instant::now();
    let mut comers = JoinSet::new();
    for cursor in cursors {
        let (dialect, port, token) = (target.dialect(), target.port, token.clone());
        let resume = which == Which::Hub;
        comers.spawn_local(async move { come_back(dialect, port, &token, resume.then_some(&*cursor)).await });
    }
    let mut latency = Latency::new();
    let (mut faults, mut attempts) = (0, 0);
    let mut back = Vec::with_capacity(n);
    while let Some(comer) = comers.join_next().await {
        let comer = comer??;
        latency.record(comer.at - started);
        faults += comer.faults;
        attempts += comer.attempts;
        back.push(comer.socket);
    }
    let elapsed = started.elapsed();
    let cost = meter.stop();
    let mut column = Column::new(which.name());
    column.put(ALL, elapsed.as_secs_f64());
    column.latency("one resumed", &latency);
    column.put("restart (s)", restart.as_secs_f64());
    column.put("connection attempts", f64::from(attempts));
    column.put("lost or out of order", f64::from(faults));
    column.put("server CPU per socket (us)", cost.per_op_us(n as u64));
    column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
    column.cost(&cost);
    Ok(column)
}

async fn open_with_cursors(
    target: &Target,
    token: &str,
    n: usize,
) -> Result<(Vec<Socket>, Vec<String>), Failure> {
    let (mut sockets, mut cursors) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for _ in 0..n {
        let (socket, welcome) = Socket::open(target.dialect(), target.port, token, "").await?;
        cursors.push(
            wire::text(&welcome, b"\"cursor\":\"")
                .unwrap_or_default()
                .to_owned(),
        );
        sockets.push(socket);
    }
    Ok((sockets, cursors))
}

struct Comer {
    socket: Socket,
    at: Instant,
    attempts: u32,
    /// Changes missing, doubled or out of order in what was replayed.
    faults: u32,
}

async fn come_back(dialect: Dialect, port: u16, token: &str, since: Option<&str>) -> Result<Comer, Failure> {
    let query = since.map_or_else(String::new, |cursor| format!("?since={}", encode(cursor)));
    for attempts in 1..=20_u32 {
        let Ok((mut socket, _)) = Socket::open(dialect, port, token, &query).await else {
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        let faults = if since.is_some() {
            replayed(&mut socket).await?
        } else {
            0
        };
        return Ok(Comer {
            socket,
            at: Instant::now(),
            attempts,
            faults,
        });
    }
    Err("a socket could not come back in 20 attempts".into())
}

/// Reads up to `caught_up`; what was wrong on the way.
async fn replayed(socket: &mut Socket) -> Result<u32, Failure> {
    let (mut next, mut faults) = (0, 0);
    loop {
        let message = socket.next_message().await?;
        match kind(&message) {
            Kind::DataChange => {
                if let Some((_, seq)) = request::mark_of(&message) {
                    faults += u32::from(seq != next);
                    next = seq + 1;
                }
            }
            Kind::CaughtUp => return Ok(faults + (MISSED as u32).saturating_sub(next)),
            Kind::Resync => return Err("resync instead of the missed changes".into()),
            _ => {}
        }
    }
}

/// Percent-encodes what is not plain in a query string.
fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}
