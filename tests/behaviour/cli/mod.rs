//! The command line beside and without a running hub.

mod accounts;
mod backup;
mod packs;
mod serve;

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::support::{cli, hub::shop_pack};

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
