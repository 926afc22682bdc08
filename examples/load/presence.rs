//! Everybody comes to work at the same moment, and all see each other come: what do those hear who were there?

use std::{
    cell::Cell,
    rc::Rc,
    time::{Duration, Instant},
};

use crate::{
    Bench, Failure, people,
    procfs::{self, Meter},
    report::{Column, Report},
    stage::open_many,
    wire::{self, Socket},
};

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(1_000);
    let mut report = Report::new("presence");
    report.condition("users who come and go", n);
    report.condition("who watch", 50);
    let (target, _) = people::hub_with(bench, n + 50, &[])?;
    let tokens = people::log_in(&target, 0..n + 50).await?;
    let (tokens, watching) = tokens.split_at(n);
    let heard = Rc::new(Heard::default());
    let watchers: Vec<_> = people::open_all(&target, watching)
        .await?
        .into_iter()
        .map(|socket| tokio::task::spawn_local(watch(socket, Rc::clone(&heard))))
        .collect();
    let meter = Meter::start(target.pid());
    let began = Instant::now();
    let mut sockets = Vec::with_capacity(n);
    for some in tokens.chunks(64) {
        let opened = some.iter().map(|token| open_many(&target, token, 1));
        for one in futures_util::future::join_all(opened).await {
            sockets.extend(one?);
        }
    }
    let came = began.elapsed();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    drop(sockets);
    // Who is gone is offline after ten seconds of grace.
    tokio::time::sleep(Duration::from_secs(14)).await;
    let cost = meter.stop();
    let seconds = began.elapsed().as_secs_f64();
    let broken = watchers.iter().filter(|task| task.is_finished()).count();
    for task in watchers {
        task.abort();
    }
    let mut column = Column::new("hub");
    column.put("all there (s)", came.as_secs_f64());
    column.put(
        "server CPU per user who came and went (us)",
        cost.per_op_us(n as u64),
    );
    column.put("presence frames per watcher", heard.frames.get() as f64 / 50.0);
    column.put(
        "presence frames per watcher and second",
        heard.frames.get() as f64 / 50.0 / seconds,
    );
    column.put("KiB per watcher", heard.bytes.get() as f64 / 50.0 / 1024.0);
    column.put("watchers lost", broken as f64);
    column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
    column.cost(&cost);
    report.columns.push(column);
    report.at_most(
        "presence frames per watcher and second",
        report.figure("hub", "presence frames per watcher and second"),
        1.0,
    );
    report.at_most("watchers lost", report.figure("hub", "watchers lost"), 0.0);
    Ok(report)
}

#[derive(Default)]
struct Heard {
    frames: Cell<u64>,
    bytes: Cell<u64>,
}

async fn watch(mut socket: Socket, heard: Rc<Heard>) {
    loop {
        match socket.pop() {
            Ok(Some(message)) => {
                if wire::find(message, b"\"type\":\"presence\"").is_some() {
                    heard.frames.set(heard.frames.get() + 1);
                    heard.bytes.set(heard.bytes.get() + message.len() as u64);
                }
            }
            Ok(None) => {
                if socket.fill().await.is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
