//! Order and completeness where two things happen at the same moment.

use std::sync::atomic::{AtomicBool, Ordering};

use comptoir::domain::Cursor;
use serde_json::{Value, json};

use crate::support::{Hub, Socket, socket::query};

fn insert(text: &str) -> Value {
    query("INSERT INTO lignes(texte) VALUES (?)", json!([text]))
}

/// Writes `n` lines, sixty at a time.
fn fill(socket: &mut Socket, n: usize) {
    let mut left = n;
    while left > 0 {
        let ids: Vec<Value> = (0..left.min(60))
            .map(|_| socket.send(insert(&"x".repeat(100))))
            .collect();
        ids.iter().for_each(|id| drop(socket.answer(id).unwrap()));
        left -= ids.len();
    }
}

/// One commit of 6,000 rows: sessions fetch it from the log.
fn large(socket: &mut Socket) -> Value {
    let sql = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 6000) \
               INSERT INTO lignes(texte) SELECT 'grand' FROM c";
    socket.query(sql, json!([])).unwrap()["commit"].clone()
}

/// Stops the others when a test ends, however it ends.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn commit_of(cursor: &Value) -> u64 {
    Cursor::parse(cursor.as_str().unwrap()).unwrap().at.commit
}

#[test]
fn a_session_that_replays_hears_the_result_of_a_write_before_its_change() {
    let hub = Hub::with().unthrottled().start();
    let start = hub.socket("awa").cursor();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Company: groups are large, so that their answers take a while.
        for _ in 0..2 {
            scope.spawn(|| {
                let mut binta = hub.socket_at("binta", "tables=couples");
                while !stop.load(Ordering::Relaxed) {
                    fill(&mut binta, 30);
                    std::thread::park_timeout(std::time::Duration::from_millis(20));
                }
            });
        }
        let _stops = Stops(&stop);
        for _ in 0..8 {
            let mut awa = hub.socket_at("awa", &format!("since={start}"));
            for _ in 0..5 {
                let ids: Vec<Value> = (0..30).map(|_| awa.send(insert("à moi"))).collect();
                ids.iter().for_each(|id| drop(awa.answer(id).unwrap()));
            }
            let last = awa.log.iter().rev().find(|f| f["type"] == "result").unwrap()["commit"].clone();
            awa.change_at(&last);
            let mut answered = std::collections::HashSet::new();
            for frame in &awa.log {
                if frame["type"] == "result" {
                    answered.insert(frame["commit"].as_u64());
                } else if frame["by"]["session"] == *awa.session() {
                    assert!(
                        answered.contains(&frame["commit"].as_u64()),
                        "told before answered: {frame}"
                    );
                }
            }
        }
    });
}

#[test]
fn the_cursor_of_a_pong_never_passes_a_change_that_has_not_come() {
    let hub = Hub::with().unthrottled().start();
    let mut awa = hub.socket("awa");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut binta = hub.socket_at("binta", "tables=ventes");
            let _stops = Stops(&stop);
            for _ in 0..10 {
                large(&mut binta);
                fill(&mut binta, 20);
            }
        });
        let mut seen = awa.welcome["commit"].as_u64().unwrap();
        let mut read = 0;
        while !stop.load(Ordering::Relaxed) {
            let ids: Vec<Value> = (0..20).map(|_| awa.send(json!({"type": "ping"}))).collect();
            ids.iter().for_each(|id| drop(awa.answer(id).unwrap()));
            for frame in &awa.log[read..] {
                match frame["type"].as_str() {
                    Some("data_change") => {
                        let commit = frame["commit"].as_u64().unwrap();
                        assert_eq!(commit, seen + 1, "every commit, once, in order");
                        seen = commit;
                    }
                    Some("pong") => assert!(
                        commit_of(&frame["cursor"]) <= seen,
                        "a pong at {} after change {seen}",
                        commit_of(&frame["cursor"])
                    ),
                    _ => {}
                }
            }
            read = awa.log.len();
        }
    });
}

#[test]
fn tables_subscribed_to_during_a_replay_flow_from_the_commit_that_is_answered() {
    let hub = Hub::with().unthrottled().start();
    let start = hub.socket("awa").cursor();
    let mut binta = hub.socket("binta");
    fill(&mut binta, 3_000);
    let last = binta
        .query("INSERT INTO lignes(texte) VALUES ('fin')", json!([]))
        .unwrap()["commit"]
        .as_u64()
        .unwrap();
    for _ in 0..10 {
        let mut awa = hub.socket_at("awa", &format!("since={start}&tables=ventes"));
        let answer = awa
            .request(json!({"type": "subscribe", "tables": ["lignes"]}))
            .unwrap();
        let from = answer["commit"].as_u64().unwrap();
        awa.event("caught_up");
        let told: Vec<u64> = awa.changes().map(|f| f["commit"].as_u64().unwrap()).collect();
        assert_eq!(
            told,
            (from + 1..=last).collect::<Vec<_>>(),
            "subscribed from {from}"
        );
    }
}

#[test]
fn the_last_of_several_subscriptions_at_the_opening_holds() {
    let hub = Hub::with().unthrottled().start();
    let mut binta = hub.socket("binta");
    for _ in 0..10 {
        let mut awa = hub.socket("awa");
        for n in 0..20 {
            let table = if n % 2 == 0 { "lignes" } else { "ventes" };
            awa.send(json!({"type": "subscribe", "tables": [table]}));
        }
        let last = awa.send(json!({"type": "subscribe", "tables": ["couples"]}));
        awa.answer(&last).unwrap();
        fill(&mut binta, 1);
        binta
            .query("INSERT OR REPLACE INTO couples VALUES ('a', 1, 'x')", json!([]))
            .unwrap();
        assert_eq!(awa.change()["changes"][0]["table"], "couples");
    }
}

#[test]
fn ones_own_large_change_is_left_out_where_echo_is_off() {
    let hub = Hub::start();
    let mut awa = hub.socket_at("awa", "echo=false");
    let mut binta = hub.socket("binta");
    large(&mut awa);
    let theirs = large(&mut binta);
    assert_eq!(awa.change()["commit"], theirs);
}
