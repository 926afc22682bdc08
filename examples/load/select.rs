//! Point reads by key over the socket.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use crate::{
    Bench, Failure, lower_bound,
    procfs::{self, Meter},
    report::{Column, Latency, Report},
    request::{self, Request},
    stage::open_writer,
    target::{Target, Which},
    wire::{DEADLINE, Dialect, Kind, Socket, kind},
};

const PER_SECOND: &str = "selects/s";

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let clients = bench.clients.unwrap_or(16);
    let depth = bench.depth.unwrap_or(8);
    let mut report = Report::new("select");
    report.condition("clients", format!("{clients}, and one alone"));
    report.condition(
        "requests in flight for each client",
        format!("1, and {depth} (pipelined)"),
    );
    for which in bench.servers(&[Which::Hub, Which::Express, Which::SocketIo]) {
        let target = Target::start(which, &bench.programs)?;
        let token = target.login()?;
        let mut column = Column::new(which.name());
        let (_, alone, _) = load(&target, &token, 1, 1, bench.time() / 2).await?;
        column.latency("one client", &alone);
        let (rate, latency, cost) = load(&target, &token, clients, 1, bench.time()).await?;
        column.put(PER_SECOND, rate);
        column.latency("select", &latency);
        column.put("server CPU per select (us)", cost.per_op_us(latency.count()));
        column.cost(&cost);
        let (rate, latency, cost) = load(&target, &token, clients, depth, bench.time()).await?;
        column.put("pipelined selects/s", rate);
        column.latency("pipelined", &latency);
        column.put(
            "pipelined server CPU per select (us)",
            cost.per_op_us(latency.count()),
        );
        column.put("pipelined generator CPU (% of a core)", cost.generator_percent());
        column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
        report.columns.push(column);
    }
    let dir = bench.programs.scratch()?;
    let db = lower_bound::database(dir.path(), &bench.programs.benches)?;
    let mut bare = Column::new("bare loop");
    bare.put(PER_SECOND, lower_bound::selects(&db, bench.time() / 2)?);
    report.columns.push(bare);
    report.at_least(
        "hub: selects/s / express",
        report.ratio(PER_SECOND, "hub", "express"),
        1.3,
    );
    let pipelined = report.ratio("pipelined selects/s", "hub", "express");
    report.at_least("hub: pipelined selects/s / express", pipelined, 1.3);
    report.at_least(
        "hub: selects/s / bare loop",
        report.ratio(PER_SECOND, "hub", "bare loop"),
        0.0,
    );
    report.at_most(
        "hub: one client p50 (ms)",
        report.figure("hub", "one client p50 (ms)"),
        0.3,
    );
    Ok(report)
}

async fn load(
    target: &Target,
    token: &str,
    clients: usize,
    depth: usize,
    time: Duration,
) -> Result<(f64, Latency, procfs::Cost), Failure> {
    let mut sockets = Vec::with_capacity(clients);
    for _ in 0..clients {
        sockets.push(open_writer(target, token).await?);
    }
    let latency = Rc::new(RefCell::new(Latency::new()));
    let meter = Meter::start(target.pid());
    let started = Instant::now();
    let mut tasks = Vec::with_capacity(clients);
    for socket in sockets {
        let latency = Rc::clone(&latency);
        let client = client(socket, target.dialect(), depth, started + time, latency);
        tasks.push(tokio::task::spawn_local(client));
    }
    for task in tasks {
        task.await??;
    }
    let elapsed = started.elapsed().as_secs_f64();
    let cost = meter.stop();
    let latency = std::mem::replace(&mut *latency.borrow_mut(), Latency::new());
    Ok((latency.count() as f64 / elapsed, latency, cost))
}

/// Keeps `depth` reads in flight until `until`, then takes what is still due.
async fn client(
    mut socket: Socket,
    dialect: Dialect,
    depth: usize,
    until: Instant,
    latency: Rc<RefCell<Latency>>,
) -> Result<(), Failure> {
    let mut request = Request::select(dialect);
    // Answers to reads may overtake each other: the number says which slot of `sent` it was.
    let mut sent = vec![Instant::now(); depth];
    let mut free: Vec<usize> = (0..depth).collect();
    let mut number = 0_u32;
    let mut burst = Vec::new();
    loop {
        burst.clear();
        if Instant::now() < until {
            while let Some(slot) = free.pop() {
                number += 1;
                let key = request::KEYS.start + number.wrapping_mul(7919) % 9_000;
                sent[slot] = Instant::now();
                burst.extend_from_slice(request.keyed(slot as u32, key));
            }
            socket.send(&burst).await?;
        } else if free.len() == depth {
            return Ok(());
        }
        timeout(DEADLINE, socket.fill())
            .await
            .map_err(|_| "a select was not answered")??;
        let now = Instant::now();
        while let Some(message) = socket.pop()? {
            match kind(message) {
                Kind::Result => {
                    let slot = request::number_of(message).ok_or("a result without its id")? as usize;
                    latency
                        .borrow_mut()
                        .record(now - *sent.get(slot).ok_or("an id that was not sent")?);
                    free.push(slot);
                }
                Kind::Error => return Err(String::from_utf8_lossy(message).into_owned().into()),
                _ => {}
            }
        }
    }
}
