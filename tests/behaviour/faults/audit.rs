//! The audit across kills, and what tampering it finds.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use rusqlite::Connection;
use serde_json::json;

use super::books::{audited_commits, commits, everything_is_in_order, line};
use crate::support::{Gone, Hub, PATIENCE, Socket, socket::query};

/// Writes until the hub is gone; answers the commits it was told.
fn write_until_death(mut socket: Socket, answers: &AtomicUsize) -> Vec<u64> {
    let mut told = Vec::new();
    loop {
        let sent = socket.try_send(query("INSERT INTO lignes(texte) VALUES ('x')", json!([])));
        match sent.and_then(|id| socket.try_answer(&id)) {
            Ok(answer) => told.push(answer.unwrap()["commit"].as_u64().unwrap()),
            Err(Gone::Late) => panic!("an answer is overdue and the hub lives"),
            Err(_) => return told,
        }
        answers.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn every_committed_write_has_one_row_of_the_audit_whenever_the_hub_is_killed() {
    let mut hub = Hub::with().unthrottled().start();
    let token = hub.token("awa");
    let mut told = Vec::new();
    // Shipping is every half second: kills fall before, in and after it.
    for wanted in [1, 40, 120, 300, 700, 1_000] {
        let answers = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..3)
                .map(|_| {
                    let socket = hub.socket_with_token(&token, "tables=couples");
                    scope.spawn(|| write_until_death(socket, &answers))
                })
                .collect();
            let deadline = Instant::now() + PATIENCE;
            while answers.load(Ordering::Relaxed) < wanted && Instant::now() < deadline {
                std::thread::yield_now();
            }
            hub.kill();
            for writer in writers {
                told.extend(writer.join().unwrap());
            }
        });
        hub.restart();
    }
    everything_is_in_order(&hub);
    let (stored, audited) = (commits(&hub), audited_commits(&hub));
    assert!(
        told.iter().all(|n| stored.contains(n)),
        "an answered write is gone"
    );
    assert_eq!(
        stored,
        audited.into_keys().collect::<Vec<_>>(),
        "nothing is audited that is not there"
    );
}

/// What somebody may do who owns the file: every kind, also with the seals he can compute left as they are.
const TAMPERING: &[(&str, &str)] = &[
    ("a time", "UPDATE audit SET at_ms = at_ms + 1 WHERE id = 3"),
    ("who", "UPDATE audit SET username = 'binta' WHERE id = 3"),
    ("whose id", "UPDATE audit SET user_id = 999 WHERE id = 3"),
    ("from where", "UPDATE audit SET address = '10.0.0.9' WHERE id = 3"),
    (
        "what",
        "UPDATE audit SET detail = 'SELECT 1' WHERE id = (SELECT max(id) FROM audit WHERE action = 'write')",
    ),
    (
        "which tables",
        "UPDATE audit SET tables = NULL WHERE id = (SELECT max(id) FROM audit WHERE action = 'write')",
    ),
    (
        "how many rows",
        "UPDATE audit SET rows_affected = 0 WHERE id = (SELECT max(id) FROM audit WHERE action = 'write')",
    ),
    (
        "which commit",
        "UPDATE audit SET commit_n = 1000 WHERE id = (SELECT max(id) FROM audit WHERE action = 'write')",
    ),
    ("a seal", "UPDATE audit SET hash = randomblob(32) WHERE id = 4"),
    (
        "a link",
        "UPDATE audit SET prev_hash = randomblob(32) WHERE id = 4",
    ),
    ("the first removed", "DELETE FROM audit WHERE id = 1"),
    ("one in the middle removed", "DELETE FROM audit WHERE id = 4"),
    (
        "the last removed",
        "DELETE FROM audit WHERE id = (SELECT max(id) FROM audit)",
    ),
    (
        "the end cut, and the recorded end with it",
        "DELETE FROM audit WHERE id > 4; UPDATE audit_head SET last_id = 4, entries = 4",
    ),
    ("all removed", "DELETE FROM audit"),
    (
        "two exchanged",
        "UPDATE audit SET id = -3 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 4; UPDATE audit SET id = 4 WHERE id = -3",
    ),
    (
        "one inserted",
        "INSERT INTO audit(id, at_ms, action, outcome, prev_hash, hash) SELECT max(id) + 1, 0, 'write', 'ok', \
      (SELECT hash FROM audit_head), randomblob(32) FROM audit",
    ),
    (
        "one removed, the rest moved up",
        "DELETE FROM audit WHERE id = 4; UPDATE audit SET id = id - 1 WHERE id > 4; \
      UPDATE audit_head SET last_id = last_id - 1, entries = entries - 1",
    ),
    ("the recorded end", "UPDATE audit_head SET hash = randomblob(32)"),
];

#[test]
fn every_kind_of_tampering_is_found() {
    let mut hub = Hub::start();
    let mut awa = hub.socket("awa");
    for n in 0..5 {
        line(&mut awa, &format!("{n}"));
    }
    drop(awa);
    hub.stop();
    hub.cli(&["audit", "verify"]).succeeded();
    let path = hub.data_dir().join("hub.db");
    let whole = fs::read(&path).unwrap();
    for (what, sql) in TAMPERING {
        let db = Connection::open(&path).unwrap();
        // Whoever owns the file also drops what stands in his way.
        let triggers: Vec<String> = db
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('audit', 'audit_head')")
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for trigger in triggers {
            db.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap();
        }
        db.execute_batch(sql).unwrap_or_else(|e| panic!("{what}: {e}"));
        assert!(db.total_changes() > 0, "{what}: nothing was changed");
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        db.close().unwrap();
        let said = hub.cli(&["audit", "verify", "--json"]);
        assert_eq!(said.code, 1, "{what}: {said:?}");
        assert_eq!(said.json()["ok"], false, "{what}");
        assert!(said.json()["first_bad_id"].is_i64(), "{what}: {said:?}");
        hub.cli(&["check"]).failed_with(1);
        for side in ["hub.db-wal", "hub.db-shm"] {
            let _ = fs::remove_file(hub.data_dir().join(side));
        }
        fs::write(&path, &whole).unwrap();
    }
    hub.cli(&["audit", "verify"]).succeeded();
}
