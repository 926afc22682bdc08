//! A hundred messages a second to fifty people: when does the last one have it?

use crate::{
    Bench, Failure, people,
    procfs::Meter,
    report::{Column, Report},
    request::Request,
    stage::Board,
    writers::paced,
};

const RATE: f64 = 100.0;

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(50);
    let mut report = Report::new("chat");
    report.condition("members, one socket each", n);
    report.condition("messages/s", RATE);
    let (target, rooms) = people::hub_with(bench, n + 1, &[(0..=n).collect()])?;
    let tokens = people::log_in(&target, 0..n + 1).await?;
    let mut sender = people::open(&target, &tokens[n]).await?;
    let board = Board::new(n, 1);
    let _listeners = board.listen(people::open_all(&target, &tokens[..n]).await?);
    let mut request = Request::message(rooms[0], 0);
    let warm = paced(&mut sender, &mut request, &board, RATE, RATE as u64).await?;
    board.settle(warm.sent * n as u64).await;
    board.reset();
    let meter = Meter::start(target.pid());
    let count = (RATE * bench.time().as_secs_f64()) as u64;
    let sent = paced(&mut sender, &mut request, &board, RATE, count).await?;
    let lost = board.settle(sent.sent * n as u64).await;
    let cost = meter.stop();
    let mut column = Column::new("hub");
    column.latency("send to last member", &board.last_from_send.borrow());
    column.latency("ack", &sent.acks);
    column.put("server CPU per message (us)", cost.per_op_us(sent.sent));
    column.put("lost", lost as f64);
    column.put("out of order", board.faults().0 as f64);
    column.cost(&cost);
    report.columns.push(column);
    let last = report.figure("hub", "send to last member p99 (ms)");
    report.at_most("send to last member, p99 (ms)", last, 10.0);
    report.at_most("lost", report.figure("hub", "lost"), 0.0);
    Ok(report)
}
