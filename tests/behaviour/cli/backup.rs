//! Backup, restore, check, and the audit.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Hub, cli};

#[test]
fn a_backup_beside_a_running_hub_is_whole_and_restores() {
    let mut hub = Hub::start();
    let home = TempDir::new().unwrap();
    let mut awa = hub.socket("awa");
    awa.query("INSERT INTO lignes VALUES ('avant')", json!([]))
        .unwrap();
    hub.add_user("zoe", "caisse", "une phrase longue");
    let made = hub.backup(home.path());
    let made = made.to_str().unwrap();
    awa.query("INSERT INTO lignes VALUES ('après')", json!([]))
        .unwrap();
    hub.cli(&["restore", made]).failed_with(1);
    hub.stop();
    hub.cli(&["restore", made]).succeeded();
    hub.cli(&["check"]).succeeded();
    hub.restart();
    assert_eq!(
        hub.socket("awa").rows("SELECT texte FROM lignes", json!([])),
        [json!(["avant"])]
    );
    hub.login_with("zoe", "une phrase longue");
}

#[test]
fn a_backup_taken_under_writing_is_one_position() {
    let hub = Hub::with().unthrottled().start();
    let home = TempDir::new().unwrap();
    let backups = home.path().join("sauvegardes");
    fs::create_dir(&backups).unwrap();
    let mut awa = hub.socket("awa");
    let made = std::thread::scope(|scope| {
        let backup = scope.spawn(|| hub.backup(&backups));
        while !backup.is_finished() {
            awa.rpc("sell", json!([1])).unwrap();
        }
        backup.join().unwrap()
    });
    let data = home.path().join("données");
    cli::run(
        &[
            "restore",
            made.to_str().unwrap(),
            "--data",
            data.to_str().unwrap(),
        ],
        "",
        &[],
    )
    .succeeded();
    let copy = Hub::with().data(&data).start();
    let mut awa = copy.socket("awa");
    let sold = awa
        .value("SELECT count(*) FROM ventes", json!([]))
        .as_i64()
        .unwrap();
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), sold);
    assert_eq!(
        awa.value("SELECT 1000 - stock FROM produits WHERE id = 1", json!([])),
        sold
    );
}

#[test]
fn a_backup_can_be_given_the_name_of_its_file() {
    let hub = Hub::start();
    let home = TempDir::new().unwrap();
    let file = home.path().join("sauvegarde.comptoir");
    hub.cli(&["backup", file.to_str().unwrap()]).succeeded();
    assert!(file.is_file());
}

#[test]
fn a_directory_that_is_not_there_yet_is_made_and_its_newest_backup_restores() {
    let mut hub = Hub::start();
    let home = TempDir::new().unwrap();
    let backups = home.path().join("sauvegardes");
    let first = hub
        .cli(&["backup", "--json", backups.to_str().unwrap()])
        .succeeded();
    let file = first.json()["file"].as_str().unwrap().to_owned();
    assert!(
        backups.is_dir() && file.starts_with(backups.to_str().unwrap()),
        "{file}"
    );
    hub.stop();
    let restored = hub
        .cli(&["restore", "--json", backups.to_str().unwrap()])
        .succeeded();
    assert_eq!(restored.json()["file"], file);
    let empty = TempDir::new().unwrap();
    hub.cli(&["restore", empty.path().to_str().unwrap()])
        .failed_with(1);
}

#[test]
fn what_is_no_backup_is_not_restored() {
    let mut hub = Hub::start();
    hub.stop();
    let home = TempDir::new().unwrap();
    let file = home.path().join("faux");
    fs::write(&file, "pas une sauvegarde").unwrap();
    hub.cli(&["restore", file.to_str().unwrap()]).failed_with(1);
    hub.restart();
    assert_eq!(
        hub.socket("awa")
            .value("SELECT count(*) FROM produits", json!([])),
        4
    );
}

