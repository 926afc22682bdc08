//! Thirty-two people log in at once: do the others notice?

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    Bench, Failure,
    procfs::Meter,
    report::{Column, Latency, Report},
    request::Request,
    stage::open_writer,
    target::{self, Target, Which},
    wire::{DEADLINE, Dialect, Socket},
    writers::answer,
};

const AT_ONCE: usize = 32;
/// Selects a second of each of the other sockets: work, not saturation.
const RATE: f64 = 50.0;

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let clients = bench.clients.unwrap_or(8);
    let mut report = Report::new("login");
    report.condition("logins at once", AT_ONCE);
    report.condition("bcrypt cost", 12);
    report.condition("other sockets", format!("{clients}, {RATE} selects/s each"));
    for which in bench.servers(&[Which::Hub, Which::Express, Which::SocketIo]) {
        let target = Target::start(which, &bench.programs)?;
        let token = target.login()?;
        let mut sockets = Vec::new();
        for _ in 0..clients {
            sockets.push(open_writer(&target, &token).await?);
        }
        let until = Rc::new(RefCell::new(Instant::now() + bench.time()));
        let (sockets, calm) = paced_reads(sockets, target.dialect(), &until).await?;

        let meter = Meter::start(target.pid());
        *until.borrow_mut() = Instant::now() + Duration::from_secs(120);
        let others = tokio::task::spawn_local({
            let (dialect, until) = (target.dialect(), Rc::clone(&until));
            async move { paced_reads(sockets, dialect, &until).await }
        });
        let logins = log_in_together(target.port).await?;
        *until.borrow_mut() = Instant::now();
        let (_, busy) = others.await??;
        let cost = meter.stop();

        let mut column = Column::new(which.name());
        column.latency("select, calm", &calm);
        column.latency("select, logins", &busy);
        column.latency("login", &logins);
        column.put("server CPU per login (ms)", cost.per_op_us(AT_ONCE as u64) / 1e3);
        column.put(
            "p99 with logins / calm",
            busy.quantile_ms(0.99) / calm.quantile_ms(0.99).max(1e-3),
        );
        column.cost(&cost);
        report.columns.push(column);
    }
    let ratio = "p99 with logins / calm";
    report.at_most(
        "hub: p99 of others with logins / without",
        report.figure("hub", ratio),
        2.0,
    );
    Ok(report)
}

async fn log_in_together(port: u16) -> Result<Latency, Failure> {
    let mut tasks = Vec::with_capacity(AT_ONCE);
    for _ in 0..AT_ONCE {
        tasks.push(tokio::task::spawn_blocking(move || {
            let at = Instant::now();
            target::login(port, "writer")
                .map(|_| at.elapsed())
                .map_err(|cause| cause.to_string())
        }));
    }
    let mut latency = Latency::new();
    for task in tasks {
        latency.record(task.await??);
    }
    Ok(latency)
}

/// Reads at a fixed rate on each socket until the shared moment; gives the sockets back.
async fn paced_reads(
    sockets: Vec<Socket>,
    dialect: Dialect,
    until: &Rc<RefCell<Instant>>,
) -> Result<(Vec<Socket>, Latency), Failure> {
    let mut tasks = Vec::new();
    for (index, mut socket) in sockets.into_iter().enumerate() {
        let until = Rc::clone(until);
        tasks.push(tokio::task::spawn_local(async move {
            let mut request = Request::select(dialect);
            let mut latency = Latency::new();
            let mut ticks = interval(Duration::from_secs_f64(1.0 / RATE));
            // A late answer must not hide the ticks it delayed: they are sent in a burst and each
            // is measured from the moment it was due.
            ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
            while Instant::now() < *until.borrow() {
                let due = ticks.tick().await.into_std();
                socket.send(request.keyed(0, 1_000 + index as u32)).await?;
                timeout(DEADLINE, answer(&mut socket))
                    .await
                    .map_err(|_| "a select was not answered")??;
                latency.record(due.elapsed());
            }
            Ok::<_, Failure>((socket, latency))
        }));
    }
    let mut back = Vec::new();
    let mut all = Latency::new();
    for task in tasks {
        let (socket, latency) = task.await??;
        back.push(socket);
        all.merge(&latency);
    }
    Ok((back, all))
}
