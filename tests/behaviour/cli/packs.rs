//! Configuration, packs and types.

use std::fs;

use tempfile::TempDir;

use super::{broken_pack, run};
use crate::support::{Hub, cli, hub::shop_pack};

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
    fs::write(file, "[log]\nlevel = \"nonsense\"\n").unwrap();
    let said = run(&["config", "check", "--config", file]);
    assert!(said.code != 0 && said.said().contains("nonsense"), "{said:?}");
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

#[test]
fn a_pack_for_a_database_that_is_there_is_written_checked_typed_and_served() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("ancienne.db");
    let old = rusqlite::Connection::open(&file).unwrap();
    old.execute_batch(
        "CREATE TABLE clients(id INTEGER PRIMARY KEY, nom TEXT);
         INSERT INTO clients(nom) VALUES ('Diallo');",
    )
    .unwrap();
    drop(old);
    let pack = home.path().join("pack");
    let (pack_name, file_name) = (pack.to_str().unwrap(), file.to_str().unwrap());
    let cli = |args: &[&str]| crate::support::cli::run(args, "", &[]);
    cli(&["app", "new", pack_name, "--from", file_name]).succeeded();
    cli(&["app", "check", pack_name]).succeeded();
    let types = cli(&["types", "--app", pack_name]).succeeded();
    assert!(types.stdout.contains("clients"), "{types:?}");

    let hub = Hub::with()
        .no_demo()
        .app(&pack)
        .env("DATA__PATH", file_name)
        .env("AUTH__LOGIN_FROM_ANYWHERE", true)
        .start();
    hub.add_user("zoe", "reader", "une phrase longue");
    let token = hub.login_with("zoe", "une phrase longue")["token"].clone();
    let reader = crate::support::Client::new(&hub.url(""), token.as_str().map(str::to_owned));
    assert_eq!(
        reader.get("/api/tables/clients").ok(),
        serde_json::json!([{"id": 1, "nom": "Diallo"}])
    );
}
