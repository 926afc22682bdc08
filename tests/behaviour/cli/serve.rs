//! Starting: settings, packs, migrations, databases, and errors that a person can act on.

use std::{fs, path::Path};

use serde_json::json;
use tempfile::TempDir;

use super::{broken_pack, run};
use crate::support::{Hub, hub::Setup};

#[test]
fn a_port_that_is_taken_is_named_with_what_to_do() {
    let hub = Hub::start();
    let (code, said) = Hub::with().port(hub.addr().port()).start_and_fail();
    assert_eq!(code, 1, "{said}");
    assert!(
        said.contains(&hub.addr().port().to_string()) && said.contains("--listen"),
        "{said}"
    );
}

#[test]
fn two_hubs_do_not_share_a_data_directory() {
    let hub = Hub::start();
    let (code, said) = Hub::with().data(hub.data_dir()).start_and_fail();
    assert_eq!(code, 1, "{said}");
    hub.socket("awa").ping();
}

#[test]
fn unknown_settings_are_errors_in_the_environment_and_in_the_file() {
    let (code, said) = Hub::with().env("LIMITS__MAX_ROWZ", 5).start_and_fail();
    assert!(
        code != 0 && said.to_lowercase().contains("max_rowz"),
        "{code} {said}"
    );
    let (code, said) = Hub::with().env("LIMITS__MAX_ROWS", "beaucoup").start_and_fail();
    assert!(
        code != 0 && said.to_lowercase().contains("max_rows"),
        "{code} {said}"
    );

    let home = TempDir::new().unwrap();
    let file = home.path().join("comptoir.toml");
    fs::write(&file, "[server]\nheartbeat = 5\n").unwrap();
    let (code, said) = Hub::with()
        .arg("--config")
        .arg(file.to_str().unwrap())
        .start_and_fail();
    assert!(code != 0 && said.contains("heartbeat"), "{code} {said}");
}

#[test]
fn settings_come_from_the_file_and_the_environment_wins() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("comptoir.toml");
    fs::write(&file, "[limits]\nmax_rows = 11\npipeline = 12\n").unwrap();
    let hub = Hub::with()
        .arg("--config")
        .arg(file.to_str().unwrap())
        .env("LIMITS__PIPELINE", 13)
        .start();
    let limits = hub.socket("awa").welcome["limits"].clone();
    assert_eq!(
        (&limits["max_rows"], &limits["pipeline"]),
        (&json!(11), &json!(13))
    );
}

#[test]
fn a_bad_pack_stops_the_hub_with_file_line_and_reason() {
    for (file, change, line, word) in [
        (
            "app.toml",
            "\n[roles.vendeur2]\nraw_sqll = true\n",
            None,
            "raw_sqll",
        ),
        (
            "functions/fautif.sql",
            "-- name: faute :one\n-- roles: vendeur\nSELEC 1;\n",
            Some("3"),
            "fautif.sql",
        ),
        (
            "functions/fautif.sql",
            "-- name: faute :one\n-- roles: inconnu\nSELECT 1;\n",
            Some("2"),
            "inconnu",
        ),
        (
            "functions/fautif.sql",
            "-- name: faute :one\n-- roles: vendeur\nSELECT * FROM absente;\n",
            Some("3"),
            "absente",
        ),
        (
            "functions/fautif.sql",
            "-- name: faute :beaucoup\n-- roles: vendeur\nSELECT 1;\n",
            Some("1"),
            "beaucoup",
        ),
        (
            "functions/fautif.sql",
            "-- name: sell :one\n-- roles: vendeur\nSELECT 1;\n",
            Some("1"),
            "sell",
        ),
        (
            "functions/fautif.sql",
            "-- name: faute :one\n-- roles: vendeur\n-- http: GET /api/query\nSELECT 1;\n",
            Some("3"),
            "/api",
        ),
        (
            "migrations/0002_fautive.sql",
            "CREATE TABEL x(a);\n",
            None,
            "0002_fautive.sql",
        ),
    ] {
        let (_home, pack) = broken_pack(file, |text| format!("{text}{change}"));
        let (code, said) = Hub::with().app(&pack).start_and_fail();
        assert_ne!(code, 0, "{change}");
        assert!(
            said.contains(Path::new(file).file_name().unwrap().to_str().unwrap()),
            "{said}"
        );
        assert!(said.contains(word), "{word}: {said}");
        if let Some(line) = line {
            assert!(
                said.contains(&format!(":{line}")) || said.contains(&format!("line {line}")),
                "{line}: {said}"
            );
        }
    }
}

