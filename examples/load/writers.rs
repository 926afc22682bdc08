//! Sockets that write: as fast as answered, or at a fixed rate.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    Failure,
    report::Latency,
    request::{self, Request},
    stage::Board,
    target::Target,
    wire::{DEADLINE, Kind, Socket, kind},
};

/// Writes waiting for their answer on a paced socket; past it the server does not hold the rate.
const IN_FLIGHT: u32 = 48;

/// Writers that each send the next insert when the last is answered, until `until`.
pub async fn closed_loop(
    sockets: Vec<Socket>,
    target: &Target,
    board: &Rc<Board>,
    until: Instant,
) -> Result<(u64, Latency), Failure> {
    let acks = Rc::new(RefCell::new(Latency::new()));
    let mut tasks = Vec::new();
    for (client, mut socket) in sockets.into_iter().enumerate() {
        let (board, acks, dialect) = (Rc::clone(board), Rc::clone(&acks), target.dialect());
        tasks.push(tokio::task::spawn_local(async move {
            let mut request = Request::insert(dialect, client as u32);
            let mut done = 0_u64;
            while Instant::now() < until {
                let seq = board.sending(client);
                socket.send(request.marked(seq, seq)).await?;
                timeout(DEADLINE, answer(&mut socket))
                    .await
                    .map_err(|_| "a write was not answered")??;
                acks.borrow_mut().record(board.acked(client, seq));
                done += 1;
            }
            Ok::<_, Failure>(done)
        }));
    }
    let mut total = 0;
    for task in tasks {
        total += task.await??;
    }
    let acks = std::mem::replace(&mut *acks.borrow_mut(), Latency::new());
    Ok((total, acks))
}

/// Reads up to the next result; an error frame is a failure.
pub async fn answer(socket: &mut Socket) -> Result<u32, Failure> {
    loop {
        while let Some(message) = socket.pop()? {
            match kind(message) {
                Kind::Result => return Ok(request::number_of(message).unwrap_or(0)),
                Kind::Error => return Err(String::from_utf8_lossy(message).into_owned().into()),
                _ => {}
            }
        }
        socket.fill().await?;
    }
}

/// What a paced writer managed.
pub struct Paced {
    pub sent: u64,
    pub acks: Latency,
}

/// One writer at `rate` inserts a second, `count` of them; ticks are skipped while too much waits.
pub async fn paced(
    socket: &mut Socket,
    request: &mut Request,
    board: &Board,
    rate: f64,
    count: u64,
) -> Result<Paced, Failure> {
    paced_as(0, socket, request, board, rate, count).await
}

/// The same, as one of several writers.
pub async fn paced_as(
    writer: usize,
    socket: &mut Socket,
    request: &mut Request,
    board: &Board,
    rate: f64,
    count: u64,
) -> Result<Paced, Failure> {
    let mut ticks = interval(Duration::from_secs_f64(1.0 / rate));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    // A server that holds a third of the rate has been seen to fail it.
    let give_up =
        Instant::now() + Duration::from_secs_f64(3.0 * count as f64 / rate) + Duration::from_secs(1);
    let mut acks = Latency::new();
    let (mut sent, mut answered) = (0_u64, 0_u64);
    while answered < count.min(sent) || (sent < count && Instant::now() < give_up) {
        tokio::select! {
            _ = ticks.tick(), if sent < count && sent - answered < u64::from(IN_FLIGHT) => {
                let seq = board.sending(writer);
                socket.send(request.marked(seq, seq)).await?;
                sent += 1;
            }
            filled = timeout(DEADLINE, socket.fill()), if answered < sent => {
                filled.map_err(|_| "a write was not answered")??;
                while let Some(message) = socket.pop()? {
                    match kind(message) {
                        Kind::Result => {
                            if let Some(seq) = request::number_of(message) {
                                acks.record(board.acked(writer, seq));
                                answered += 1;
                            }
                        }
                        Kind::Error => return Err(String::from_utf8_lossy(message).into_owned().into()),
                        _ => {}
                    }
                }
            }
        }
    }
    Ok(Paced { sent, acks })
}
