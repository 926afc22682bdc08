//! Durable inserts from many clients, each change heard by fifty sockets.

use std::time::Instant;

use crate::{
    Bench, Failure, lower_bound,
    procfs::{self, Meter},
    report::{Column, Report},
    stage::{Board, open_many, open_writer},
    target::{Target, Which},
    writers::closed_loop,
};

const PER_SECOND: &str = "inserts/s";
const LISTENERS: usize = 50;

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let clients = bench.clients.unwrap_or(64);
    let mut report = Report::new("insert");
    report.condition(
        "clients",
        format!(
            "{clients}, one insert in flight each; hub again with {}",
            clients * 4
        ),
    );
    report.condition("listening sockets", bench.sockets.unwrap_or(LISTENERS));
    report.condition("synchronous", format!("hub FULL, peers {}", bench.programs.sync));
    for which in bench.servers(&[Which::Hub, Which::Express, Which::SocketIo]) {
        report.columns.push(measure(bench, which, clients).await?);
        if which == Which::Hub {
            let mut crowd = measure(bench, which, clients * 4).await?;
            crowd.server = "hub x4".into();
            report.columns.push(crowd);
        }
    }
    for (name, group) in [("bare, 1 each", 1), ("bare, grouped", clients as u32)] {
        let dir = bench.programs.scratch()?;
        let db = lower_bound::database(dir.path(), &bench.programs.benches)?;
        let (rate, latency) = lower_bound::inserts(&db, group, bench.time())?;
        let mut column = Column::new(name);
        column.put(PER_SECOND, rate);
        column.latency("ack", &latency);
        report.columns.push(column);
    }
    report.at_least(
        "hub: inserts/s / express",
        report.ratio(PER_SECOND, "hub", "express"),
        10.0,
    );
    report.at_least(
        "hub: inserts/s / bare, one each",
        report.ratio(PER_SECOND, "hub", "bare, 1 each"),
        1.0,
    );
    report.at_least(
        "hub: inserts/s / bare, grouped",
        report.ratio(PER_SECOND, "hub", "bare, grouped"),
        0.0,
    );
    report.at_most("hub: ack p99 (ms)", report.figure("hub", "ack p99 (ms)"), 20.0);
    report.at_most(
        "hub: ack max, 4 x clients (ms)",
        report.figure("hub x4", "ack max (ms)"),
        1_000.0,
    );
    for fault in ["lost", "out of order"] {
        report.at_most(format!("hub: {fault}"), report.figure("hub", fault), 0.0);
    }
    Ok(report)
}

async fn measure(bench: &Bench, which: Which, clients: usize) -> Result<Column, Failure> {
    let n = bench.sockets.unwrap_or(LISTENERS);
    let target = Target::start(which, &bench.programs)?;
    let token = target.login()?;
    let mut writers = Vec::with_capacity(clients);
    for _ in 0..clients {
        writers.push(open_writer(&target, &token).await?);
    }
    let board = Board::new(n, clients);
    let _listeners = board.listen(open_many(&target, &token, n).await?);
    let meter = Meter::start(target.pid());
    let started = Instant::now();
    let (done, acks) = closed_loop(writers, &target, &board, started + bench.time()).await?;
    let elapsed = started.elapsed();
    let lost = board.settle(done * n as u64).await;
    let cost = meter.stop();
    let mut column = Column::new(which.name());
    column.put(PER_SECOND, done as f64 / elapsed.as_secs_f64());
    column.latency("ack", &acks);
    column.latency("send to last socket", &board.last_from_send.borrow());
    column.put("server CPU per insert (us)", cost.per_op_us(done));
    column.put("lost", lost as f64);
    column.put("out of order", board.faults().0 as f64);
    column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
    column.cost(&cost);
    Ok(column)
}
