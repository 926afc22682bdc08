//! The files of the pages, embedded; each compressed once, at its first use.

use std::{borrow::Cow, collections::HashMap, io::Write, sync::Arc};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use include_dir::{Dir, include_dir};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

static WEB: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/web");
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/clients/js/src");

/// What was served once, by tree and path. Bounded by the number of embedded files.
type Ready = HashMap<(Tree, String), Arc<Asset>>;

static READY: Mutex<Option<Ready>> = Mutex::new(None);

/// Below this a file is sent as it is, bytes.
const MIN_COMPRESSED: usize = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tree {
    Web,
    Sdk,
}

pub struct Asset {
    pub body: Bytes,
    /// Where it is smaller than the body.
    pub gzip: Option<Bytes>,
    /// Of the body, in hexadecimal.
    pub hash: String,
    pub mime: &'static str,
}

impl Asset {
    fn new(path: &str, body: Bytes) -> Self {
        let hash = Sha256::digest(&body)
            .iter()
            .take(12)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            gzip: gzip(&body),
            hash,
            mime: mime(path),
            body,
        }
    }

    pub fn is_page(&self) -> bool {
        self.mime.starts_with("text/html")
    }
}

/// The file at `path` of a tree; `None` for what is not there or is not for browsers.
pub fn find(tree: Tree, path: &str) -> Option<Arc<Asset>> {
    let key = (tree, path.to_owned());
    if let Some(body) = from_source(tree, path) {
        return Some(Arc::new(Asset::new(path, body.into())));
    }
    if let Some(asset) = READY.lock().as_ref().and_then(|ready| ready.get(&key)) {
        return Some(asset.clone());
    }
    let body = match tree {
        Tree::Web => &WEB,
        Tree::Sdk => &SDK,
    }
    .get_file(path)?
    .contents();
    let asset = Arc::new(Asset::new(path, Bytes::from_static(body)));
    READY.lock().get_or_insert_default().insert(key, asset.clone());
    Some(asset)
}

/// In a debug build, the file as it is in the source tree now, of those that were embedded or came since.
fn from_source(tree: Tree, path: &str) -> Option<Vec<u8>> {
    let below = |segment: &str| !segment.is_empty() && !segment.starts_with('.') && !segment.contains('\\');
    if !cfg!(debug_assertions) || !path.split('/').all(below) {
        return None;
    }
    let root = match tree {
        Tree::Web => concat!(env!("CARGO_MANIFEST_DIR"), "/web/"),
        Tree::Sdk => concat!(env!("CARGO_MANIFEST_DIR"), "/clients/js/src/"),
    };
    std::fs::read(format!("{root}{path}")).ok()
}

fn gzip(body: &[u8]) -> Option<Bytes> {
    if body.len() < MIN_COMPRESSED {
        return None;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).ok()?;
    let zipped = encoder.finish().ok()?;
    // Images are compressed already.
    (zipped.len() < body.len() / 10 * 9).then(|| zipped.into())
}

fn mime(path: &str) -> &'static str {
    let ending: Cow<'_, str> = path
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .into();
    match &*ending {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "woff2" => "font/woff2",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_embedded_is_found_with_its_type_and_nothing_beside_it() {
        let page = find(Tree::Web, "terminal/index.html").unwrap();
        assert!(page.is_page());
        assert_eq!(
            find(Tree::Web, "shared/tokens.css").unwrap().mime,
            "text/css; charset=utf-8"
        );
        for path in [
            "",
            ".",
            "..",
            "../Cargo.toml",
            "shared/../../Cargo.toml",
            "/etc/passwd",
            "shared",
            "none.js",
        ] {
            assert!(find(Tree::Web, path).is_none(), "{path}");
        }
    }

    #[test]
    fn the_first_view_of_the_terminal_is_small_over_the_wire() {
        let zipped = |body: &[u8]| gzip(body).map_or(body.len(), |zipped| zipped.len());
        let sizes = |dir: &Dir<'_>, skip: &[&str]| -> usize {
            let mut dirs = vec![dir.clone()];
            let mut sum = 0;
            while let Some(dir) = dirs.pop() {
                let wanted = |dir: &&Dir<'_>| !skip.iter().any(|name| dir.path().ends_with(name));
                dirs.extend(dir.dirs().filter(wanted).cloned());
                sum += dir.files().map(|file| zipped(file.contents())).sum::<usize>();
            }
            sum
        };
        let of = |name: &str, skip: &[&str]| WEB.get_dir(name).map_or(0, |dir| sizes(dir, skip));
        // What is loaded before anybody has logged in; the views come when they are first drawn.
        let views = [
            "terminal/chat",
            "terminal/data",
            "terminal/calls",
            "terminal/notices",
        ];
        let all = of("shared", &[]) + of("vendor", &[]) + of("terminal", &views) + sizes(&SDK, &["node"]);
        assert!(all < 150 * 1024, "{all} bytes");
    }
}
