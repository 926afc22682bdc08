//! Who does his work while something else goes on: does he notice?

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    Failure,
    report::Latency,
    request::Request,
    wire::{DEADLINE, Dialect, Socket},
    writers::answer,
};

/// Selects a second of each socket: work, not saturation.
pub const RATE: f64 = 50.0;

/// Reads at a fixed rate on each socket until the shared moment; gives the sockets back.
pub async fn paced_reads(
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
