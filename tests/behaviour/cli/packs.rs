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
