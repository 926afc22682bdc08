//! A message to a room of a thousand: what one delivery costs beside one of a change of data.

use crate::{
    Bench, Failure, people,
    procfs::{self, Meter},
    report::{Column, Report},
    request::Request,
    stage::{Board, open_writer},
    wire::Dialect,
    writers::paced_as,
};

/// Writes a second, as in `fanout`.
const CALM: f64 = 40.0;
const CPU: &str = "server CPU per delivery (us)";

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(1_000);
    let mut report = Report::new("room");
    report.condition("members, one socket each", n);
    report.condition("writes/s", CALM);
    report.condition("message and row", "about 200 bytes of text");
    report.condition(
        "a message brings",
        "new_message, and `unread` to each reader at most once a second",
    );
    let (target, rooms) = people::hub_with(bench, n + 1, &[(0..=n).collect()])?;
    // The last member writes and is not counted.
    let tokens = people::log_in(&target, 0..n + 1).await?;
    let mut sender = people::open(&target, &tokens[n]).await?;
    sender
        .send(&crate::request::subscribe_to_nothing(Dialect::Plain))
        .await?;
    let mut writer = open_writer(&target, &target.login()?).await?;
    let board = Board::new(n, 2);
    let _listeners = board.listen(people::open_all(&target, &tokens[..n]).await?);
    for (name, which) in [("data change", 0), ("message", 1)] {
        let (socket, mut request) = if which == 0 {
            (&mut writer, Request::insert(Dialect::Plain, 0))
        } else {
            (&mut sender, Request::message(rooms[0], 1))
        };
        let warm = paced_as(which, socket, &mut request, &board, CALM, CALM as u64).await?;
        board.settle(warm.sent * n as u64).await;
        board.reset();
        let meter = Meter::start(target.pid());
        let count = (CALM * bench.time().as_secs_f64()) as u64;
        let sent = paced_as(which, socket, &mut request, &board, CALM, count).await?;
        let lost = board.settle(sent.sent * n as u64).await;
        let cost = meter.stop();
        let mut column = Column::new(name);
        column.put(CPU, cost.per_op_us(board.arrivals()));
        column.latency("send to arrival", &board.from_send.borrow());
        column.latency("ack", &sent.acks);
        column.put("lost", lost as f64);
        column.put("out of order", board.faults().0 as f64);
        column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
        column.cost(&cost);
        report.columns.push(column);
    }
    report.at_most(
        "message / data change, CPU per delivery",
        report.ratio(CPU, "message", "data change"),
        1.2,
    );
    report.at_most("message: lost", report.figure("message", "lost"), 0.0);
    Ok(report)
}
