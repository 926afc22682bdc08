//! The pages in headless Chromium. What is tested stands in `tests/browser/*.test.mjs`; this finds the browser and Node,
//! fetches the two packages that they need, and runs them with the hub that was just built.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const BROWSERS: &[&str] = &[
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const HOW: &str = "The pages are tested in Chromium: install it (Debian: apt-get install -y chromium) or name it in COMPTOIR_CHROMIUM.";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser")
}

fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("COMPTOIR_CHROMIUM").map(PathBuf::from);
    named
        .into_iter()
        .chain(BROWSERS.iter().map(PathBuf::from))
        .find(|path| path.is_file())
}

fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program)
        .args(arguments)
        .current_dir(folder())
        .stdin(Stdio::null())
        .output()
        .ok()
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    run(program, arguments).is_some_and(|output| output.status.success())
}

/// On a machine of its own (`CI=true`), as root on Debian, the browser is installed; nowhere else is anything touched.
fn install_chromium() {
    let may = std::env::var("CI").is_ok_and(|ci| ci == "true" || ci == "1")
        && Path::new("/etc/debian_version").exists()
        && run("id", &["-u"]).is_some_and(|output| output.stdout.starts_with(b"0\n"));
    if may && succeeds("apt-get", &["update", "-qq"]) {
        succeeds(
            "apt-get",
            &[
                "install",
                "-y",
                "-qq",
                "--no-install-recommends",
                "chromium",
                "fonts-noto-core",
            ],
        );
    }
}

fn node_version() -> Option<u32> {
    let said = String::from_utf8(run("node", &["--version"])?.stdout).ok()?;
    said.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[test]
fn the_pages_work_in_a_browser() {
    if chromium().is_none() {
        install_chromium();
    }
    let chromium = chromium().expect(HOW);
    assert!(
        node_version().is_some_and(|version| version >= 20),
        "The pages are tested by Node 20 or newer: install it (Debian: apt-get install -y nodejs npm)."
    );
    if !folder().join("node_modules/playwright-core").is_dir() {
        assert!(
            succeeds("npm", &["ci", "--no-audit", "--no-fund", "--ignore-scripts"]),
            "`npm ci` in tests/browser did not succeed: it fetches playwright-core and axe-core."
        );
    }
    let only = std::env::var("COMPTOIR_BROWSER_TESTS").unwrap_or_else(|_| "*".into());
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.ends_with(".test.mjs") && (only == "*" || name.starts_with(&only))
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no browser test is called {only}");
    // One browser at a time; each file starts its own hub.
    let output = Command::new("node")
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        .args(&files)
        .current_dir(folder())
        .env("COMPTOIR_BIN", env!("CARGO_BIN_EXE_comptoir"))
        .env("COMPTOIR_CHROMIUM", &chromium)
        .env(
            "COMPTOIR_ARTEFACTS",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser"),
        )
        .stdin(Stdio::null())
        .output()
        .expect("node starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}\nScreenshots: {}",
        String::from_utf8_lossy(&output.stderr),
        Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser").display()
    );
    println!("{said}");
}
