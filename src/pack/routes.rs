//! `-- http: METHOD /path/:segment`: routes that functions declare.

use super::{Method, Route, names::is_identifier};

/// First segments that are the hub's own.
const RESERVED: &[&str] = &[
    "ws",
    "metrics",
    "admin",
    "socket.io",
    "conference",
    "trust",
    "debug",
    "web",
    "sdk",
    "sw.js",
    "manifest.webmanifest",
];

/// What stands behind `/api/` in the hub's own paths; whatever else stands there may be a pack's, because front ends
/// that are to be kept have their routes there. `transport::http` checks that none is missing.
pub const RESERVED_API: &[&str] = &[
    "admin",
    "auth",
    "batch",
    "events",
    "files",
    "health",
    "info",
    "me",
    "messaging",
    "metrics",
    "openapi.json",
    "query",
    "request",
    "rpc",
    "schema",
    "setup",
    "tables",
];

impl Method {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Reads `METHOD /path/:segment`.
pub fn parse(value: &str) -> Result<Route, String> {
    let mut words = value.split_whitespace();
    let (Some(method), Some(path), None) = (words.next(), words.next(), words.next()) else {
        return Err("write `-- http: GET /path/:parameter`".into());
    };
    let method = match method {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => {
            return Err(format!(
                "`{method}` is no method: GET, POST, PUT, PATCH or DELETE"
            ));
        }
    };
    let Some(rest) = path.strip_prefix('/') else {
        return Err("a path begins with `/`".into());
    };
    let segments: Vec<&str> = rest.split('/').collect();
    let first = segments.first().copied().unwrap_or_default();
    if first.is_empty() && segments.len() == 1 {
        return Err("`/` is the hub's own page".into());
    }
    if RESERVED.iter().any(|own| own.eq_ignore_ascii_case(first)) {
        return Err(format!("`/{first}` is the hub's own"));
    }
    if first.starts_with(':') {
        return Err(
            "the first segment of a path is a word: it would stand before the hub's own paths".into(),
        );
    }
    if first.eq_ignore_ascii_case("api") {
        let second = segments.get(1).copied().unwrap_or_default();
        let is_taken = |own: &&str| own.eq_ignore_ascii_case(second);
        if second.is_empty() || second.starts_with(':') || RESERVED_API.iter().any(is_taken) {
            return Err(format!("`/{first}/{second}` is the hub's own"));
        }
    }
    let mut names = Vec::new();
    for segment in &segments {
        match segment.strip_prefix(':') {
            Some(name) if !is_identifier(name) => {
                return Err(format!("`:{name}` is no parameter name"));
            }
            Some(name) if names.contains(&name) => {
                return Err(format!("`:{name}` stands in the path twice"));
            }
            Some(name) => names.push(name),
            None if is_segment(segment) => {}
            None => return Err("a segment of a path is letters, digits, `_`, `-` or `.`".into()),
        }
    }
    Ok(Route {
        method,
        path: path.to_owned(),
    })
}

fn is_segment(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
        && segment
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

/// A segment of a path, in this order: from left to right a word goes before a parameter, so that `/a/all`
/// is found before `/a/:id`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment<'a> {
    Word(&'a str),
    Parameter(&'a str),
}

impl Route {
    pub fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        path.split('/').map(|segment| match segment.strip_prefix(':') {
            Some(name) => Segment::Parameter(name),
            None => Segment::Word(segment),
        })
    }

    /// Names of the path's parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.segments().filter_map(|segment| match segment {
            Segment::Parameter(name) => Some(name),
            Segment::Word(_) => None,
        })
    }

    /// Whether the two fit the same requests: `/a/:id` and `/a/:name`, of one method.
    pub fn clashes(&self, other: &Self) -> bool {
        let shape = |route: &Self| -> Vec<Option<String>> {
            let word = |segment| match segment {
                Segment::Word(word) => Some(str::to_owned(word)),
                Segment::Parameter(_) => None,
            };
            route.segments().map(word).collect()
        };
        self.method == other.method && shape(self) == shape(other)
    }
}
