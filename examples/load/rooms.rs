//! Many rooms at once, at a rate that must be held: does anything queue up?

use std::time::Instant;

use crate::{
    Bench, Failure, people,
    procfs::{self, Meter},
    report::{Column, Latency, Report},
    request::Request,
    stage::Board,
    wire::Socket,
    writers::{Paced, paced_as},
};

const ROOMS: usize = 200;
const MEMBERS: usize = 20;
/// Each user is in ten rooms.
const USERS: usize = 400;
/// Messages a second, in all.
const RATE: f64 = 2_000.0;

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let mut report = Report::new("rooms");
    report.condition("rooms", ROOMS);
    report.condition("members of each, one socket a user", MEMBERS);
    report.condition("users", USERS);
    report.condition("messages/s in all", RATE);
    report.condition("halves", "the same twice: a queue that grows shows in the second");
    let members = |room: usize| {
        (0..MEMBERS)
            .map(|n| (room * 7 + n * (USERS / MEMBERS)) % USERS)
            .collect()
    };
    let (target, rooms) = people::hub_with(bench, USERS, &(0..ROOMS).map(members).collect::<Vec<_>>())?;
    let tokens = people::log_in(&target, 0..USERS).await?;
    let board = Board::new(MEMBERS, ROOMS);
    let _listeners = board.listen(people::open_all(&target, &tokens).await?);
    let mut senders = Vec::new();
    for (index, &room) in rooms.iter().enumerate() {
        let socket = people::open(&target, &tokens[(index * 7) % USERS]).await?;
        senders.push((socket, Request::message(room, index as u32)));
    }
    half(&mut senders, &board, RATE / 2.0, 1.0).await?;
    for name in ["first half", "second half"] {
        board.reset();
        let meter = Meter::start(target.pid());
        let at = Instant::now();
        let (sent, acks) = half(&mut senders, &board, RATE, bench.time().as_secs_f64()).await?;
        let lost = board.settle(sent * MEMBERS as u64).await;
        let elapsed = at.elapsed().as_secs_f64();
        let cost = meter.stop();
        let mut column = Column::new(name);
        column.put("messages/s", sent as f64 / elapsed);
        column.put("deliveries/s", board.arrivals() as f64 / elapsed);
        column.latency("send to arrival", &board.from_send.borrow());
        column.latency("ack", &acks);
        column.put("server CPU per message (us)", cost.per_op_us(sent));
        column.put("lost", lost as f64);
        column.put("out of order", board.faults().0 as f64);
        column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
        column.cost(&cost);
        report.columns.push(column);
    }
    report.at_least(
        "messages/s",
        report.figure("second half", "messages/s"),
        0.95 * RATE,
    );
    let p99 = "send to arrival p99 (ms)";
    report.at_most(
        "p99, second half / first",
        report.ratio(p99, "second half", "first half"),
        1.5,
    );
    report.at_most("lost", report.figure("second half", "lost"), 0.0);
    report.at_most("out of order", report.figure("second half", "out of order"), 0.0);
    Ok(report)
}

/// Every room at its share of the rate; messages sent, and their acks.
async fn half(
    senders: &mut [(Socket, Request)],
    board: &Board,
    rate: f64,
    seconds: f64,
) -> Result<(u64, Latency), Failure> {
    let each = rate / senders.len() as f64;
    let count = (each * seconds).ceil() as u64;
    let all = senders
        .iter_mut()
        .enumerate()
        .map(|(writer, (socket, request))| paced_as(writer, socket, request, board, each, count));
    let (mut sent, mut acks) = (0, Latency::new());
    for one in futures_util::future::join_all(all).await {
        let Paced {
            sent: by_one,
            acks: of_one,
        } = one?;
        sent += by_one;
        acks.merge(&of_one);
    }
    Ok((sent, acks))
}