#[test]
fn check_finds_a_damaged_file() {
    let mut hub = Hub::start();
    hub.stop();
    hub.cli(&["check"]).succeeded();
    let path = hub.data_dir().join("data.db");
    let mut bytes = fs::read(&path).unwrap();
    let half = bytes.len() / 2;
    bytes[half..].fill(0xaa);
    fs::write(&path, bytes).unwrap();
    hub.cli(&["check"]).failed_with(1);
}

/// The audit's table in `hub.db`, by what its name says.
fn audit_table(db: &rusqlite::Connection) -> String {
    db.query_row(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%audit%' ORDER BY length(name) LIMIT 1",
        [],
        |row| row.get(0),
    )
    .unwrap()
}

#[test]
fn audit_verify_finds_a_row_that_was_edited_removed_or_reordered() {
    let mut hub = Hub::start();
    let mut awa = hub.socket("awa");
    for n in 0..5 {
        awa.query("INSERT INTO lignes VALUES (?)", json!([n])).unwrap();
    }
    drop(awa);
    hub.stop();
    hub.cli(&["audit", "verify"]).succeeded();
    let path = hub.data_dir().join("hub.db");
    let whole = fs::read(&path).unwrap();
    let table = audit_table(&rusqlite::Connection::open(&path).unwrap());
    for tampering in [
        format!("UPDATE {table} SET outcome = 'autre' WHERE id = (SELECT min(id) + 2 FROM {table})"),
        format!("DELETE FROM {table} WHERE id = (SELECT min(id) + 2 FROM {table})"),
        format!("DELETE FROM {table} WHERE id = (SELECT max(id) FROM {table})"),
        format!("UPDATE {table} SET id = -id WHERE id = (SELECT min(id) + 1 FROM {table})"),
    ] {
        let db = rusqlite::Connection::open(&path).unwrap();
        // Whoever tampers also knows how to drop a trigger.
        let triggers: Vec<String> = db
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?")
            .unwrap()
            .query_map([&table], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for trigger in triggers {
            db.execute_batch(&format!("DROP TRIGGER \"{trigger}\"")).unwrap();
        }
        db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        assert_eq!(db.execute(&tampering, []).unwrap(), 1, "{tampering}");
        db.close().unwrap();
        let said = hub.cli(&["audit", "verify"]);
        assert_eq!(said.code, 1, "{tampering}: {said:?}");
        for side in ["hub.db-wal", "hub.db-shm"] {
            let _ = fs::remove_file(hub.data_dir().join(side));
        }
        fs::write(&path, &whole).unwrap();
        hub.cli(&["audit", "verify"]).succeeded();
    }
}

#[test]
fn audit_export_writes_what_happened() {
    let hub = Hub::start();
    hub.socket("awa").rpc("sell", json!([1])).unwrap();
    let said = crate::support::eventually("the sale is in the audit", || {
        let out = hub.cli(&["audit", "export"]).succeeded().stdout;
        out.contains("sell").then_some(out)
    });
    assert!(said.contains("awa"));
}

#[test]
fn whoever_takes_a_backup_on_the_command_line_is_in_the_audit() {
    let hub = Hub::start();
    let home = TempDir::new().unwrap();
    let made = hub.backup(home.path());
    hub.cli(&["backup", made.to_str().unwrap()]).failed_with(1);
    let rows = hub.as_user("admin").get("/api/admin/audit?action=admin").ok();
    let of_backups: Vec<(&str, &str, &str)> = rows["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["subject"] == "backup")
        .map(|row| {
            let text = |member: &str| row[member].as_str().unwrap();
            (text("address"), text("detail"), text("outcome"))
        })
        .collect();
    let path = made.to_str().unwrap();
    assert_eq!(
        of_backups,
        [("console", path, "unavailable"), ("console", path, "ok")]
    );
    hub.cli(&["audit", "verify"]).succeeded();
}
