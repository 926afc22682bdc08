//! The files of the pages, embedded; each compressed once, at its first use.

use std::{borrow::Cow, collections::HashMap, io::Write, sync::Arc};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use include_dir::{Dir, include_dir};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::modules;

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
    let ready = READY.lock().as_ref().and_then(|ready| ready.get(&key)).cloned();
    // Nothing embedded ever changes; in a debug build the sources may have.
    if !cfg!(debug_assertions)
        && let Some(asset) = ready
    {
        return Some(asset);
    }
    let mut body = bytes(tree, path)?;
    if path.ends_with(".html") {
        body = modules::named_in(&String::from_utf8_lossy(&body), |path| {
            let (tree, path) = address(path)?;
            bytes(tree, path).map(|body| String::from_utf8_lossy(&body).into_owned())
        })
        .into();
    }
    if let Some(asset) = ready.filter(|asset| asset.body == body) {
        return Some(asset);
    }
    let asset = Arc::new(Asset::new(path, body));
    READY.lock().get_or_insert_default().insert(key, asset.clone());
    Some(asset)
}

/// The tree and the path in it that an address of a page stands for.
fn address(path: &str) -> Option<(Tree, &str)> {
    let web = path.strip_prefix("/web/").map(|path| (Tree::Web, path));
    web.or_else(|| Some((Tree::Sdk, path.strip_prefix("/sdk/")?)))
}

fn bytes(tree: Tree, path: &str) -> Option<Bytes> {
    if let Some(body) = from_source(tree, path) {
        return Some(body.into());
    }
    let dir = match tree {
        Tree::Web => &WEB,
        Tree::Sdk => &SDK,
    };
    Some(Bytes::from_static(dir.get_file(path)?.contents()))
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
        let zipped = |asset: &Asset| asset.gzip.as_ref().map_or(asset.body.len(), Bytes::len);
        let page = find(Tree::Web, "terminal/index.html").unwrap();
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        // All that the page names: its style, its modules, those that come behind the first view too.
        let named = text
            .split(['"', ' '])
            .filter_map(address)
            .map(|(tree, path)| find(tree, path).unwrap_or_else(|| panic!("{path}")));
        let all = zipped(&page) + named.map(|asset| zipped(&asset)).sum::<usize>();
        assert!(all < 150 * 1024, "{all} bytes");
    }

    #[test]
    fn the_form_to_log_in_stands_on_few_modules_and_never_on_the_client() {
        let page = find(Tree::Web, "terminal/index.html").unwrap();
        let text = String::from_utf8(page.body.to_vec()).unwrap();
        let first: Vec<&str> = text
            .lines()
            .filter_map(|line| {
                line.strip_prefix("<link rel=\"modulepreload\" href=\"")?
                    .split('"')
                    .next()
            })
            .collect();
        assert!((10..=20).contains(&first.len()), "{first:?}");
        assert!(first.contains(&"/web/shared/login.js"), "{first:?}");
        assert!(!first.iter().any(|path| path.starts_with("/sdk/")), "{first:?}");
        assert!(
            text.contains("/sdk/hub.js"),
            "what comes later is named too: {text}"
        );
    }
}
