//! Comparing what the databases and the audit say with what clients were told.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Hub, Socket, eventually};

/// Writes one line and answers its commit.
#[track_caller]
pub fn line(socket: &mut Socket, text: &str) -> u64 {
    let result = socket.query("INSERT INTO lignes(texte) VALUES (?)", json!([text]));
    result.unwrap()["commit"].as_u64().unwrap()
}

/// All lines, from the file itself.
pub fn lines(hub: &Hub) -> Vec<String> {
    let db = hub.data_db();
    let mut statement = db.prepare("SELECT texte FROM lignes").unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The audit as `comptoir audit export` has it.
pub fn audit(hub: &Hub) -> Vec<Value> {
    let exported = hub.cli(&["audit", "export"]).succeeded().stdout;
    exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// How many rows of the audit the write of each commit has.
pub fn audited_commits(hub: &Hub) -> BTreeMap<u64, usize> {
    let mut found = BTreeMap::new();
    let writes = audit(hub).into_iter().filter(|row| row["action"] == "write");
    for commit in writes.filter_map(|row| row["commit"].as_u64()) {
        *found.entry(commit).or_default() += 1;
    }
    found
}

/// The commits of users that the business database still knows.
pub fn commits(hub: &Hub) -> Vec<u64> {
    let db = hub.data_db();
    let mut statement = db
        .prepare("SELECT n FROM _comptoir_commit WHERE user_id IS NOT NULL ORDER BY n")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Both databases and the chain of the audit are whole.
#[track_caller]
pub fn everything_is_whole(hub: &Hub) {
    hub.cli(&["check"]).succeeded();
    hub.cli(&["audit", "verify"]).succeeded();
}

/// Everything is whole, and every commit comes to have exactly one row of the audit.
#[track_caller]
pub fn everything_is_in_order(hub: &Hub) {
    let wanted = commits(hub);
    eventually("every commit is audited, once", || {
        let found = audited_commits(hub);
        assert!(
            found.values().all(|times| *times == 1),
            "twice in the audit: {found:?}"
        );
        wanted.iter().all(|n| found.contains_key(n)).then_some(())
    });
    everything_is_whole(hub);
}
