//! The walls of the house (ARCHITECTURE.md), held by reading the source. Simple on purpose: it looks
//! for paths in text, with comments, strings and test modules taken out.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

/// From the top of the house to its foundations: a module may use itself and what stands after it.
const LAYERS: &[&str] = &[
    "app",
    "transport",
    "session",
    "hub",
    "executor",
    "broker",
    "store",
    "auth",
    "pack",
    "domain",
    "protocol",
    "config",
    "telemetry",
];

/// Crates that one place alone may name, with that place.
const ONLY: &[(&str, &[&str])] = &[
    ("actix_web_actors", &["src/transport/ws/socket.rs"]),
    ("actix_web", &["src/transport/", "src/app/"]),
    ("actix_multipart", &["src/transport/http/files/upload.rs"]),
    ("actix_http", &["src/transport/", "src/app/"]),
    ("rusqlite", &["src/store/data/"]),
    ("diesel", &["src/store/hub/"]),
    ("diesel_migrations", &["src/store/hub/"]),
    ("r2d2", &["src/store/hub/"]),
    ("clap", &["src/app/"]),
    ("bcrypt", &["src/auth/"]),
    ("jsonwebtoken", &["src/auth/"]),
    ("hmac", &["src/auth/"]),
    ("image", &["src/hub/files/picture.rs"]),
    ("tar", &["src/app/backup/"]),
    ("tracing_subscriber", &["src/telemetry/"]),
];

/// Pure rooms: no I/O, no network, no database, whatever crate offers it.
const PURE: &[(&str, &[&str])] = &[
    (
        "src/domain/",
        &[
            "std::fs",
            "std::net::Tcp",
            "std::net::Udp",
            "tokio",
            "actix",
            "std::thread",
            "SystemTime::now",
            "Instant::now",
            "now_utc",
        ],
    ),
    (
        "src/protocol/",
        &[
            "std::fs",
            "std::net::Tcp",
            "std::net::Udp",
            "tokio",
            "actix",
            "std::thread",
            "SystemTime::now",
            "Instant::now",
            "now_utc",
        ],
    ),
];

/// Past this, its tests aside, a file has more than one duty.
const MOST_LINES: usize = 450;

/// The one place of the domain that asks for the time: everybody else is told.
const CLOCK: &str = "src/domain/timestamp.rs";

struct Source {
    /// Relative to the package, with forward slashes.
    path: String,
    text: String,
    /// Comments and strings blanked, test modules cut; lines keep their numbers.
    code: String,
}

impl Source {
    /// The room it belongs to; `None` for `main.rs` and `lib.rs`.
    fn room(&self) -> Option<&str> {
        let first = self.path.strip_prefix("src/")?.split('/').next()?;
        let name = first.strip_suffix(".rs").unwrap_or(first);
        (name != "main" && name != "lib").then_some(name)
    }