#[test]
fn a_migration_that_was_changed_or_removed_stops_the_hub() {
    let (_home, pack) = broken_pack("migrations/0002_suite.sql", |_| {
        "CREATE TABLE suite(id INTEGER PRIMARY KEY);\n".into()
    });
    let mut hub = Hub::with().app(&pack).start();
    hub.stop();
    let data = hub.data_dir().to_owned();
    let suite = pack.join("migrations/0002_suite.sql");
    fs::write(&suite, "CREATE TABLE suite(id INTEGER PRIMARY KEY, de_plus);\n").unwrap();
    let (code, said) = Hub::with().app(&pack).data(&data).start_and_fail();
    assert!(code == 1 && said.contains("0002_suite.sql"), "{code} {said}");
    fs::remove_file(&suite).unwrap();
    let (code, said) = Hub::with().app(&pack).data(&data).start_and_fail();
    assert!(code == 1 && said.contains("0002"), "{code} {said}");
    fs::write(&suite, "CREATE TABLE suite(id INTEGER PRIMARY KEY);\n").unwrap();
    hub.restart();
}

#[test]
fn a_new_migration_is_applied_once_on_the_next_start() {
    let (_home, pack) = broken_pack("seed.sql", |text| text);
    let mut hub = Hub::with().app(&pack).start();
    hub.socket("awa")
        .query("INSERT INTO lignes VALUES ('gardée')", json!([]))
        .unwrap();
    hub.stop();
    fs::write(
        pack.join("migrations/0002_suite.sql"),
        "CREATE TABLE suite(id INTEGER PRIMARY KEY);\nINSERT INTO suite VALUES (7);\n",
    )
    .unwrap();
    for _ in 0..2 {
        hub.restart();
        let mut admin = hub.socket("admin");
        assert_eq!(admin.rows("SELECT id FROM suite", json!([])), [json!([7])]);
        assert_eq!(
            admin.rows("SELECT texte FROM lignes", json!([])),
            [json!(["gardée"])]
        );
        hub.stop();
    }
}

#[test]
fn the_data_directory_remembers_its_pack() {
    let mut hub = Hub::start();
    hub.stop();
    hub.restart_with(|setup| setup.no_app());
    assert_eq!(
        hub.socket("awa")
            .value("SELECT count(*) FROM produits", json!([])),
        4
    );
}

#[test]
fn a_seed_is_sown_once() {
    let mut hub = Hub::start();
    hub.stop();
    hub.restart();
    assert_eq!(
        hub.socket("awa")
            .value("SELECT count(*) FROM produits", json!([])),
        4
    );
}

