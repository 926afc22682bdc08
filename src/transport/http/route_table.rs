//! The routes that functions of the pack declare, found by method and path. Pure.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::http::Method as HttpMethod;

use crate::{
    pack::{Function, Method, Pack, Route, routes::RESERVED},
    protocol::error::Result,
};

use super::{encoding::decode_segment, endpoint::allow_header};

/// The routes of a pack, found by method and path.
pub struct RouteTable {
    routes: Vec<PackRoute>,
}

struct PackRoute {
    segments: Vec<Segment>,
    by_method: BTreeMap<&'static str, Arc<Function>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    // In this order: a fixed word is found before a parameter.
    Fixed(String),
    Parameter(String),
}

/// What a path leads to.
pub enum Found<'a> {
    Function {
        function: &'a Arc<Function>,
        path: Vec<(&'a str, String)>,
    },
    OtherMethods(String),
    Nothing,
}

impl RouteTable {
    pub fn new(pack: &Pack) -> Self {
        let mut routes: Vec<PackRoute> = Vec::new();
        for (function, route) in declared_routes(pack) {
            let segments = parse_path(&route.path);
            let method = method_name(route.method);
            match routes.iter_mut().find(|known| known.segments == segments) {
                Some(known) => {
                    known.by_method.insert(method, function.clone());
                }
                None => routes.push(PackRoute {
                    segments,
                    by_method: BTreeMap::from([(method, function.clone())]),
                }),
            }
        }
        routes.sort_by(|a, b| a.segments.cmp(&b.segments));
        Self { routes }
    }

    /// The first route that fits path and method; of routes with the same shape the one with fixed words.
    pub fn find(&self, method: &HttpMethod, path: &str) -> Result<Found<'_>> {
        let given: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        // Whoever may GET may ask for the head alone.
        let method = if *method == HttpMethod::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        let mut others: Vec<&str> = Vec::new();
        for route in &self.routes {
            let Some(path) = route.fits(&given)? else { continue };
            if let Some(function) = route.by_method.get(method) {
                return Ok(Found::Function { function, path });
            }
            others.extend(route.by_method.keys());
        }
        Ok(if others.is_empty() {
            Found::Nothing
        } else {
            Found::OtherMethods(allow_header(others.into_iter()))
        })
    }
}

impl PackRoute {
    fn fits(&self, given: &[&str]) -> Result<Option<Vec<(&str, String)>>> {
        if given.len() != self.segments.len() {
            return Ok(None);
        }
        let mut parameters = Vec::new();
        for (segment, given) in self.segments.iter().zip(given) {
            match segment {
                Segment::Fixed(word) if word == given => {}
                Segment::Parameter(name) if !given.is_empty() => {
                    parameters.push((name.as_str(), decode_segment(given)?));
                }
                _ => return Ok(None),
            }
        }
        Ok(Some(parameters))
    }
}

/// The functions of a pack that have a route, without routes that would stand in the hub's own place.
pub fn declared_routes(pack: &Pack) -> impl Iterator<Item = (&Arc<Function>, &Route)> {
    pack.functions
        .values()
        .filter_map(|function| Some((function, function.route.as_ref()?)))
        .filter(|(_, route)| {
            !matches!(parse_path(&route.path).first(), Some(Segment::Fixed(first)) if RESERVED.contains(&first.as_str()))
        })
}

fn parse_path(path: &str) -> Vec<Segment> {
    path.strip_prefix('/')
        .unwrap_or(path)
        .split('/')
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) => Segment::Parameter(name.to_owned()),
            None => Segment::Fixed(segment.to_owned()),
        })
        .collect()
}

/// The method's name in HTTP.
pub const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Patch => "PATCH",
        Method::Delete => "DELETE",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::functions::tests::pack;

    fn find(method: HttpMethod, path: &str) -> String {
        match RouteTable::new(&pack()).find(&method, path).unwrap() {
            Found::Function { function, path } => format!("{} {path:?}", function.name),
            Found::OtherMethods(allowed) => format!("405 {allowed}"),
            Found::Nothing => "404".into(),
        }
    }

    #[test]
    fn fixed_words_win_over_parameters() {
        assert_eq!(find(HttpMethod::GET, "/patients/search"), "search []");
        assert_eq!(find(HttpMethod::GET, "/patients/7"), "one [(\"id\", \"7\")]");
        assert_eq!(find(HttpMethod::HEAD, "/patients/7"), "one [(\"id\", \"7\")]");
        assert_eq!(
            find(HttpMethod::GET, "/patients/search/a%2Fb"),
            "found [(\"term\", \"a/b\")]"
        );
    }

    #[test]
    fn what_is_not_declared_is_not_there() {
        assert_eq!(find(HttpMethod::DELETE, "/patients/7"), "405 GET, HEAD, PUT");
        for path in ["/", "/patients", "/patients/", "/patients/7/x", "/api/me"] {
            assert_eq!(find(HttpMethod::GET, path), "404", "{path}");
        }
    }
}
