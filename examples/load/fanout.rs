//! One writer, many sockets: what one delivery costs, and how many a second arrive in time.

use std::time::Duration;

use crate::{
    Bench, Failure,
    procfs::{self, Meter},
    report::{Column, Report},
    request::Request,
    stage::{Board, open_many, open_writer},
    target::{Target, Which},
    wire::Socket,
    writers::{Paced, paced},
};

const CPU: &str = "server CPU per delivery (us)";
const MOST: &str = "most deliveries/s, p99 <= 100 ms";
/// Writes a second while the cost of one delivery is measured: frames do not pile up.
const CALM: f64 = 40.0;
const LATE_MS: f64 = 100.0;
/// Rises of the rate.
const MOST_STEPS: usize = 26;

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(1_000);
    let mut report = Report::new("fanout");
    report.condition("sockets", n);
    report.condition("row", "about 200 bytes of JSON");
    report.condition("calm rate (writes/s)", CALM);
    report.condition(
        "latency",
        "from the send of the write, and from its ack, to each arrival",
    );
    for which in bench.servers(&[Which::Hub, Which::Express, Which::SocketIo, Which::Raw]) {
        report.columns.push(measure(bench, which, n).await?);
    }
    report.at_most(
        "hub: CPU per delivery / raw frames",
        report.ratio(CPU, "hub", "raw frames"),
        1.3,
    );
    report.at_most(
        "hub: CPU per delivery / express",
        report.ratio(CPU, "hub", "express"),
        1.0,
    );
    if !bench.calm {
        report.at_least(
            "hub: deliveries/s with p99 <= 100 ms",
            report.figure("hub", MOST),
            250_000.0,
        );
    }
    for fault in ["lost", "out of order"] {
        report.at_most(format!("hub: {fault}"), report.figure("hub", fault), 0.0);
    }
    Ok(report)
}

async fn measure(bench: &Bench, which: Which, n: usize) -> Result<Column, Failure> {
    let target = Target::start(which, &bench.programs)?;
    let token = target.login()?;
    // First of all: the raw server takes its first socket for the writer.
    let mut writer = open_writer(&target, &token).await?;
    let sockets = open_many(&target, &token, n).await?;
    let board = Board::new(n, 1);
    let _listeners = board.listen(sockets);
    let mut request = Request::insert(target.dialect(), 0);
    let mut column = Column::new(which.name());

    // Warm, not measured.
    step(&mut writer, &mut request, &board, n, CALM, Duration::from_secs(1)).await?;

    let meter = Meter::start(target.pid());
    let calm = step(&mut writer, &mut request, &board, n, CALM, bench.time()).await?;
    let cost = meter.stop();
    column.put(CPU, cost.per_op_us(board.arrivals()));
    column.latency("send to arrival", &board.from_send.borrow());
    column.latency("ack to arrival", &board.from_ack.borrow());
    column.latency("ack", &calm.paced.acks);
    column.cost(&cost);
    let mut lost = calm.missing;

    let mut best = [0.0; 4];
    let mut rate = CALM * 2.0;
    let steps = if bench.calm { 0 } else { MOST_STEPS };
    for _ in 0..steps {
        let meter = Meter::start(target.pid());
        let step = step(
            &mut writer,
            &mut request,
            &board,
            n,
            rate,
            bench.time().min(Duration::from_secs(3)),
        )
        .await?;
        let reached = board.arrivals() as f64 / step.elapsed.as_secs_f64();
        let p99 = board.from_send.borrow().quantile_ms(0.99);
        if p99 > LATE_MS || step.missing > 0 || reached < 0.9 * rate * n as f64 {
            // Past what it can do: the hub closes who cannot keep up (4408), who resumes with `since`.
            break;
        }
        lost += step.missing;
        let cost = meter.stop();
        best = [reached, p99, cost.server_percent(), cost.generator_percent()];
        // Far from where a hub ends: larger steps.
        rate *= if reached < 50_000.0 { 1.5 } else { 1.25 };
    }
    column.put(MOST, best[0]);
    column.put("p99 at that rate (ms)", best[1]);
    column.put("server CPU at that rate (% of a core)", best[2]);
    column.put("generator CPU at that rate (% of a core)", best[3]);
    column.put("lost", lost as f64);
    let (disordered, broken) = board.faults();
    column.put("out of order", disordered as f64);
    column.put("sockets lost", broken as f64);
    column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
    Ok(column)
}

struct Step {
    paced: Paced,
    missing: u64,
    /// From the first send to the last arrival.
    elapsed: Duration,
}

async fn step(
    writer: &mut Socket,
    request: &mut Request,
    board: &Board,
    n: usize,
    rate: f64,
    time: Duration,
) -> Result<Step, Failure> {
    board.reset();
    let count = (rate * time.as_secs_f64()).ceil() as u64;
    let started = std::time::Instant::now();
    let paced = paced(writer, request, board, rate, count).await?;
    let missing = board.settle(paced.sent * n as u64).await;
    Ok(Step {
        paced,
        missing,
        elapsed: started.elapsed(),
    })
}
