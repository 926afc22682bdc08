//! Which modules a page is made of. A browser learns of a module from the one that imports it, a round trip at each
//! level; so the hub reads the imports itself and names all of them in the page. Nobody keeps a list.

use std::collections::BTreeSet;

const ENTRY: &str = "<script type=\"module\" src=\"";

/// The page with a `modulepreload` for every module behind its script, and, in a `<meta name="comptoir-later">`, those
/// that the script imports when they are wanted. `read` answers the text at an address.
pub fn named_in(page: &str, read: impl Fn(&str) -> Option<String>) -> String {
    let Some(at) = page.find(ENTRY) else {
        return page.to_owned();
    };
    let entry = page[at + ENTRY.len()..].split('"').next().unwrap_or_default();
    let first = behind([entry.to_owned()], &read, &BTreeSet::new());
    let script = read(entry).unwrap_or_default();
    let wanted = specifiers(&script, &["import("])
        .filter_map(|specifier| resolve(entry, specifier))
        .collect::<Vec<_>>();
    let later = behind(wanted, &read, &first);

    let mut links: String = first
        .iter()
        .map(|path| format!("<link rel=\"modulepreload\" href=\"{path}\">\n"))
        .collect();
    if !later.is_empty() {
        let paths: Vec<&str> = later.iter().map(String::as_str).collect();
        links += &format!("<meta name=\"comptoir-later\" content=\"{}\">\n", paths.join(" "));
    }
    format!("{}{links}{}", &page[..at], &page[at..])
}

/// These modules and all that they import, without `known`.
fn behind(
    entries: impl IntoIterator<Item = String>,
    read: &impl Fn(&str) -> Option<String>,
    known: &BTreeSet<String>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = entries.into_iter().collect();
    while let Some(path) = open.pop() {
        if known.contains(&path) || found.contains(&path) {
            continue;
        }
        let Some(text) = read(&path) else { continue };
        open.extend(
            specifiers(&text, &["import ", "import", "from ", "from"])
                .filter_map(|specifier| resolve(&path, specifier)),
        );
        found.insert(path);
    }
    found
}

/// What stands between quotes right behind one of these words. One in a comment names a file that is there, or none.
fn specifiers<'a>(text: &'a str, words: &'a [&str]) -> impl Iterator<Item = &'a str> {
    let mut pieces = text.split('"');
    let mut before = pieces.next().unwrap_or_default();
    std::iter::from_fn(move || {
        loop {
            let inner = pieces.next()?;
            let is_import = words.iter().any(|word| before.ends_with(word));
            // Quotes of other kinds may hold a single `"`: what follows an import is never mistaken, so go piece by piece.
            before = inner;
            if is_import && inner.ends_with(".js") && inner.starts_with(['.', '/']) {
                return Some(inner);
            }
        }
    })
}

/// The address that a specifier means in the module at `base`.
fn resolve(base: &str, specifier: &str) -> Option<String> {
    if specifier.starts_with('/') {
        return Some(specifier.to_owned());
    }
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop().filter(|part| !part.is_empty())?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<String> {
        let text = match path {
            "/web/a/main.js" => {
                "import { x } from \"./x.js\";\nimport \"../b/words.js\";\nconst y = () => import(\"./y.js\");"
            }
            "/web/a/x.js" => "import{o as n}from\"/sdk/index.js\";var q='\"';",
            "/web/b/words.js" => "words({ \"from\": [\"./none.js\"] });",
            "/web/a/y.js" => "export * from \"./x.js\";\nexport { z } from \"./z.js\";",
            "/sdk/index.js" | "/web/a/z.js" => "/** @type {import(\"./types.js\").T} */",
            _ => return None,
        };
        Some(text.to_owned())
    }

    #[test]
    fn a_page_names_its_modules_and_those_that_come_later() {
        let page = "<head>\n<script type=\"module\" src=\"/web/a/main.js\"></script>\n</head>";
        let named = named_in(page, read);
        let links: Vec<&str> = named
            .lines()
            .filter(|line| line.contains("modulepreload"))
            .collect();
        assert_eq!(links.len(), 4, "{named}");
        for path in [
            "/web/a/main.js",
            "/web/a/x.js",
            "/web/b/words.js",
            "/sdk/index.js",
        ] {
            assert!(links.iter().any(|line| line.contains(path)), "{path} in {named}");
        }
        assert!(
            named.contains("<meta name=\"comptoir-later\" content=\"/web/a/y.js /web/a/z.js\">"),
            "{named}"
        );
        assert!(named.ends_with(page.strip_prefix("<head>\n").unwrap()), "{named}");
        assert_eq!(named_in("<p>no script</p>", read), "<p>no script</p>");
    }
}
