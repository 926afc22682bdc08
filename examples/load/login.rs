//! Thirty-two people log in at once: do the others notice?

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use crate::{
    Bench, Failure,
    others::{RATE, paced_reads},
    procfs::Meter,
    report::{Column, Latency, Report},
    stage::open_writer,
    target::{self, Target, Which},
};

const AT_ONCE: usize = 32;

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
