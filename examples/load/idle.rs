//! Sockets that only are: memory and processor time of each.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    Bench, Failure,
    procfs::{self, Meter},
    report::{Column, Report},
    stage::{Board, open_many},
    target::{Target, Which},
};

const RSS: &str = "RSS per socket (KiB)";

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(5_000);
    let mut report = Report::new("idle");
    report.condition("sockets", n);
    for which in bench.servers(&[Which::Hub, Which::Express, Which::SocketIo, Which::Raw]) {
        let target = Target::start(which, &bench.programs)?;
        let token = target.login()?;
        // What the first sockets allocate once is not theirs.
        let warm = open_many(&target, &token, 8).await?;
        drop(warm);
        sleep(Duration::from_millis(500)).await;
        let before = procfs::rss(target.pid());
        let sockets = open_many(&target, &token, n).await?;
        let board = Board::new(n, 1);
        let listeners = board.listen(sockets);
        sleep(Duration::from_secs(2)).await;
        let after = procfs::rss(target.pid());
        let meter = Meter::start(target.pid());
        sleep(bench.time()).await;
        let cost = meter.stop();
        let mut column = Column::new(which.name());
        column.put(RSS, after.saturating_sub(before) as f64 / 1024.0 / n as f64);
        column.put("RSS before (MiB)", before as f64 / 1048576.0);
        column.put("RSS with all (MiB)", after as f64 / 1048576.0);
        column.put("sockets lost", board.faults().1 as f64);
        column.cost(&cost);
        report.columns.push(column);
        drop(listeners);
    }
    report.at_most("hub: RSS per idle socket (KiB)", report.figure("hub", RSS), 20.0);
    Ok(report)
}
