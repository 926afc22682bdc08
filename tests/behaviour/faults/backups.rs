//! Backups by the clock, and beside a hub that is written to.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::books::{audited_commits, everything_is_whole, line, lines};
use crate::support::{Hub, Socket, cli, eventually, socket::query};

fn archives(dir: &Path) -> BTreeSet<PathBuf> {
    let Ok(listing) = fs::read_dir(dir) else {
        return BTreeSet::new();
    };
    let paths = listing.flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.extension().is_some_and(|e| e == "tar"))
        .collect()
}

#[test]
fn scheduled_backups_are_made_by_the_clock_and_only_the_newest_are_kept() {
    let hub = Hub::with()
        .env("BACKUP__EVERY_S", 1)
        .env("BACKUP__KEEP", 2)
        .start();
    let dir = hub.data_dir().join("backups");
    let mut awa = hub.socket("awa");
    let mut seen = BTreeSet::new();
    eventually("five backups were made", || {
        if seen.len() < 5 {
            line(&mut awa, "x");
        }
        seen.extend(archives(&dir));
        (seen.len() >= 5).then_some(())
    });
    let kept = eventually("the oldest are gone", || {
        Some(archives(&dir)).filter(|kept| kept.len() == 2)
    });
    assert!(kept.iter().all(|path| {
        seen.iter()
            .rev()
            .take(3)
            .any(|newest| newest >= path || newest == path)
    }));
    assert!(
        !kept.contains(seen.iter().next().unwrap()),
        "the oldest went first"
    );
    let newest = kept.iter().next_back().unwrap().to_str().unwrap().to_owned();
    let home = TempDir::new().unwrap();
    let data = home.path().join("data");
    // Taken hold of before it is rotated away.
    let copy = home.path().join("copy.tar");
    if fs::copy(&newest, &copy).is_ok() {
        cli::run(
            &[
                "restore",
                copy.to_str().unwrap(),
                "--data",
                data.to_str().unwrap(),
            ],
            "",
            &[],
        )
        .succeeded();
    }
}

#[test]
fn a_scheduled_backup_that_fails_is_logged_counted_and_told_to_administrators_and_made_when_it_can_be() {
    let home = TempDir::new().unwrap();
    let dir = home.path().join("sauvegardes");
    // What stands where the directory should be binds root too.
    fs::write(&dir, "").unwrap();
    let hub = Hub::with()
        .env("BACKUP__EVERY_S", 1)
        .env("BACKUP__DIR", dir.display())
        .start();
    let (mut admin, mut awa) = (hub.socket("admin"), hub.socket("awa"));
    let told = admin.event("system_message");
    assert_eq!(told["level"], "error");
    assert!(
        told["text"].as_str().unwrap().to_lowercase().contains("backup"),
        "{told}"
    );
    assert!(!told["text"].as_str().unwrap().contains('/'), "no path: {told}");
    let client = hub.as_user("admin");
    eventually("it is counted", || {
        let metrics = client.get("/metrics").text;
        let line = metrics
            .lines()
            .find(|line| line.starts_with("comptoir_backup_failures_total"))?;
        (line.split(' ').next_back()?.parse::<f64>().ok()? >= 1.0).then_some(())
    });
    eventually("it is logged", || {
        hub.log().contains("the scheduled backup failed").then_some(())
    });
    line(&mut awa, "x");
    fs::remove_file(&dir).unwrap();
    eventually("it is made once it can be", || {
        (!archives(&dir).is_empty()).then_some(())
    });
    awa.ping();
    assert!(
        awa.log.iter().all(|frame| frame["type"] != "system_message"),
        "not a clerk's business"
    );
}

/// What one writer was told: commit and text of each answered write.
fn write_until(socket: &mut Socket, stop: &AtomicBool) -> Vec<(u64, String)> {
    let mut told = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let text = format!("{}/{}", socket.session(), told.len());
        let result = socket.request(query("INSERT INTO lignes(texte) VALUES (?)", json!([text])));
        told.push((result.unwrap()["commit"].as_u64().unwrap(), text));
    }
    told
}

