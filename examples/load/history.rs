//! Reading back: a page out of a million messages, and a search through all of them.

use std::time::Instant;

use rusqlite::params;
use tokio::time::timeout;

use crate::{
    Bench, Failure, people,
    procfs::{self, Meter},
    report::{Column, Latency, Report},
    request::Request,
    wire::{DEADLINE, Socket},
    writers::answer,
};

const MESSAGES: u32 = 1_000_000;
/// Different words; the n-th is about n times rarer than the first.
const WORDS: u32 = 20_000;
const WORDS_EACH: u32 = 10;

pub async fn run(bench: &Bench) -> Result<Report, Failure> {
    let mut report = Report::new("history");
    report.condition("messages in the room", MESSAGES);
    report.condition("words of each", WORDS_EACH);
    report.condition(
        "different words",
        format!("{WORDS}, the n-th n times rarer than the first"),
    );
    report.condition(
        "searched",
        "one word of any rank, or two; in all of the seeker's rooms, limit 50",
    );
    let (mut target, rooms) = people::hub_with(bench, 50, &[(0..50).collect()])?;
    let began = Instant::now();
    target.refill(|db| fill(db, rooms[0]))?;
    report.condition(
        "filling took (s)",
        format!("{:.0}", began.elapsed().as_secs_f64()),
    );
    let tokens = people::log_in(&target, 0..1).await?;
    let mut socket = people::open(&target, &tokens[0]).await?;

    let mut random = Random(1);
    let mut page = || {
        let before = 51 + random.below(MESSAGES - 51);
        Request::plain(
            "history",
            &format!("\"room\":{},\"before\":{before},\"limit\":50", rooms[0]),
        )
    };
    report
        .columns
        .push(measure("page of 50", &mut socket, &mut page, bench, target.pid()).await?);
    let mut random = Random(2);
    let mut one = || search(&word(&mut random));
    report
        .columns
        .push(measure("search, one word", &mut socket, &mut one, bench, target.pid()).await?);
    let mut random = Random(3);
    let mut two = || search(&format!("{} {}", word(&mut random), word(&mut random)));
    report
        .columns
        .push(measure("search, two words", &mut socket, &mut two, bench, target.pid()).await?);
    report.at_most(
        "page of 50, p95 (ms)",
        report.figure("page of 50", "answer p95 (ms)"),
        2.0,
    );
    for name in ["search, one word", "search, two words"] {
        report.at_most(
            format!("{name}, p95 (ms)"),
            report.figure(name, "answer p95 (ms)"),
            50.0,
        );
    }
    Ok(report)
}

fn search(text: &str) -> Request {
    Request::plain("search_messages", &format!("\"text\":\"{text}\",\"limit\":50"))
}

/// One client, one request in flight.
async fn measure(
    name: &str,
    socket: &mut Socket,
    next: &mut dyn FnMut() -> Request,
    bench: &Bench,
    pid: u32,
) -> Result<Column, Failure> {
    for _ in 0..20 {
        ask(socket, &mut next()).await?;
    }
    let mut latency = Latency::new();
    let meter = Meter::start(pid);
    let until = Instant::now() + bench.time();
    let mut asked = 0_u64;
    while Instant::now() < until {
        let mut request = next();
        let at = Instant::now();
        ask(socket, &mut request).await?;
        latency.record(at.elapsed());
        asked += 1;
    }
    let cost = meter.stop();
    let mut column = Column::new(name);
    column.put("answers/s", asked as f64 / bench.time().as_secs_f64());
    column.latency("answer", &latency);
    column.put("server CPU per answer (us)", cost.per_op_us(asked));
    column.put("RSS (MiB)", procfs::rss(pid) as f64 / 1048576.0);
    column.cost(&cost);
    Ok(column)
}

async fn ask(socket: &mut Socket, request: &mut Request) -> Result<(), Failure> {
    socket.send(request.numbered(0)).await?;
    timeout(DEADLINE, answer(socket))
        .await
        .map_err(|_| "a request was not answered")??;
    Ok(())
}

fn fill(db: &rusqlite::Connection, room: i64) -> rusqlite::Result<()> {
    let (id, name, role): (i64, String, String) = db.query_row(
        "SELECT id, username, role FROM users WHERE username = 'u1'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )?;
    let mut add = db.prepare(
        "INSERT INTO messages(room_id, seq, sender_id, sender_username, sender_display_name, sender_role, kind,
                              content, client_id, request_hash, created_at_ms)
         VALUES (?1, ?2, ?3, ?4, ?4, ?5, 'text', ?6, 'm' || ?2, x'00', ?7)",
    )?;
    // The last day of them, so that no retention takes them away.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64);
    let mut random = Random(7);
    for seq in 1..=MESSAGES {
        let words: Vec<String> = (0..WORDS_EACH).map(|_| word(&mut random)).collect();
        let at = now - i64::from(MESSAGES - seq) * 80;
        add.execute(params![room, seq, id, name, role, words.join(" "), at])?;
    }
    db.execute(
        "UPDATE rooms SET last_seq = ? WHERE id = ?",
        params![MESSAGES, room],
    )?;
    Ok(())
}

/// A word by Zipf's law, roughly: as likely to be of one order of magnitude as of another.
fn word(random: &mut Random) -> String {
    let rank = f64::from(WORDS).powf(random.part()) as u32;
    format!("mot{rank}")
}

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(0xD1B5_4A32_D192_ED03);
        ((self.0 ^ (self.0 >> 29)) >> 32) as u32
    }

    fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(limit)) >> 32) as u32
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        f64::from(self.next()) / f64::from(u32::MAX)
    }
}
