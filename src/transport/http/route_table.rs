//! The routes that functions of the pack declare, found by method and path. Pure.

use std::sync::Arc;

use actix_web::http::Method as HttpMethod;

use crate::{
    pack::{Function, Pack, Route, routes::Segment},
    protocol::error::Result,
};

use super::{encoding::decode_segment, endpoint::allow_header};

/// The routes of a pack, the most particular first.
pub struct RouteTable(Vec<(Arc<Function>, Route)>);

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
        let routes = pack.routes().into_iter();
        Self(
            routes
                .map(|(function, route)| (function.clone(), route.clone()))
                .collect(),
        )
    }

    /// The first route that fits path and method. A parameter that cannot be decoded is `invalid_request`.
    pub fn find(&self, method: &HttpMethod, path: &str) -> Result<Found<'_>> {
        let given: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        // Whoever may GET may ask for the head alone.
        let method = if *method == HttpMethod::HEAD {
            "GET"
        } else {
            method.as_str()
        };
        let mut others: Vec<&str> = Vec::new();
        for (function, route) in &self.0 {
            let Some(path) = fit(route, &given)? else { continue };
            if route.method.as_str() == method {
                return Ok(Found::Function { function, path });
            }
            others.push(route.method.as_str());
        }
        Ok(if others.is_empty() {
            Found::Nothing
        } else {
            Found::OtherMethods(allow_header(others.into_iter()))
        })
    }
}

/// The parameters, where the path given is one of the route's.
fn fit<'a>(route: &'a Route, given: &[&str]) -> Result<Option<Vec<(&'a str, String)>>> {
    if route.segments().count() != given.len() {
        return Ok(None);
    }
    let mut parameters = Vec::new();
    for (segment, given) in route.segments().zip(given) {
        match segment {
            Segment::Word(word) if word == *given => {}
            Segment::Parameter(name) if !given.is_empty() => {
                parameters.push((name, decode_segment(given)?));
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(parameters))
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
