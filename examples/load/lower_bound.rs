//! What the machine itself can do, measured in the same run: ready-made frames written to raw
//! sockets, and the same statements in a bare SQLite loop.

use std::{
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rusqlite::{Connection, params};

use crate::{Failure, report::Latency, request, wire};

/// The least server that fan-out can be measured against: the first socket writes, each of its
/// frames becomes one ready-made frame that a plain loop writes to all the others. No routing, no
/// database, no JSON: only the mark is copied. Runs as a process of its own.
pub fn raw_writer(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    let readers: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
    let mut first = true;
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_nodelay(true)?;
        if !upgraded(&mut stream)? {
            continue;
        }
        if std::mem::take(&mut first) {
            let readers = Arc::clone(&readers);
            std::thread::spawn(move || serve_writer(stream, &readers));
        } else {
            readers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(stream);
        }
    }
    Ok(())
}

/// Reads the request's head, answers with the switch and a welcome. False when the peer left.
fn upgraded(stream: &mut TcpStream) -> io::Result<bool> {
    let mut head = Vec::new();
    let mut chunk = [0; 1024];
    while wire::find(&head, b"\r\n\r\n").is_none() {
        match stream.read(&mut chunk)? {
            0 => return Ok(false),
            n => head.extend_from_slice(&chunk[..n]),
        }
    }
    let mut answer =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n".to_vec();
    answer.extend(wire::server_frame(
        br#"{"type":"welcome","cursor":"0","commit":0}"#,
    ));
    stream.write_all(&answer)?;
    Ok(true)
}

fn serve_writer(mut writer: TcpStream, readers: &Mutex<Vec<TcpStream>>) -> io::Result<()> {
    let change = format!(
        "{{\"type\":\"data_change\",\"cursor\":\"0\",\"commit\":0,\"at\":\"2026-01-01T00:00:00.000Z\",\"by\":null,\
         \"changes\":[{{\"table\":\"items\",\"op\":\"insert\",\"key\":{{\"id\":10001}},\"row\":{{\"id\":10001,\
         \"name\":\"bench item\",\"qty\":7,\"note\":\"{}\"}},\"old\":null}}]}}",
        request::note(0, 0)
    );
    let mut frame = wire::server_frame(change.as_bytes());
    // Searched in the text: a byte of the frame's length may look like a mark.
    let mark_at = frame.len() - change.len() + change.find('~').map_or(0, |at| at + 1);
    let mut held = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        match writer.read(&mut chunk)? {
            0 => return Ok(()),
            n => held.extend_from_slice(&chunk[..n]),
        }
        let mut from = 0;
        while let Some((length, id, mark)) = next_request(&held[from..]) {
            from += length;
            let answer = format!("{{\"type\":\"result\",\"id\":{id}}}");
            writer.write_all(&wire::server_frame(answer.as_bytes()))?;
            let Some(mark) = mark else { continue };
            frame[mark_at..mark_at + 12].copy_from_slice(&mark);
            for reader in readers.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
                // A reader that left is the generator's to notice.
                let _ = reader.write_all(&frame);
            }
        }
        held.drain(..from);
    }
}

/// Length, id and mark of the whole request at the front. The generator's frames have a short or
/// a 16-bit length, and a mask of zero.
fn next_request(held: &[u8]) -> Option<(usize, u64, Option<[u8; 12]>)> {
    let (header, payload) = match held.get(1)? & 0x7F {
        126 => (
            8,
            usize::from(u16::from_be_bytes(held.get(2..4)?.try_into().ok()?)),
        ),
        short => (6, usize::from(short)),
    };
    let message = held.get(header..header + payload)?;
    let id = wire::number(message, b"\"id\":")?;
    let mark = message
        .iter()
        .position(|&byte| byte == b'~')
        .and_then(|at| message.get(at + 1..at + 13)?.try_into().ok());
    Some((header + payload, id, mark))
}

/// A bare SQLite database with the benchmark's schema and seed, WAL, `synchronous=FULL`.
pub fn database(dir: &Path, benches: &Path) -> Result<Connection, Failure> {
    let db = Connection::open(dir.join("bare.db"))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    let pack = benches.join("packs/bench");
    db.execute_batch(&std::fs::read_to_string(pack.join("migrations/0001_items.sql"))?)?;
    db.execute_batch(&std::fs::read_to_string(pack.join("seed.sql"))?)?;
    Ok(db)
}

/// Inserts a second, and the latency of a commit, with `group` inserts in each transaction.
pub fn inserts(db: &Connection, group: u32, time: Duration) -> Result<(f64, Latency), Failure> {
    let mut statement = db.prepare(request::INSERT_SQL)?;
    let mut latency = Latency::new();
    let started = Instant::now();
    let mut seq = 0;
    while started.elapsed() < time {
        let at = Instant::now();
        if group > 1 {
            db.execute_batch("BEGIN IMMEDIATE")?;
        }
        for _ in 0..group {
            statement.execute(params!["bench item", 7, request::note(0, seq)])?;
            seq += 1;
        }
        if group > 1 {
            db.execute_batch("COMMIT")?;
        }
        latency.record(at.elapsed());
    }
    Ok((f64::from(seq) / started.elapsed().as_secs_f64(), latency))
}

/// Point reads a second in one thread.
pub fn selects(db: &Connection, time: Duration) -> Result<f64, Failure> {
    let mut statement = db.prepare(request::SELECT_SQL)?;
    let started = Instant::now();
    let mut done = 0_u32;
    let mut bytes = 0;
    while started.elapsed() < time {
        for _ in 0..100 {
            let key = request::KEYS.start + done.wrapping_mul(7919) % 9_000;
            bytes += statement.query_row([key], |row| Ok(row.get_ref(1)?.as_str()?.len()))?;
            done += 1;
        }
    }
    std::hint::black_box(bytes);
    Ok(f64::from(done) / started.elapsed().as_secs_f64())
}
