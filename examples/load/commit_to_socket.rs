//! A hundred writes a second, fifty sockets: when does the last one have it?

use crate::{
    Bench, Failure,
    procfs::Meter,
    report::{Column, Report},
    request::Request,
    stage::{Board, open_many, open_writer},
    target::{Target, Which},
    writers::paced,
};

const RATE: f64 = 100.0;

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(50);
    let mut report = Report::new("commit-to-socket");
    report.condition("sockets", n);
    report.condition("writes/s", RATE);
    report.condition("synchronous", format!("hub FULL, peers {}", bench.programs.sync));
    report.condition(
        "send to last socket",
        "the whole way, so an upper bound of commit to socket",
    );
    for which in bench.servers(&[Which::Hub, Which::Express, Which::SocketIo, Which::Raw]) {
        let target = Target::start(which, &bench.programs)?;
        let token = target.login()?;
        let mut writer = open_writer(&target, &token).await?;
        let board = Board::new(n, 1);
        let _listeners = board.listen(open_many(&target, &token, n).await?);
        let mut request = Request::insert(target.dialect(), 0);
        let warm = paced(&mut writer, &mut request, &board, RATE, RATE as u64).await?;
        board.settle(warm.sent * n as u64).await;
        board.reset();
        let meter = Meter::start(target.pid());
        let count = (RATE * bench.time().as_secs_f64()) as u64;
        let paced = paced(&mut writer, &mut request, &board, RATE, count).await?;
        let lost = board.settle(paced.sent * n as u64).await;
        let cost = meter.stop();
        let mut column = Column::new(which.name());
        column.latency("send to last socket", &board.last_from_send.borrow());
        column.latency("ack to last socket", &board.last_from_ack.borrow());
        column.latency("ack", &paced.acks);
        column.put("server CPU per write (us)", cost.per_op_us(paced.sent));
        column.put("lost", lost as f64);
        column.put("out of order", board.faults().0 as f64);
        column.cost(&cost);
        report.columns.push(column);
    }
    let last = "send to last socket p99 (ms)";
    report.at_most(
        "hub: send to last socket, p99 (ms)",
        report.figure("hub", last),
        5.0,
    );
    report.at_most(
        "hub: the same / express",
        report.ratio(last, "hub", "express"),
        1.0,
    );
    Ok(report)
}
