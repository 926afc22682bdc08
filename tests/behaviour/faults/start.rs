//! Starts that must be refused, and one that must be quick.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;

use super::books::{everything_is_in_order, line};
use crate::support::{Hub, hub::Setup};

/// A pack of two migrations that has been served, stopped again.
struct Served {
    home: TempDir,
}

impl Served {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let pack = home.path().join("pack");
        fs::create_dir_all(pack.join("migrations")).unwrap();
        fs::write(
            pack.join("app.toml"),
            "name = \"essai\"\ntitle = \"Essai\"\n[roles.vendeur]\nraw_sql = true\n[roles.vendeur.tables.lignes]\n\
             select = true\ninsert = true\n[[demo.user]]\nusername = \"awa\"\nrole = \"vendeur\"\npassword = \"demo\"\n",
        )
        .unwrap();
        let served = Self { home };
        served.migration("0001_un.sql", "CREATE TABLE lignes(texte TEXT);\n");
        served.migration("0002_deux.sql", "CREATE TABLE suite(x);\n");
        let mut hub = served.setup().start();
        line(&mut hub.socket("awa"), "x");
        hub.as_user("awa");
        hub.cli(&["backup", served.data().join("backups/").to_str().unwrap()])
            .succeeded();
        hub.stop();
        served
    }

    fn data(&self) -> std::path::PathBuf {
        self.home.path().join("data")
    }

    fn pack(&self) -> std::path::PathBuf {
        self.home.path().join("pack")
    }

    fn migration(&self, file: &str, sql: &str) {
        fs::write(self.pack().join("migrations").join(file), sql).unwrap();
    }

    fn setup(&self) -> Setup {
        Hub::with().app(self.pack()).data(self.data())
    }

    /// Refused with all of `words`; the way back is not a backup.
    #[track_caller]
    fn refused(&self, words: &[&str]) {
        let (code, said) = self.setup().no_app().start_and_fail();
        assert_eq!(code, 1, "{said}");
        for word in words {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("comptoir restore"), "nothing is damaged: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}

#[test]
fn a_migration_that_was_changed_removed_or_is_newer_than_the_pack_is_refused_by_name() {
    let served = Served::new();
    served.migration("0001_un.sql", "CREATE TABLE lignes(texte TEXT, de_plus);\n");
    served.refused(&["0001_un.sql", "changed"]);
    served.migration("0001_un.sql", "CREATE TABLE lignes(texte TEXT);\n");
    fs::remove_file(served.pack().join("migrations/0002_deux.sql")).unwrap();
    served.refused(&["0002_deux.sql", "newer"]);
    fs::remove_file(served.pack().join("migrations/0001_un.sql")).unwrap();
    served.migration("0002_deux.sql", "CREATE TABLE suite(x);\n");
    served.refused(&["0001", "missing"]);
    served.migration("0001_un.sql", "CREATE TABLE lignes(texte TEXT);\n");
    let hub = served.setup().start();
    everything_is_in_order(&hub);
}

#[test]
fn a_migration_that_fails_is_refused_by_file_and_line_and_the_database_is_as_it_was() {
    let served = Served::new();
    // Good on an empty database, as the check of the pack has it, and not on this one.
    served.migration("0003_trois.sql", "CREATE TABLE z(y);\n\nCREATE TABLE w(v);\nINSERT INTO z SELECT texte FROM lignes;\nCREATE UNIQUE INDEX u ON suite(x);\nINSERT INTO suite SELECT 1 FROM lignes UNION ALL SELECT 1 FROM lignes;\n");
    served.refused(&["0003_trois.sql:6"]);
    fs::remove_file(served.pack().join("migrations/0003_trois.sql")).unwrap();
    let mut hub = served.setup().start();
    everything_is_in_order(&hub);
    hub.stop();
    assert!(before_migration(&served.data()) > 0, "a backup was made first");
}

fn before_migration(data: &Path) -> usize {
    let listing = fs::read_dir(data.join("backups")).unwrap().flatten();
    listing
        .filter(|entry| {
            entry
                .file_name()
                .to_string_lossy()
                .starts_with("before-migration-")
        })
        .count()
}

#[test]
fn a_pack_that_is_gone_is_refused_by_its_path() {
    let served = Served::new();
    fs::rename(served.pack(), served.home.path().join("ailleurs")).unwrap();
    served.refused(&[served.pack().to_str().unwrap(), "--app"]);
    let hub = served.setup().app(served.home.path().join("ailleurs")).start();
    everything_is_in_order(&hub);
}

#[test]
fn an_existing_database_gets_the_migrations_of_a_pack_after_a_backup() {
    let served = Served::new();
    let home = TempDir::new().unwrap();
    let file = home.path().join("ancienne.db");
    rusqlite::Connection::open(&file)
        .unwrap()
        .execute_batch("CREATE TABLE clients(nom TEXT); INSERT INTO clients VALUES ('Sow');")
        .unwrap();
    let data = home.path().join("data");
    let mut hub = Hub::with()
        .app(served.pack())
        .data(&data)
        .env("DATA__PATH", file.display())
        .start();
    line(&mut hub.socket("awa"), "x");
    assert_eq!(before_migration(&data), 1);
    hub.stop();
    let made = fs::read_dir(data.join("backups"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path();
    hub.cli(&["restore", made.to_str().unwrap()]).succeeded();
    hub.restart();
    let names: Vec<String> = {
        let db = rusqlite::Connection::open(&file).unwrap();
        let mut all = db.prepare("SELECT nom FROM clients").unwrap();
        let rows = all.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(names, ["Sow"]);
}

/// Some minutes and three gigabytes of disk: with `COMPTOIR_LARGE=1`, and meant for `--release`.
#[test]
fn a_hub_with_a_gigabyte_is_ready_within_two_seconds_after_a_stop_and_after_a_kill() {
    if std::env::var_os("COMPTOIR_LARGE").is_none() {
        eprintln!("skipped: set COMPTOIR_LARGE=1");
        return;
    }
    let mut hub = Hub::start();
    line(&mut hub.socket("awa"), "x");
    hub.stop();
    let db = hub.data_db();
    db.execute_batch(
        "PRAGMA synchronous = OFF;
         CREATE TABLE archives(id INTEGER PRIMARY KEY, client INTEGER, texte TEXT);
         INSERT INTO archives(client, texte) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 4200000)
           SELECT i % 1000, hex(randomblob(120)) FROM n;
         CREATE INDEX archives_client ON archives(client);
         PRAGMA wal_checkpoint(TRUNCATE);",
    )
    .unwrap();
    drop(db);
    let size = fs::metadata(hub.data_dir().join("data.db")).unwrap().len();
    assert!(size > 1 << 30, "{size}");
    hub.restart();
    let mut took = Vec::new();
    for kill in [false, true, true] {
        let mut awa = hub.socket("awa");
        for n in 0..500 {
            let _ = awa.send(
                json!({"type": "query", "query": "INSERT INTO lignes VALUES (?)", "params": [n], "id": n}),
            );
        }
        let _ = awa.answer(&json!(400));
        drop(awa);
        if kill {
            hub.kill()
        } else {
            hub.stop()
        }
        let began = Instant::now();
        hub.restart();
        took.push((if kill { "kill" } else { "stop" }, began.elapsed()));
    }
    eprintln!("{} MiB: ready after {took:?}", size >> 20);
    assert!(
        took.iter().all(|(_, took)| *took < Duration::from_secs(2)),
        "{took:?}"
    );
}
