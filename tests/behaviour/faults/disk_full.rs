//! A disk that is full.

use std::time::Instant;

use serde_json::{Value, json};

use super::books::{audit, everything_is_in_order, line, lines};
use crate::support::{
    Hub, PATIENCE, Socket, disk::SmallDisk, eventually, hub::Setup, isolated::with_own_mounts, socket::query,
};

/// Writes lines until the disk takes none; answers those that were answered.
fn write_until_refused(socket: &mut Socket, prefix: &str) -> Vec<String> {
    let filler = "x".repeat(20_000);
    let mut answered = Vec::new();
    let began = Instant::now();
    loop {
        let text = format!("{prefix}-{}-{filler}", answered.len());
        match socket.query("INSERT INTO lignes(texte) VALUES (?)", json!([text])) {
            Ok(_) => answered.push(text),
            Err(refusal) => {
                assert_eq!(refusal.code, "unavailable", "{}", refusal.frame);
                return answered;
            }
        }
        assert!(
            began.elapsed() < PATIENCE * 2,
            "the disk is full and writes go on"
        );
    }
}

fn on(disk: &SmallDisk) -> Setup {
    Hub::with().unthrottled().data(disk.path().join("data"))
}

#[test]
fn on_a_full_disk_writes_are_unavailable_and_the_rest_goes_on_until_there_is_space_again() {
    with_own_mounts(|| {
        let disk = SmallDisk::new(12);
        let mut hub = on(&disk).start();
        let (mut awa, mut binta, mut listener) = (hub.socket("awa"), hub.socket("binta"), hub.socket("awa"));
        let clerk = hub.as_user("awa");
        line(&mut awa, "avant");
        let mut told = vec!["avant".to_owned()];
        disk.fill();
        for round in 0..3 {
            told.extend(write_until_refused(&mut awa, &format!("plein-{round}")));
            // Others are refused the same way, and may still read; nobody's socket notices.
            binta.refused(
                query(
                    "INSERT INTO lignes(texte) VALUES (?)",
                    json!(["y".repeat(20_000)]),
                ),
                "unavailable",
            );
            assert_eq!(binta.value("SELECT count(*) FROM lignes", json!([])), told.len());
            assert_eq!(
                listener.value("SELECT count(*) FROM lignes", json!([])),
                told.len()
            );
            binta.ping();
            assert_eq!(
                clerk.get("/api/tables/produits").ok().as_array().unwrap().len(),
                4
            );
            hub.client().get("/api/health").ok();
            hub.client().get("/api/health/ready").ok();
            let login = hub.try_login("caro", "demo");
            assert!(
                [200, 503].contains(&login.status),
                "{} {}",
                login.status,
                login.text
            );
            // What is refused is still refused, and not forgotten by the audit.
            binta.refused(query("SELECT valeur FROM secrets", json!([])), "forbidden");
        }
        disk.relieve();
        eventually("writes are taken again", || {
            let text = format!("après-{}", told.len());
            let written = awa.query("INSERT INTO lignes(texte) VALUES (?)", json!([text]));
            written.is_ok().then(|| told.push(text))
        });
        line(&mut binta, "de binta");
        told.push("de binta".to_owned());
        let mut heard = 0;
        while heard < told.len() {
            listener.change();
            heard += 1;
        }
        eventually("every refusal is in the audit", || {
            let refusals = audit(&hub)
                .iter()
                .filter(|row| row["action"] == "refused" && row["outcome"] == "forbidden")
                .count();
            (refusals == 3).then_some(())
        });
        everything_is_in_order(&hub);
        hub.stop();
        let mut stored = lines(&hub);
        stored.sort();
        told.sort();
        assert!(
            stored == told,
            "{} were answered, {} are there",
            told.len(),
            stored.len()
        );
        hub.restart();
        everything_is_in_order(&hub);
    });
}

