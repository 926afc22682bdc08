//! Packs written to a directory of the test.

use std::fs;

use comptoir::{
    pack::{Pack, PackError},
    store::data::pack_check,
};
use tempfile::TempDir;

pub const APP: &str = r#"name = "essai"
[roles.patron]
admin = true
[roles.vendeur]
raw_sql = true
[roles.vendeur.tables.produits]
select = ["id", "nom"]
"#;

pub const MIGRATION: &str = "CREATE TABLE produits(id INTEGER PRIMARY KEY, nom TEXT, prix INTEGER);\n";

/// A pack of these files; `app.toml` and the first migration as above where they are not given.
pub fn pack_dir(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let all = [("app.toml", APP), ("migrations/0001_initial.sql", MIGRATION)];
    for (name, text) in all.iter().chain(files) {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// Loads and checks.
pub fn check(files: &[(&str, &str)]) -> Result<Pack, PackError> {
    let dir = pack_dir(files);
    let mut pack = Pack::load(dir.path())?;
    pack_check::run_everything(&mut pack, None)?;
    Ok(pack)
}

/// The faults, as they print.
pub fn faults(files: &[(&str, &str)]) -> String {
    check(files)
        .expect_err("the pack should have been refused")
        .to_string()
}