    fn line_of(&self, offset: usize) -> usize {
        self.code[..offset].matches('\n').count() + 1
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&root.join("src"), &mut paths);
    paths.sort();
    assert!(paths.len() > 20, "the source was not found");
    paths
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.components().any(|c| c.as_os_str() == "tests"))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let relative = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            Source {
                path: relative,
                code: without_tests(&blank(&text)),
                text,
            }
        })
        .collect()
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Replaces what stands in comments and string literals by spaces, keeping line breaks.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut i = 0;
    while i < chars.len() {
        let end = match (at(i), at(i + 1)) {
            ('/', '/') => (i..chars.len()).find(|&j| at(j) == '\n').unwrap_or(chars.len()),
            ('/', '*') => {
                let mut depth = 0;
                let mut j = i;
                loop {
                    match (at(j), at(j + 1)) {
                        ('/', '*') => (depth, j) = (depth + 1, j + 2),
                        ('*', '/') => (depth, j) = (depth - 1, j + 2),
                        _ => j += 1,
                    }
                    if depth == 0 || j >= chars.len() {
                        break j.min(chars.len());
                    }
                }
            }
            ('r', '"' | '#') if i == 0 || !(at(i - 1).is_alphanumeric() || at(i - 1) == '_') => {
                let hashes = (i + 1..).take_while(|&j| at(j) == '#').count();
                if at(i + 1 + hashes) == '"' {
                    let closes = |j: usize| at(j) == '"' && (1..=hashes).all(|k| at(j + k) == '#');
                    (i + 2 + hashes..chars.len())
                        .find(|&j| closes(j))
                        .map_or(chars.len(), |j| j + 1 + hashes)
                } else {
                    i
                }
            }
            ('"', _) => {
                let mut j = i + 1;
                while j < chars.len() && at(j) != '"' {
                    j += if at(j) == '\\' { 2 } else { 1 };
                }
                (j + 1).min(chars.len())
            }
            // A character literal; a lifetime has no closing quote so near.
            ('\'', '\\') => (i + 2..chars.len())
                .skip(1)
                .find(|&j| at(j) == '\'')
                .map_or(i, |j| j + 1),
            ('\'', _) if at(i + 2) == '\'' => i + 3,
            _ => i,
        };
        if end > i {
            out.extend(chars[i..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            i = end;
        } else {
            out.push(chars[i]);
            i += 1;
        }
    }
    out
}

/// Blanks every item under `#[cfg(test)]` that has a body.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out[from..].find("#[cfg(test)]") {
        let start = from + found;
        let rest = &out[start..];
        let Some(stop) = rest.find(['{', ';']) else { break };
        let mut end = start + stop + 1;
        if rest.as_bytes()[stop] == b'{' {
            let mut depth = 1;
            for (offset, byte) in out[end..].bytes().enumerate() {
                match byte {
                    b'{' => depth += 1,
                    b'}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 {
                    end += offset + 1;
                    break;
                }
            }
        }
        let blanked: String = out[start..end]
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        out.replace_range(start..end, &blanked);
        from = start + blanked.len();
    }
    out
}

/// Where `word` stands as a whole word.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| !code[..at].ends_with(is_part) && !code[at + word.len()..].starts_with(is_part))
}

/// Where a crate is named: `name::`, `use name;`, `use name as`, `name!`; not fields and locals of that name.
fn names_of_crate<'a>(code: &'a str, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    words(code, name).filter(move |&at| {
        let before = code[..at].trim_end();
        let after = &code[at + name.len()..];
        let path_begins = after.starts_with("::") && !before.ends_with("::");
        let imported = before.ends_with("use") && !after.starts_with("::");
        path_begins || imported
    })
}

