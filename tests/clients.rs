//! The clients in other languages hold against this hub: their own tests, run by their own tools.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Mutex,
};

/// `npm ci` and the tests share `node_modules`.
static NPM: Mutex<()> = Mutex::new(());

fn sdk() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/js")
}

/// Says why nothing was tested, past the capture of cargo's test harness; a failure where COMPTOIR_REQUIRE_NODE is set.
fn skipped(why: &str) {
    assert!(std::env::var_os("COMPTOIR_REQUIRE_NODE").is_none(), "{why}");
    let _ = writeln!(std::io::stderr(), "\nnot tested: {why}");
}

fn node(arguments: &[&str]) -> Option<Output> {
    Command::new("node")
        .args(arguments)
        .current_dir(sdk())
        .output()
        .ok()
}

/// Node, if it is there and new enough.
fn has_node() -> bool {
    let version =
        node(&["-p", "process.versions.node"]).map(|said| String::from_utf8_lossy(&said.stdout).into_owned());
    let major = version
        .as_deref()
        .and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if major.is_some_and(|major| major >= 20) {
        return true;
    }
    skipped(
        "the JavaScript SDK: install Node.js 20 or newer (https://nodejs.org; Debian: apt install nodejs npm)",
    );
    false
}

#[track_caller]
fn passes(said: &Output) {
    let (out, err) = (
        String::from_utf8_lossy(&said.stdout),
        String::from_utf8_lossy(&said.stderr),
    );
    assert!(said.status.success(), "{out}\n{err}");
}

/// What the SDK is checked with, not what it runs on: that has no dependencies.
fn has_tools() -> bool {
    if sdk().join("node_modules/typescript").is_dir() {
        return true;
    }
    let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
    let installed = Command::new(npm)
        .args(["ci", "--no-audit", "--no-fund", "--prefer-offline"])
        .current_dir(sdk())
        .output();
    if installed.is_ok_and(|said| said.status.success()) {
        return true;
    }
    skipped("the types of the JavaScript SDK: run `npm ci` in clients/js once, with a network");
    false
}

#[test]
fn the_javascript_sdk_holds_against_a_real_hub() {
    if !has_node() {
        return;
    }
    let _only_one = NPM.lock().unwrap();
    has_tools();
    let said = Command::new("node")
        .arg("test/run.js")
        .env("COMPTOIR_BIN", env!("CARGO_BIN_EXE_comptoir"))
        .current_dir(sdk())
        .output()
        .unwrap();
    passes(&said);
}

#[test]
fn the_types_of_the_javascript_sdk_are_right() {
    if !has_node() {
        return;
    }
    let _only_one = NPM.lock().unwrap();
    if has_tools() {
        for project in [&[][..], &["-p", "tsconfig.types.json"]] {
            passes(&node(&[&["node_modules/typescript/bin/tsc"], project].concat()).unwrap());
        }
    }
}
