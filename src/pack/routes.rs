//! `-- http: METHOD /path/:segment`: routes that functions declare.

use super::{Method, Route, names::is_identifier};

/// First segments that are the hub's own.
pub const RESERVED: &[&str] = &[
    "api",
    "ws",
    "metrics",
    "admin",
    "socket.io",
    "conference",
    "trust",
    "debug",
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

/// Names of the path's parameters, in order.
pub fn parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix(':'))
}

/// Whether the two fit the same requests. `/a/all` beside `/a/:id` is no clash: from left to right, a word
/// goes before a parameter ([`specificity`]).
pub fn clash(one: &Route, other: &Route) -> bool {
    let shape = |route: &Route| -> Vec<String> {
        let segments = route.path.split('/');
        segments
            .map(|segment| if segment.starts_with(':') { ":" } else { segment }.to_owned())
            .collect()
    };
    one.method == other.method && shape(one) == shape(other)
}

/// Orders routes so that the first that fits is the most particular: words before parameters, segment by segment.
pub fn specificity(path: &str) -> Vec<(bool, &str)> {
    path.split('/')
        .map(|segment| (segment.starts_with(':'), segment))
        .collect()
}