/// The rooms that `crate::` paths in `code` lead to, with their offsets; groups in braces are opened.
fn rooms_used(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(code, "crate") {
        let Some(path) = code[at..].strip_prefix("crate::") else {
            continue;
        };
        if let Some(group) = path.strip_prefix('{') {
            let mut depth = 1;
            let mut item = String::new();
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 || (depth == 1 && c == ',') {
                    found.push((at, first_name(&item)));
                    item.clear();
                } else {
                    item.push(c);
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            found.push((at, first_name(path)));
        }
    }
    found.retain(|(_, name)| !name.is_empty());
    found
}

fn first_name(path: &str) -> String {
    path.trim_start()
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

fn report(problems: &[String], rule: &str) {
    let mut text = String::new();
    for problem in problems {
        writeln!(text, "  {problem}").unwrap();
    }
    assert!(problems.is_empty(), "{rule}\n{text}");
}

#[test]
fn modules_use_only_what_stands_below_them() {
    let rank = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let mut problems = Vec::new();
    for source in sources() {
        let Some(room) = source.room() else { continue };
        let Some(own) = rank(room) else {
            problems.push(format!("{}: `{room}` has no place in the house", source.path));
            continue;
        };
        for (at, used) in rooms_used(&source.code) {
            if rank(&used).is_some_and(|used| used < own) {
                problems.push(format!(
                    "{}:{}: `{room}` uses `{used}`",
                    source.path,
                    source.line_of(at)
                ));
            }
        }
    }
    report(&problems, "`crate::` may only point down the list of lib.rs:");
}

#[test]
fn the_list_in_lib_rs_is_the_order_of_the_house() {
    let lib = sources()
        .into_iter()
        .find(|source| source.path == "src/lib.rs")
        .unwrap();
    let listed: Vec<&str> = lib
        .code
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    assert_eq!(listed, LAYERS);
}

#[test]
fn each_foreign_crate_is_named_in_its_own_room_alone() {
    let mut problems = Vec::new();
    for source in sources() {
        for (name, places) in ONLY {
            if places.iter().any(|place| source.path.starts_with(place)) {
                continue;
            }
            for at in names_of_crate(&source.code, name) {
                problems.push(format!("{}:{}: names `{name}`", source.path, source.line_of(at)));
            }
        }
    }
    report(&problems, "these crates have one place:");
}

#[test]
fn the_domain_and_the_protocol_do_no_io() {
    let mut problems = Vec::new();
    for source in sources() {
        for (place, banned) in PURE {
            for name in banned.iter().filter(|_| source.path.starts_with(place)) {
                if source.path == CLOCK && *name == "SystemTime::now" {
                    continue;
                }
                for (at, _) in source.code.match_indices(name) {
                    problems.push(format!("{}:{}: `{name}`", source.path, source.line_of(at)));
                }
            }
        }
    }
    report(&problems, "these rooms are pure:");
}

#[test]
fn nothing_outside_tests_may_panic_by_unwrapping() {
    let mut problems = Vec::new();
    for source in sources() {
        for call in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!("] {
            for (at, _) in source.code.match_indices(call) {
                problems.push(format!("{}:{}: `{call}`", source.path, source.line_of(at)));
            }
        }
    }
    report(&problems, "errors are values outside tests:");
}

#[test]
fn every_queue_is_bounded_or_says_why_it_need_not_be() {
    let mut problems = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        for call in [
            "do_send(",
            "unbounded_channel(",
            "unbounded_channel::<",
            "unbounded(",
            "unbounded::<",
        ] {
            for (at, _) in source.code.match_indices(call) {
                let line = source.line_of(at);
                // The reason stands on the line, or within the five above it.
                let near = &lines[line.saturating_sub(6)..line];
                if !near.iter().any(|text| text.contains("//")) {
                    problems.push(format!("{}:{line}: `{call}` without a reason", source.path));
                }
            }
        }
    }
    report(
        &problems,
        "what ignores bounds needs a comment saying why it is bounded:",
    );
}

#[test]
fn actors_are_reached_through_their_handles_alone() {
    let all = sources();
    let folders: Vec<&str> = all
        .iter()
        .filter_map(|source| source.path.strip_suffix("/actor.rs"))
        .collect();
    assert!(folders.len() >= 5, "the actors were not found");
    let mut problems = Vec::new();
    for folder in &folders {
        for part in ["mod.rs", "handle.rs"] {
            if !all.iter().any(|source| source.path == format!("{folder}/{part}")) {
                problems.push(format!("{folder}: has no {part}"));
            }
        }
    }
    for source in &all {
        let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for at in words(&source.code, "Addr").filter(|_| !folders.contains(&folder)) {
            problems.push(format!(
                "{}:{}: holds an actor's address",
                source.path,
                source.line_of(at)
            ));
        }
    }
    report(&problems, "others hold the handle, never an `Addr`:");
}

#[test]
fn nothing_is_left_half_done() {
    let mut problems = Vec::new();
    for source in sources() {
        for word in ["TODO", "FIXME", "XXX", "HACK"] {
            for at in words(&source.text, word) {
                let line = source.text[..at].matches('\n').count() + 1;
                problems.push(format!("{}:{line}: {word}", source.path));
            }
        }
    }
    report(&problems, "finish it, or leave it out:");
}

#[test]
fn a_file_has_one_duty() {
    let mut problems = Vec::new();
    for source in sources() {
        let lines = source.code.trim_end().lines().count();
        if lines > MOST_LINES {
            problems.push(format!("{}: {lines} lines", source.path));
        }
    }
    report(&problems, "files beyond this length have more than one duty:");
}

#[test]
fn the_reader_of_source_sees_paths_and_not_comments_strings_or_tests() {
    let code = without_tests(&blank(
        "use crate::{app::x, hub::{a, b}}; // crate::session\nlet s = \"crate::pack\"; let c = '\"';\n\
         fn f<'a>() { crate::store::go(r#\"crate::auth \"\"#) }\n#[cfg(test)]\nmod tests { use crate::broker; }\n",
    ));
    let rooms: Vec<String> = rooms_used(&code).into_iter().map(|(_, name)| name).collect();
    assert_eq!(rooms, ["app", "hub", "store"]);
    assert_eq!(
        names_of_crate("use tar; tar::x(); self.tar.y; a::tar::z", "tar").count(),
        2
    );
}
