//! Everybody comes to work at the same moment, says every second something else of himself, and goes: what do those hear
//! who were there, and do those notice who do their work?

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    task::JoinHandle,
    time::{interval_at, sleep},
};

use crate::{
    Bench, Failure,
    others::{self, paced_reads},
    people,
    procfs::{self, Meter},
    report::{Column, Report},
    request::Request,
    stage::{open_many, open_writer},
    wire::{self, Dialect, Kind, Socket, kind},
};

const WATCHERS: usize = 50;
/// Who do their work.
const WORKERS: usize = 8;
/// How often each of the others says something of himself.
const EVERY: Duration = Duration::from_secs(1);

const CALM: &str = "calm";
const COME: &str = "all come";
const CHANGE: &str = "all change";
const GO: &str = "all go";
const PER_SECOND: &str = "presence frames per watcher and second";
const OTHERS: &str = "select of others";

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let n = bench.sockets.unwrap_or(1_000);
    let mut report = Report::new("presence");
    report.condition("users who come, change and go", n);
    report.condition("changes of each", format!("one every {} s", EVERY.as_secs()));
    report.condition("who watch", WATCHERS);
    report.condition("who work", format!("{WORKERS}, {} selects/s each", others::RATE));
    let (target, _) = people::hub_with(bench, n + WATCHERS, &[])?;
    let tokens = people::log_in(&target, 0..n + WATCHERS).await?;
    let (tokens, watching) = tokens.split_at(n);
    let heard = Rc::new(Heard::default());
    let watchers: Vec<_> = people::open_all(&target, watching)
        .await?
        .into_iter()
        .map(|socket| tokio::task::spawn_local(watch(socket, Rc::clone(&heard))))
        .collect();
    let mut working = Vec::new();
    let token = target.login()?;
    for _ in 0..WORKERS {
        working.push(open_writer(&target, &token).await?);
    }
    let changes = Rc::new(Changes::default());
    let mut people = Vec::with_capacity(n);
    for phase in [CALM, COME, CHANGE, GO] {
        heard.reset();
        changes.answered.set(0);
        let until = Rc::new(RefCell::new(Instant::now() + Duration::from_secs(120)));
        let others = tokio::task::spawn_local({
            let (sockets, until) = (std::mem::take(&mut working), Rc::clone(&until));
            async move { paced_reads(sockets, Dialect::Plain, &until).await }
        });
        let meter = Meter::start(target.pid());
        let mut column = Column::new(phase);
        match phase {
            COME => {
                let began = Instant::now();
                for some in tokens.chunks(64) {
                    let opened = some.iter().map(|token| open_many(&target, token, 1));
                    for one in futures_util::future::join_all(opened).await {
                        for socket in one? {
                            people.push(be_there(socket, people.len(), n, &changes));
                        }
                    }
                }
                column.put("all there (s)", began.elapsed().as_secs_f64());
                sleep(Duration::from_millis(2_500)).await;
            }
            CHANGE => {
                changes.wanted.set(true);
                sleep(bench.time() / 2).await;
                column.put(
                    "RSS at half time (MiB)",
                    procfs::rss(target.pid()) as f64 / 1048576.0,
                );
                sleep(bench.time() / 2).await;
                changes.wanted.set(false);
                column.put("changes", changes.answered.get() as f64);
                let lost = people.iter().filter(|task| task.is_finished()).count();
                column.put("people lost", lost as f64);
            }
            GO => {
                people.drain(..).for_each(|task: JoinHandle<()>| task.abort());
                // Who is gone is offline after ten seconds of grace.
                sleep(Duration::from_secs(14)).await;
            }
            _ => sleep(bench.time()).await,
        }
        *until.borrow_mut() = Instant::now();
        let (sockets, latency) = others.await??;
        working = sockets;
        let cost = meter.stop();
        column.put("RSS (MiB)", procfs::rss(target.pid()) as f64 / 1048576.0);
        column.latency(OTHERS, &latency);
        let frames = heard.frames.get() as f64 / WATCHERS as f64;
        column.put("presence frames per watcher", frames);
        // Between n moments a second apart lie n - 1 seconds.
        column.put(PER_SECOND, (frames - 1.0).max(0.0) / cost.elapsed.as_secs_f64());
        column.put(
            "KiB per watcher",
            heard.bytes.get() as f64 / WATCHERS as f64 / 1024.0,
        );
        column.put(
            "watchers lost",
            watchers.iter().filter(|task| task.is_finished()).count() as f64,
        );
        column.cost(&cost);
        report.columns.push(column);
    }
    watchers.iter().for_each(JoinHandle::abort);
    for phase in [COME, CHANGE, GO] {
        report.at_most(
            format!("{phase}: {PER_SECOND}"),
            report.figure(phase, PER_SECOND),
            1.0,
        );
    }
    report.at_most("watchers lost", report.figure(GO, "watchers lost"), 0.0);
    report.at_most("people lost", report.figure(CHANGE, "people lost"), 0.0);
    let half = report.figure(CHANGE, "RSS at half time (MiB)");
    let whole = report.figure(CHANGE, "RSS (MiB)");
    report.at_most(
        "all change: RSS at the end / at half time",
        half.zip(whole).map(|(half, whole)| whole / half),
        1.2,
    );
    report.at_most(
        "all change: p99 of a select of others (ms)",
        report.figure(CHANGE, &format!("{OTHERS} p99 (ms)")),
        50.0,
    );
    Ok(report)
}

#[derive(Default)]
struct Heard {
    frames: Cell<u64>,
    bytes: Cell<u64>,
}

impl Heard {
    fn reset(&self) {
        self.frames.set(0);
        self.bytes.set(0);
    }
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

/// What people say of themselves.
#[derive(Default)]
struct Changes {
    wanted: Cell<bool>,
    answered: Cell<u64>,
}

/// Somebody who is there, reads, and says something of himself while that is wanted; number `index` of `n`.
fn be_there(mut socket: Socket, index: usize, n: usize, changes: &Rc<Changes>) -> JoinHandle<()> {
    let changes = Rc::clone(changes);
    tokio::task::spawn_local(async move {
        let mut busy = Request::plain("set_presence", "\"status\":\"busy\"");
        let mut online = Request::plain("set_presence", "\"status\":\"online\"");
        let first = tokio::time::Instant::now() + EVERY.mul_f64(index as f64 / n as f64);
        let mut ticks = interval_at(first, EVERY);
        let mut number = 0;
        loop {
            loop {
                match socket.pop() {
                    Ok(Some(message)) if kind(message) == Kind::Result => {
                        changes.answered.set(changes.answered.get() + 1);
                    }
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => return,
                }
            }
            tokio::select! {
                filled = socket.fill() => if filled.is_err() { return },
                _ = ticks.tick() => {
                    let request = if number % 2 == 0 { &mut busy } else { &mut online };
                    if changes.wanted.get() {
                        if socket.send(request.numbered(number)).await.is_err() {
                            return;
                        }
                        number += 1;
                    }
                }
            }
        }
    })
}
