//! Routes declared by functions of the pack (PROTOCOL section 5). They are looked up after the hub's own, and
//! answer the bare data.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, http::Method as HttpMethod, web};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    pack::{Cardinality, Function, Method, Pack, ParamType, Route},
    protocol::{
        Code, Error, SqlValue,
        error::Result,
        request::{Request, Rpc},
        result::Body,
    },
    session::requests,
};

use super::{
    HttpState,
    body::{self, idempotency_key, json_bytes},
    caller::Caller,
    encoding::{decode_query, decode_segment},
    endpoint::allow_header,
    problem::Problem,
};

/// Paths that stay the hub's own, whatever a pack declares.
const RESERVED: &[&str] = &["api", "ws", "metrics", "debug", "socket.io"];

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
enum Found<'a> {
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
    fn find(&self, method: &HttpMethod, path: &str) -> Result<Found<'_>> {
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

/// Whatever is no route of the hub: a route of the pack, or nothing.
pub async fn answer(
    state: web::Data<HttpState>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (function, path) = match state.routes.find(req.method(), req.uri().path())? {
        Found::Function { function, path } => (function, path),
        Found::OtherMethods(allowed) => return Err(Problem::method_not_allowed(&allowed)),
        Found::Nothing => return Err(Error::of(Code::NotFound).into()),
    };
    call(&state, &req, function, path, payload)
        .await
        .map_err(|error| {
            if function.envelope {
                error.with("success", false)
            } else {
                error
            }
            .into()
        })
}

async fn call(
    state: &HttpState,
    req: &HttpRequest,
    function: &Arc<Function>,
    path: Vec<(&str, String)>,
    payload: web::Payload,
) -> Result<HttpResponse> {
    let caller = Caller::authenticate(req, state)?;
    let body: Option<Map<String, Value>> = match *req.method() {
        HttpMethod::GET | HttpMethod::HEAD => None,
        _ => body::parse_optional(&body::read_all(req, payload).await?)?,
    };
    let args = arguments(
        function,
        path,
        decode_query(req.query_string())?,
        body.unwrap_or_default(),
    )?;
    let request = Request::Rpc(Rpc {
        function: function.name.to_string(),
        args: args.into(),
        idempotency_key: idempotency_key(req)?,
    });
    let answered = requests::answer(&state.context, &caller.who, caller.peer.address, request).await?;
    Ok(json_bytes(HttpResponse::Ok(), bare_data(function, &answered)?))
}

/// Named arguments: the query string, over it the body, over both the path. Names that the function does not
/// have are left out: pages send cache-busters and whole forms.
fn arguments(
    function: &Function,
    path: Vec<(&str, String)>,
    query: Vec<(String, String)>,
    body: Map<String, Value>,
) -> Result<Map<String, Value>> {
    let mut args = Map::new();
    let kind_of = |name: &str| {
        function
            .params
            .iter()
            .find(|param| param.name == name)
            .map(|param| param.kind)
    };
    for (name, text) in query {
        if let Some(kind) = kind_of(&name) {
            args.insert(name.clone(), typed(&name, kind, text)?);
        }
    }
    for (name, value) in body {
        if kind_of(&name).is_some() {
            args.insert(name, value);
        }
    }
    for (name, text) in path {
        if let Some(kind) = kind_of(name) {
            args.insert(name.to_owned(), typed(name, kind, text)?);
        }
    }
    Ok(args)
}

/// A text of the address as the parameter's type.
fn typed(name: &str, kind: ParamType, text: String) -> Result<Value> {
    let wrong = |expected: &str| Error::invalid(format!("The parameter {name} is not {expected}."));
    if text.is_empty() && kind != ParamType::Text {
        return Ok(Value::Null);
    }
    match kind {
        ParamType::Text => Ok(text.into()),
        ParamType::Integer => text
            .parse()
            .map(|integer| SqlValue::Integer(integer).to_json())
            .map_err(|_| wrong("an integer")),
        ParamType::Real => text
            .parse::<f64>()
            .ok()
            .filter(|real| real.is_finite())
            .map(Value::from)
            .ok_or_else(|| wrong("a number")),
        ParamType::Boolean => match text.as_str() {
            "true" | "1" => Ok(true.into()),
            "false" | "0" => Ok(false.into()),
            _ => Err(wrong("true or false")),
        },
        ParamType::Json => serde_json::from_str(&text).map_err(|_| wrong("JSON")),
    }
}

