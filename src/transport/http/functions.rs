//! Answers the routes that functions of the pack declare (PROTOCOL section 5): after the hub's own, with the
//! bare data.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::Method as HttpMethod, web};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};

use crate::{
    pack::{Cardinality, Function},
    protocol::{
        Code, Error,
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
    compat::{self, OldRoute},
    encoding::decode_query,
    problem::Problem,
    route_table::Found,
};

/// Whatever is no route of the hub: a route of the pack, or nothing.
pub async fn answer(
    state: web::Data<HttpState>,
    req: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (function, path) = match state.routes.find(req.method(), req.uri().path())? {
        Found::Function { function, path } => (function, path),
        Found::OtherMethods(allowed) => return Err(Problem::method_not_allowed(&allowed)),
        Found::Nothing => {
            return match OldRoute::of(req.uri().path()) {
                Some(route) => compat::answer(route, &state, &req, payload).await,
                None => Err(Error::of(Code::NotFound).into()),
            };
        }
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
    let (data, truncated) = bare_data(function, &answered)?;
    let mut answer = HttpResponse::Ok();
    body::say_truncated(&mut answer, truncated);
    Ok(json_bytes(answer, data))
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
    let param_of = |name: &str| function.params.iter().find(|param| param.name == name);
    for (name, text) in query {
        if let Some(param) = param_of(&name) {
            args.insert(name, param.argument_of_text(&text)?);
        }
    }
    for (name, value) in body {
        if param_of(&name).is_some() {
            args.insert(name, value);
        }
    }
    for (name, text) in path {
        if let Some(param) = param_of(name) {
            args.insert(name.to_owned(), param.argument_of_text(&text)?);
        }
    }
    Ok(args)
}

/// `data` of a function's answer, alone or in its envelope, and whether rows are missing. No row where one was asked
/// for: `not_found`.
fn bare_data(function: &Function, answered: &Body) -> Result<(Bytes, bool)> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
        #[serde(default)]
        truncated: bool,
    }
    let Answer { data, truncated } = serde_json::from_slice(&answered.0).map_err(Error::internal)?;
    if function.cardinality == Cardinality::One && data.get() == "null" {
        return Err(Error::of(Code::NotFound));
    }
    let data = if function.envelope {
        format!("{{\"success\":true,\"data\":{data}}}").into()
    } else {
        answered.0.slice_ref(data.get().as_bytes())
    };
    Ok((data, truncated))
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use crate::pack::{Method, Pack, Param, ParamType, Route};

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
        ];
        Pack {
            functions: functions
                .into_iter()
                .map(|f| (f.name.to_string(), Arc::new(f)))
                .collect(),
            ..Pack::none()
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
    fn the_answer_is_the_bare_data() {
        let mut function = function("f", Method::Get, "/f");
        let answered = |text: &'static str| Body(Bytes::from_static(text.as_bytes()));
        let row = answered(r#"{"data":{"id":1},"commit":7}"#);
        assert_eq!(bare_data(&function, &row).unwrap(), (r#"{"id":1}"#.into(), false));
        let none = answered(r#"{"data":null,"commit":7}"#);
        assert_eq!(bare_data(&function, &none).unwrap_err().code, Code::NotFound);
        function.envelope = true;
        assert_eq!(
            bare_data(&function, &row).unwrap().0,
            r#"{"success":true,"data":{"id":1}}"#
        );
    }
}
