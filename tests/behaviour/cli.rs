//! The command line beside and without a running hub.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Hub, cli, hub::shop_pack};

fn run(args: &[&str]) -> cli::Output {
    cli::run(args, "", &[])
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A copy of the shop with one of its files changed.
fn broken_pack(file: &str, change: impl FnOnce(String) -> String) -> (TempDir, PathBuf) {
    let home = TempDir::new().unwrap();
    let pack = home.path().join("boutique");
    copy_dir(&shop_pack(), &pack);
    let path = pack.join(file);
    let text = fs::read_to_string(&path).unwrap_or_default();
    fs::write(&path, change(text)).unwrap();
    (home, pack)
}

// --- serve

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
    assert!(code != 0 && said.contains("max_rows"), "{code} {said}");

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

// --- users, terminals

#[test]
fn users_are_added_listed_and_changed_beside_a_running_hub() {
    let hub = Hub::start();
    hub.cli_with_input(
        &[
            "user",
            "add",
            "zoe",
            "--role",
            "caisse",
            "--display-name",
            "Zoé",
            "--password-stdin",
        ],
        "une phrase longue\n",
    )
    .succeeded();
    assert_eq!(
        hub.login_with("zoe", "une phrase longue")["user"]["display_name"],
        "Zoé"
    );
    let list = hub.cli(&["user", "list", "--json"]).succeeded().json();
    let zoe = list
        .as_array()
        .unwrap()
        .iter()
        .find(|u| u["username"] == "zoe")
        .unwrap()
        .clone();
    assert_eq!((&zoe["role"], &zoe["active"]), (&json!("caisse"), &json!(true)));
    let mut socket = hub.socket_with_token(
        hub.login_with("zoe", "une phrase longue")["token"]
            .as_str()
            .unwrap(),
        "",
    );
    hub.cli_with_input(
        &["user", "passwd", "zoe", "--password-stdin"],
        "une autre phrase\n",
    )
    .succeeded();
    assert_eq!(socket.closed().0, 4401);
    hub.login_with("zoe", "une autre phrase");
    hub.cli(&["user", "remove", "zoe"]).succeeded();
    hub.try_login("zoe", "une autre phrase")
        .problem(401, "invalid_credentials");
}

#[test]
fn what_cannot_be_done_with_a_user_fails_with_1() {
    let hub = Hub::start();
    let add = |name: &str, role: &str, password: &str| {
        hub.cli_with_input(
            &["user", "add", name, "--role", role, "--password-stdin"],
            password,
        )
    };
    add("awa", "caisse", "une phrase longue").failed_with(1);
    let said = add("zoe", "inconnu", "une phrase longue").failed_with(1).said();
    assert!(
        said.contains("inconnu") && said.contains("caisse"),
        "the roles there are: {said}"
    );
    add("zoe", "caisse", "court").failed_with(1);
    for args in [
        &["user", "disable", "personne"][..],
        &["user", "role", "awa", "inconnu"],
        &["user", "remove", "personne"],
    ] {
        hub.cli(args).failed_with(1);
    }
}

#[test]
fn terminals_are_added_listed_and_removed() {
    let hub = Hub::start();
    hub.cli(&["terminal", "add", "guichet", "--here"]).succeeded();
    hub.cli(&["terminal", "add", "stock", "--address", "192.0.2.4"])
        .succeeded();
    let list = hub.cli(&["terminal", "list", "--json"]).succeeded().json();
    let names: Vec<_> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|t| t["name"].clone())
        .collect();
    assert!(names.contains(&json!("guichet")) && names.contains(&json!("stock")));
    hub.cli(&["terminal", "add", "faux", "--address", "pas-une-adresse"])
        .failed_with(2);
    hub.cli(&["terminal", "remove", "stock"]).succeeded();
    hub.cli(&["terminal", "remove", "stock"]).failed_with(1);
}

// --- backup, restore, check, audit

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

// --- config, app, types

#[test]
fn config_show_default_and_check() {
    let home = TempDir::new().unwrap();
    let default = run(&["config", "default"]).succeeded().stdout;
    let file = home.path().join("comptoir.toml");
    fs::write(&file, &default).unwrap();
    let file = file.to_str().unwrap();
    run(&["config", "check", "--config", file]).succeeded();
    let shown = cli::run(
        &["config", "show", "--config", file],
        "",
        &[("COMPTOIR_LIMITS__MAX_ROWS".into(), "123".into())],
    )
    .succeeded();
    assert!(
        shown.stdout.contains("123") && shown.stdout.contains("max_rows"),
        "{}",
        shown.stdout
    );
    fs::write(file, "[limits]\nmax_rowz = 1\n").unwrap();
    let said = run(&["config", "check", "--config", file]);
    assert!(said.code != 0 && said.said().contains("max_rowz"), "{said:?}");
}

#[test]
fn config_show_does_not_show_the_scrape_token() {
    let shown = cli::run(
        &["config", "show"],
        "",
        &[("COMPTOIR_METRICS__SCRAPE_TOKEN".into(), "jeton-de-mesure".into())],
    )
    .succeeded();
    assert!(!shown.said().contains("jeton-de-mesure"), "{}", shown.said());
}

#[test]
fn app_check_runs_a_pack_and_app_new_makes_one_that_passes() {
    run(&["app", "check", shop_pack().to_str().unwrap()]).succeeded();
    let home = TempDir::new().unwrap();
    let fresh = home.path().join("neuve");
    run(&["app", "new", fresh.to_str().unwrap()]).succeeded();
    run(&["app", "check", fresh.to_str().unwrap()]).succeeded();
    run(&["app", "new", fresh.to_str().unwrap()]).failed_with(1);
    let (_home, pack) = broken_pack("functions/fautif.sql", |_| {
        "-- name: f :one\n-- roles: vendeur\nSELECT absent FROM produits;\n".into()
    });
    let said = run(&["app", "check", pack.to_str().unwrap()])
        .failed_with(1)
        .said();
    assert!(said.contains("fautif.sql") && said.contains("absent"), "{said}");
}

#[test]
fn types_are_printed_for_typescript() {
    let hub = Hub::start();
    let said = hub.cli(&["types"]).succeeded().stdout;
    assert!(said.contains("export") && said.contains("produits"), "{said}");
}