#[test]
fn an_existing_database_is_served_as_it_is() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("ancienne.db");
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch(
        "CREATE TABLE clients(id INTEGER PRIMARY KEY, nom TEXT); INSERT INTO clients VALUES (1, 'Sow');",
    )
    .unwrap();
    let pack = home.path().join("pack");
    fs::create_dir_all(&pack).unwrap();
    fs::write(
        pack.join("app.toml"),
        "name = \"ancienne\"\ntitle = \"Ancienne\"\n[roles.vendeur]\nraw_sql = true\n[roles.vendeur.tables.clients]\nselect = true\ninsert = true\n\
         [[demo.user]]\nusername = \"awa\"\nrole = \"vendeur\"\npassword = \"demo\"\n",
    )
    .unwrap();
    let hub = Hub::with().app(&pack).env("DATA__PATH", file.display()).start();
    let mut awa = hub.socket("awa");
    assert_eq!(awa.rows("SELECT nom FROM clients", json!([])), [json!(["Sow"])]);
    let made = awa
        .query("INSERT INTO clients(nom) VALUES ('Ba')", json!([]))
        .unwrap();
    awa.change_at(&made["commit"]);
    let added: i64 = db
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name <> 'clients' AND name NOT LIKE '\\_comptoir\\_%' ESCAPE '\\' \
             AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(added, 0, "only names that begin with _comptoir_ are added");
    assert_eq!(
        db.query_row("SELECT count(*) FROM clients", [], |r| r.get::<_, i64>(0))
            .unwrap(),
        2
    );
}

#[test]
fn a_damaged_database_is_refused() {
    let mut hub = Hub::start();
    hub.stop();
    let path = hub.data_dir().join("data.db");
    let mut bytes = fs::read(&path).unwrap();
    let len = bytes.len();
    bytes[..100].fill(0x55);
    bytes[len / 2..].fill(0xaa);
    fs::write(&path, bytes).unwrap();
    let (code, said) = Hub::with().data(hub.data_dir()).start_and_fail();
    assert_eq!(code, 1, "{said}");
    assert!(
        said.to_lowercase().contains("backup"),
        "it says what to do: {said}"
    );
}

#[test]
fn the_banner_says_whom_to_log_in_as_in_the_demo() {
    let hub = Hub::start();
    let log = hub.log();
    for wanted in [hub.url(""), "awa".into(), "caro".into(), "demo".into()] {
        assert!(log.contains(&wanted), "{wanted}: {log}");
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    for args in [&["servir"][..], &["serve", "--port"], &["user", "add"], &[]] {
        run(args).failed_with(2);
    }
    run(&["--help"]).succeeded();
    run(&["--version"]).succeeded();
}

#[test]
fn the_data_of_a_demo_served_without_it_is_warned_of_on_every_address() {
    let mut hub = Hub::start();
    assert!(
        !hub.log().contains("data of a demo"),
        "it is one, and says whom to log in as"
    );
    hub.stop();
    hub.restart_with(Setup::no_demo);
    let said = hub.log();
    for word in ["WARNING: this is the data of a demo", "is served without --demo"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn the_doctor_looks_where_the_running_hub_listens_and_whether_there_are_backups() {
    let findings = |hub: &Hub| {
        let all = hub.cli(&["doctor", "--json"]).json();
        move |what: &str| {
            all.as_array()
                .unwrap()
                .iter()
                .find(|one| one["what"] == what)
                .unwrap()
                .clone()
        }
    };
    let mut hub = Hub::with().no_app().no_demo().start();
    let found = findings(&hub);
    let port = found("port");
    assert_eq!(port["ok"], true);
    assert!(
        port["detail"]
            .as_str()
            .unwrap()
            .starts_with(&hub.addr().to_string()),
        "{port}"
    );
    let backups = found("backups");
    assert_eq!(
        (&backups["ok"], &backups["warning"]),
        (&json!(true), &json!(true))
    );
    assert!(
        backups["detail"].as_str().unwrap().contains("backup.every_s"),
        "{backups}"
    );

    let place = hub.data_dir().join("backups");
    hub.cli(&["backup", place.to_str().unwrap()]).succeeded();
    let backups = findings(&hub)("backups");
    assert_eq!((&backups["ok"], backups.get("warning")), (&json!(true), None));
    hub.stop();
    let port = findings(&hub)("port");
    assert!(!port["detail"].as_str().unwrap().contains("running"), "{port}");
}

#[cfg(unix)]
#[test]
fn the_databases_of_a_hub_are_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let hub = Hub::start();
    for name in ["hub.db", "data.db", "data.db-wal", "token.key"] {
        let mode = fs::metadata(hub.data_dir().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
