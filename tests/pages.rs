//! What the pages say is what the code does: names of metrics, errors, settings, tests and files.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

/// Files below `folder` with one of these endings, `target` and `node_modules` aside.
fn files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | "node_modules") && !name.starts_with('.') {
                    folders.push(path);
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path);
            }
        }
    }
    found
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_metric_is_explained_and_none_that_is_not_there() {
    let text = read("docs/METRICS.md");
    let mut explained: Vec<String> = text
        .lines()
        .filter_map(|line| {
            line.strip_prefix("| `comptoir_")?
                .split('`')
                .next()
                .map(str::to_owned)
        })
        .collect();
    explained.sort();
    // Names are the first literal of each `Opts::new` and the like.
    let code = read("src/telemetry/metrics.rs");
    let mut named: Vec<String> = ["Opts::new(", "IntGauge::new(", "IntCounter::new(", " Gauge::new("]
        .iter()
        .flat_map(|call| code.split(call).skip(1))
        .filter_map(|rest| {
            rest.trim_start()
                .strip_prefix('"')?
                .split('"')
                .next()
                .map(str::to_owned)
        })
        .collect();
    named.push("uptime_seconds".into());
    named.sort();
    named.dedup();
    assert_eq!(explained, named);
}

#[test]
fn every_error_is_explained_with_its_status() {
    let explained: BTreeSet<(String, u16)> = read("docs/ERRORS.md")
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| `")?.split(" | ");
            let code = cells.next()?.trim_end_matches('`').to_owned();
            Some((code, cells.next()?.parse().ok()?))
        })
        .collect();
    let catalogue = comptoir::protocol::Code::ALL
        .iter()
        .map(|code| (code.as_str().to_owned(), code.status()))
        .collect();
    assert_eq!(explained, catalogue);
}

#[test]
fn every_setting_is_explained_and_none_that_is_not_there() {
    let page = read("docs/CONFIG.md");
    let explained: BTreeSet<&str> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .filter_map(|line| line.split(" | ").next())
        .flat_map(quoted)
        .collect();
    let defaults = read("src/config/default.toml");
    let mut section = "";
    let mut settings = BTreeSet::new();
    for line in defaults.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            settings.insert(format!("{section}.{key}"));
        }
    }
    assert_eq!(explained, settings.iter().map(String::as_str).collect());
}

/// The tests of whole modules are named by their module, single ones by `module::test` or their name alone.
#[test]
fn every_test_that_holds_an_invariant_is_there() {
    let code: String = files("tests", &[".rs"])
        .iter()
        .chain(&files("src", &[".rs"]))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    let page = read("ARCHITECTURE.md");
    let (_, table) = page.split_once("## Invariants").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let mut seen = 0;
    for name in table
        .lines()
        .filter(|line| line.starts_with("| "))
        .filter_map(|line| line.split(" | ").nth(1))
        .flat_map(quoted)
    {
        let last = name.rsplit("::").next().unwrap();
        if !last.contains('_') || last.contains(['/', '.']) {
            continue;
        }
        seen += 1;
        let file = name.replace("::", "/");
        let is_module = [format!("tests/{file}"), format!("src/{file}")]
            .iter()
            .any(|path| root().join(format!("{path}.rs")).exists() || root().join(path).is_dir());
        assert!(
            is_module || code.contains(&format!("fn {last}()")),
            "ARCHITECTURE.md: no test `{name}`"
        );
    }
    assert!(seen > 10, "the table was not found");
}

/// The four documents differ in their own sheets and their module; served as they are, each has its whole head.
#[test]
fn the_documents_of_the_pages_have_one_head() {
    let common = |name: &str| -> Vec<String> {
        let own = [
            format!("/web/{name}/"),
            "/web/call/call.css".into(),
            "/web/admin/vendor/".into(),
        ];
        read(&format!("web/{name}/index.html"))
            .lines()
            .filter(|line| !own.iter().any(|part| line.contains(part.as_str())))
            .map(str::to_owned)
            .collect()
    };
    let terminal = common("terminal");
    for name in ["admin", "call", "setup"] {
        assert_eq!(common(name), terminal, "web/{name}/index.html");
    }
}

#[test]
fn every_page_that_is_named_is_there() {
    let mut missing = Vec::new();
    for path in files(".", &[".md", ".rs", ".toml"]) {
        let text = fs::read_to_string(&path).unwrap();
        for (at, _) in text.match_indices("docs/") {
            let name: String = text[at..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "/-_.".contains(*c))
                .collect();
            let name = name.trim_end_matches('.');
            // `docs/decisions/0001` stands for the page that begins so.
            let (folder, start) = name.rsplit_once('/').unwrap();
            let there = fs::read_dir(root().join(folder)).is_ok_and(|mut entries| {
                entries.any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with(start))
            });
            if !there {
                missing.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}