#[test]
fn where_only_the_disk_of_hub_db_is_full_writes_go_on_and_are_audited_later() {
    with_own_mounts(|| {
        let disk = SmallDisk::new(8);
        let home = tempfile::TempDir::new().unwrap();
        let hub = on(&disk)
            .env("DATA__PATH", home.path().join("data.db").display())
            .start();
        let (mut awa, mut admin) = (hub.socket("awa"), hub.as_user("admin"));
        disk.fill();
        admin = admin.header("x-test", "1");
        // Fills what the log of hub.db had left: an administrator's act is not done where it cannot be audited.
        let refused = eventually("hub.db is full", || {
            let made = admin.post("/api/admin/users", &json!({"username": crate::support::unique("u"), "role": "caisse", "password": "une phrase longue"}));
            (made.status != 201 && made.status != 200).then_some(made)
        });
        refused.problem(503, "unavailable");
        for n in 0..50 {
            line(&mut awa, &format!("{n}"));
        }
        assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 50);
        disk.relieve();
        eventually("all writes are audited, once", || {
            let rows: Vec<Value> = audit(&hub)
                .into_iter()
                .filter(|row| row["action"] == "write")
                .collect();
            assert!(rows.len() <= 50);
            (rows.len() == 50).then_some(())
        });
        hub.cli(&["audit", "verify"]).succeeded();
        hub.cli(&["check"]).succeeded();
    });
}

#[test]
fn a_backup_that_does_not_fit_fails_and_leaves_nothing_and_the_hub_goes_on() {
    with_own_mounts(|| {
        let disk = SmallDisk::new(4);
        let hub = Hub::with().env("BACKUP__DIR", disk.path().display()).start();
        let mut awa = hub.socket("awa");
        let mut admin = hub.socket("admin");
        admin
            .query(
                "INSERT INTO pieces(contenu) SELECT randomblob(2000000) FROM produits",
                json!([]),
            )
            .unwrap();
        hub.as_user("admin")
            .post("/api/admin/backup", &json!({}))
            .problem(503, "unavailable");
        let said = hub.cli(&["backup", disk.path().to_str().unwrap()]).failed_with(1);
        assert!(said.said().contains("full"), "{said:?}");
        let left: Vec<_> = std::fs::read_dir(disk.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
        line(&mut awa, "x");
    });
}

#[test]
fn a_hub_stopped_or_killed_on_a_full_disk_loses_nothing_and_says_why_where_it_cannot_start() {
    with_own_mounts(|| {
        for kill in [false, true] {
            let disk = SmallDisk::new(12);
            let mut hub = on(&disk).start();
            let mut awa = hub.socket("awa");
            let mut told: Vec<String> = (0..50).map(|n| format!("{n}")).collect();
            for text in &told {
                line(&mut awa, text);
            }
            disk.fill();
            told.extend(write_until_refused(&mut awa, "plein"));
            drop(awa);
            if kill {
                hub.kill()
            } else {
                hub.stop()
            }
            // Serving on, or refusing in words: both are right, a hub that hangs or panics is not.
            disk.fill();
            let mut starting = on(&disk).port(hub.addr().port()).spawn();
            let ended = eventually("it is up or has said why not", || {
                match starting.try_wait().unwrap() {
                    Some(status) => Some(Some(status)),
                    None => hub
                        .client()
                        .try_get("/api/health/ready")
                        .is_some_and(|r| r.status == 200)
                        .then_some(None),
                }
            });
            let _ = starting.kill(); // it may have ended by itself
            let said = crate::support::cli::finish(starting, PATIENCE).said();
            assert!(!said.contains("panicked") && !said.contains("restore"), "{said}");
            if let Some(status) = ended {
                assert_eq!(status.code(), Some(1), "{said}");
                assert!(said.contains("full") || said.contains("space"), "{said}");
            }
            disk.relieve();
            hub.restart();
            everything_is_in_order(&hub);
            let mut stored = lines(&hub);
            stored.sort();
            told.sort();
            assert!(
                stored == told,
                "{} were answered, {} are there",
                told.len(),
                stored.len()
            );
        }
    });
}
