//! `/health`, `/info`, `/query` and `/db/execute`: what front ends of an older clinic server ask beside the routes of their
//! pack. They come after the pack's own, and are other words for the hub's routes: the same token, the same roles.

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use crate::{
    pack::ParamType,
    protocol::{
        Error,
        error::Result,
        request::{Kind, Query, Request, Rpc},
        value::Params,
    },
    session::requests,
};

use super::{
    HttpState,
    body::{self, idempotency_key, json_bytes, ok_value},
    caller::Caller,
    endpoint::allow_header,
    problem::Problem,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldRoute {
    Health,
    Info,
    Query,
    Execute,
}

impl OldRoute {
    pub fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/health" => Self::Health,
            "/info" => Self::Info,
            "/query" => Self::Query,
            "/db/execute" => Self::Execute,
            _ => return None,
        })
    }

    fn method(self) -> Method {
        match self {
            Self::Health | Self::Info => Method::GET,
            Self::Query | Self::Execute => Method::POST,
        }
    }
}

#[derive(Deserialize)]
struct QueryBody {
    query: String,
    #[serde(default)]
    params: Params,
    #[serde(default, rename = "type")]
    kind: Option<Kind>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecuteBody {
    function_name: String,
    #[serde(default)]
    args: Value,
}

pub async fn answer(
    route: OldRoute,
    state: &HttpState,
    req: &HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Problem> {
    let is_head = req.method() == Method::HEAD && route.method() == Method::GET;
    if *req.method() != route.method() && !is_head {
        let allowed = allow_header([route.method().as_str()].into_iter());
        return Err(Problem::method_not_allowed(&allowed));
    }
    let answered = match route {
        OldRoute::Health => health(state),
        OldRoute::Info => info(state, req),
        OldRoute::Query => query(state, req, payload).await,
        OldRoute::Execute => execute(state, req, payload).await,
    };
    answered.map_err(|error| error.with("success", false).into())
}

fn health(state: &HttpState) -> Result<HttpResponse> {
    ok_value(&json!({
        "status": "ok",
        "message": "Comptoir",
        "version": env!("CARGO_PKG_VERSION"),
        "computerName": state.host.hostname
    }))
}

fn info(state: &HttpState, req: &HttpRequest) -> Result<HttpResponse> {
    Caller::authenticate(req, state)?;
    ok_value(&json!({
        "computerName": state.host.hostname,
        "ipAddresses": state.host.addresses,
        "port": state.host.http_port,
        "platform": std::env::consts::OS,
        "uptime": state.uptime_s()
    }))
}

async fn query(state: &HttpState, req: &HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    let caller = Caller::authenticate(req, state)?;
    let wanted: QueryBody = body::parse(&body::read_all(req, payload).await?)?;
    let request = Request::Query(Query {
        query: wanted.query,
        params: wanted.params,
        kind: wanted.kind,
        expect_affected: None,
        idempotency_key: idempotency_key(req)?,
    });
    let answered = ask(state, &caller, request).await?;
    let data: &RawValue = serde_json::from_slice(&answered.0).map_err(Error::internal)?;
    Ok(enveloped(data))
}

async fn execute(state: &HttpState, req: &HttpRequest, payload: web::Payload) -> Result<HttpResponse> {
    #[derive(Deserialize)]
    struct Called<'a> {
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let caller = Caller::authenticate(req, state)?;
    let wanted: ExecuteBody = body::parse(&body::read_all(req, payload).await?)?;
    let takes_json = state
        .context
        .pack
        .functions
        .get(&wanted.function_name)
        .and_then(|function| function.params.first())
        .is_some_and(|param| param.kind == ParamType::Json);
    let request = Request::Rpc(Rpc {
        args: arguments(wanted.args, takes_json),
        function: wanted.function_name,
        idempotency_key: idempotency_key(req)?,
    });
    let answered = ask(state, &caller, request).await?;
    let Called { data } = serde_json::from_slice(&answered.0).map_err(Error::internal)?;
    Ok(enveloped(data))
}

async fn ask(state: &HttpState, caller: &Caller, request: Request) -> Result<crate::protocol::result::Body> {
    requests::answer(&state.context, &caller.who, caller.peer.address, request).await
}

/// `createPatient({nom, prenom})`: one object alone is the arguments by name, where the function's first parameter is not
/// an object itself.
fn arguments(args: Value, takes_json: bool) -> Value {
    match args {
        Value::Array(mut items) if items.len() == 1 && items[0].is_object() && !takes_json => {
            items.pop().unwrap_or_default()
        }
        other => other,
    }
}

fn enveloped(data: &RawValue) -> HttpResponse {
    json_bytes(
        HttpResponse::Ok(),
        format!("{{\"success\":true,\"data\":{data}}}").into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_object_alone_is_the_arguments_by_name() {
        let named = json!({ "nom": "Ba" });
        assert_eq!(arguments(json!([named]), false), named);
        assert_eq!(arguments(json!([named]), true), json!([named]));
        assert_eq!(arguments(json!([named, 1]), false), json!([named, 1]));
        assert_eq!(arguments(json!([100, 0]), false), json!([100, 0]));
        assert_eq!(arguments(Value::Null, false), Value::Null);
    }

    #[test]
    fn only_these_four_are_old_routes() {
        assert_eq!(OldRoute::of("/db/execute"), Some(OldRoute::Execute));
        for path in ["/", "/health/", "/db", "/api/health", "/Health"] {
            assert_eq!(OldRoute::of(path), None, "{path}");
        }
    }
}
