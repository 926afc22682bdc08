//! The pages, as a browser is served them.

use crate::support::Hub;

const PAGES: &[&str] = &["/", "/admin", "/conference/7?code=0A1B2C3D"];

#[test]
fn every_page_is_served_with_a_strict_policy() {
    let hub = Hub::start();
    for path in PAGES {
        let page = hub.client().get(path);
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "require-trusted-types-for 'script'",
            "frame-ancestors 'none'",
            "form-action 'none'",
            "base-uri 'none'",
        ] {
            assert!(
                policy.split("; ").any(|given| given.trim() == part),
                "{part}: {policy}"
            );
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(page.header(name), Some(value));
        }
        assert!(
            page.header("permissions-policy")
                .unwrap()
                .contains("camera=(self)")
        );
    }
}

#[test]
fn a_page_names_nothing_that_is_not_served_and_nothing_of_other_hosts() {
    let hub = Hub::start();
    for path in PAGES {
        let page = hub.client().get(path).text;
        let named = |attribute: &str| -> Vec<String> {
            page.split(&format!("{attribute}=\""))
                .skip(1)
                .filter_map(|rest| rest.split('"').next().map(str::to_owned))
                .collect()
        };
        let files: Vec<String> = [named("src"), named("href")].concat();
        assert!(files.len() > 4, "{page}");
        for file in files {
            assert!(file.starts_with('/') && !file.starts_with("//"), "{file}");
            assert_eq!(hub.client().get(&file).status, 200, "{file}");
        }
    }
}

#[test]
fn a_page_that_the_browser_has_is_not_sent_again() {
    let hub = Hub::start();
    let first = hub.client().get("/web/shared/tokens.css");
    let etag = first.header("etag").unwrap();
    assert!(etag.starts_with('"'), "{etag}");
    let again = hub
        .client()
        .header("If-None-Match", etag)
        .get("/web/shared/tokens.css");
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let other = hub
        .client()
        .header("If-None-Match", "\"other\"")
        .get("/web/shared/tokens.css");
    assert_eq!(other.text, first.text);
}

#[test]
fn pages_are_sent_compressed_to_who_takes_it_under_another_tag() {
    let hub = Hub::start();
    // A large one, and one so small once compressed that other answers of its size are sent as they are.
    for path in ["/web/shared/components.css", "/web/shared/theme.js"] {
        let plain = hub.client().get(path);
        let zipped = hub
            .client()
            .header("Accept-Encoding", "gzip")
            .open("GET", path, None)
            .unwrap();
        let header = |name: &str| zipped.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header("content-encoding"), Some("gzip"), "{path}");
        assert_ne!(header("etag"), plain.header("etag"));
        let sent: usize = header("content-length").unwrap().parse().unwrap();
        assert!(sent < plain.text.len() * 2 / 3, "{sent}");
    }
}

#[test]
fn no_path_leads_out_of_the_pages() {
    let hub = Hub::start();
    for path in [
        "/web/",
        "/web/none.js",
        "/web/..%2fCargo.toml",
        "/web/shared/..%2f..%2fCargo.toml",
        "/web/%2e%2e/Cargo.toml",
        "/sdk/%2e%2e/package.json",
        "/web/.gitkeep",
    ] {
        hub.client().get(path).problem(404, "not_found");
    }
}