/// `data` of a function's answer, alone or in its envelope. No row where one was asked for: `not_found`.
fn bare_data(function: &Function, answered: &Body) -> Result<Bytes> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let Answer { data } = serde_json::from_slice(&answered.0).map_err(Error::internal)?;
    if function.cardinality == Cardinality::One && data.get() == "null" {
        return Err(Error::of(Code::NotFound));
    }
    Ok(if function.envelope {
        format!("{{\"success\":true,\"data\":{data}}}").into()
    } else {
        answered.0.slice_ref(data.get().as_bytes())
    })
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use crate::pack::Param;

    use super::*;

    fn function(name: &str, method: Method, path: &str) -> Function {
        let param = |name: &str, kind| Param {
            name: name.into(),
            kind,
            optional: false,
            default: None,
        };
        Function {
            name: name.into(),
            cardinality: Cardinality::One,
            params: vec![
                param("id", ParamType::Integer),
                param("term", ParamType::Text),
                param("on", ParamType::Boolean),
                param("filter", ParamType::Json),
            ],
            roles: vec!["vendeur".into()],
            route: Some(Route {
                method,
                path: path.into(),
            }),
            envelope: false,
            steps: Vec::new(),
            read_only: true,
            file: "functions/f.sql".into(),
            line: 1,
        }
    }

    /// A pack with a few routes.
    pub fn pack() -> Pack {
        let functions = [
            function("one", Method::Get, "/patients/:id"),
            function("change", Method::Put, "/patients/:id"),
            function("search", Method::Get, "/patients/search"),
            function("found", Method::Get, "/patients/search/:term"),
            function("shadow", Method::Get, "/api/me"),
        ];
        Pack {
            dir: None,
            name: "test".into(),
            title: Default::default(),
            roles: Default::default(),
            migrations: Vec::new(),
            functions: functions
                .into_iter()
                .map(|f| (f.name.to_string(), Arc::new(f)))
                .collect(),
            seed: None,
            demo_users: Vec::new(),
        }
    }

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

    #[test]
    fn the_path_wins_over_the_body_and_the_body_over_the_query() {
        let function = function("f", Method::Put, "/f/:id");
        let args = arguments(
            &function,
            vec![("id", "7".into())],
            vec![
                ("id".into(), "8".into()),
                ("term".into(), "q".into()),
                ("_".into(), "1".into()),
            ],
            json!({ "term": "b", "id": 9, "unknown": 1 })
                .as_object()
                .unwrap()
                .clone(),
        )
        .unwrap();
        assert_eq!(Value::from(args), json!({ "id": 7, "term": "b" }));
    }

    #[test]
    fn texts_of_the_address_become_what_the_parameter_is() {
        assert_eq!(typed("n", ParamType::Integer, "-5".into()).unwrap(), json!(-5));
        assert_eq!(
            typed("n", ParamType::Integer, "9223372036854775807".into()).unwrap(),
            json!({ "$int": "9223372036854775807" })
        );
        assert_eq!(typed("n", ParamType::Text, "5".into()).unwrap(), json!("5"));
        assert_eq!(
            typed("n", ParamType::Boolean, "true".into()).unwrap(),
            json!(true)
        );
        assert_eq!(typed("n", ParamType::Json, "[1]".into()).unwrap(), json!([1]));
        assert_eq!(
            typed("n", ParamType::Integer, String::new()).unwrap(),
            Value::Null
        );
        for (kind, text) in [
            (ParamType::Integer, "5x"),
            (ParamType::Real, "inf"),
            (ParamType::Boolean, "yes"),
            (ParamType::Json, "{"),
        ] {
            assert_eq!(
                typed("n", kind, text.into()).unwrap_err().code,
                Code::InvalidRequest,
                "{text}"
            );
        }
    }

    #[test]
    fn the_answer_is_the_bare_data() {
        let mut function = function("f", Method::Get, "/f");
        let answered = |text: &'static str| Body(Bytes::from_static(text.as_bytes()));
        let row = answered(r#"{"data":{"id":1},"commit":7}"#);
        assert_eq!(bare_data(&function, &row).unwrap(), r#"{"id":1}"#);
        let none = answered(r#"{"data":null,"commit":7}"#);
        assert_eq!(bare_data(&function, &none).unwrap_err().code, Code::NotFound);
        function.envelope = true;
        assert_eq!(
            bare_data(&function, &row).unwrap(),
            r#"{"success":true,"data":{"id":1}}"#
        );
    }
}