/// Rows of the audit of writes that hub.db of a restored directory does not have yet.
fn pending_audit(data: &Path) -> i64 {
    let db = rusqlite::Connection::open(data.join("data.db")).unwrap();
    let hub_db = data.join("hub.db").to_str().unwrap().to_owned();
    db.execute("ATTACH ? AS hub", [hub_db]).unwrap();
    db.query_row(
        "SELECT count(*) FROM _comptoir_audit WHERE seq > (SELECT last_seq FROM hub.audit_shipped WHERE epoch = \
         (SELECT value FROM _comptoir_meta WHERE key = 'epoch'))",
        [],
        |row| row.get(0),
    )
    .unwrap()
}

#[test]
fn a_backup_beside_a_hub_under_writing_restores_to_exactly_one_position() {
    let mut hub = Hub::with().unthrottled().start();
    let home = TempDir::new().unwrap();
    let token = hub.token("awa");
    let cursor = hub.socket_with_token(&token, "").cursor();
    let stop = AtomicBool::new(false);
    let (backups, told) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| {
                let mut socket = hub.socket_with_token(&token, "tables=couples");
                let stop = &stop;
                scope.spawn(move || write_until(&mut socket, stop))
            })
            .collect();
        let backups: Vec<Value> = (0..6)
            .map(|n| {
                let file = home.path().join(format!("{n}.tar"));
                hub.cli(&["backup", file.to_str().unwrap(), "--json"])
                    .succeeded()
                    .json()
            })
            .collect();
        stop.store(true, Ordering::Relaxed);
        let told: Vec<(u64, String)> = writers.into_iter().flat_map(|w| w.join().unwrap()).collect();
        (backups, told)
    });
    hub.stop();
    let mut had_pending = false;
    for made in &backups {
        let (file, at) = (made["file"].as_str().unwrap(), made["commit"].as_u64().unwrap());
        let restored = hub.cli(&["restore", file, "--json"]).succeeded().json();
        assert_eq!(restored["commit"], at);
        everything_is_whole(&hub);
        had_pending |= pending_audit(hub.data_dir()) > 0;
        let mut stored = lines(&hub);
        let mut wanted: Vec<String> = told
            .iter()
            .filter(|(n, _)| *n <= at)
            .map(|(_, text)| text.clone())
            .collect();
        stored.sort();
        wanted.sort();
        assert!(
            stored == wanted,
            "at commit {at}: {} of {} are there",
            stored.len(),
            wanted.len()
        );
        hub.restart();
        let mut awa = hub.socket_at("awa", &format!("since={cursor}"));
        assert_eq!(
            awa.welcome["epoch"], restored["epoch"],
            "the epoch is the one that was told"
        );
        assert_eq!(awa.event("resync")["reason"], "unknown");
        assert_eq!(awa.welcome["commit"], at);
        eventually("every commit of the restored state is audited, once", || {
            let audited = audited_commits(&hub);
            let twice: Vec<_> = audited.iter().filter(|(_, times)| **times > 1).collect();
            assert!(twice.is_empty(), "at commit {at}, twice in the audit: {twice:?}");
            (1..=at).all(|n| audited.contains_key(&n)).then_some(())
        });
        // What is written from here on is audited too, though numbers before it were undone.
        let before = audited_commits(&hub).get(&(at + 1)).copied().unwrap_or(0);
        assert_eq!(line(&mut awa, "après"), at + 1);
        eventually("the first write after it is audited", || {
            (audited_commits(&hub).get(&(at + 1)) == Some(&(before + 1))).then_some(())
        });
        everything_is_whole(&hub);
        drop(awa);
        hub.stop();
    }
    assert!(had_pending, "no backup fell between a write and its copying");
}
