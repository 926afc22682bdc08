//! `/api/query`, `/api/batch`, `/api/rpc/{function}` and `/api/request`: the requests of the socket over HTTP.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    protocol::{
        Error,
        error::Result,
        request::{Batch, Frame, Kind, Query, Request, Rpc},
        value::Params,
    },
    session::requests::answer,
};

use super::{
    HttpState,
    body::{self, Json, Raw, idempotency_key},
    caller::{Authenticated, Caller},
    encoding::path_parameter,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

/// As the frame, with `type` for `kind`.
#[derive(Deserialize)]
struct QueryBody {
    query: String,
    #[serde(default)]
    params: Params,
    #[serde(default, rename = "type", alias = "kind")]
    kind: Option<Kind>,
    #[serde(default)]
    expect_affected: Option<u64>,
    #[serde(default)]
    idempotency_key: Option<String>,
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/api/query",
            query,
            Operation::new("query", "data", "Runs one SQL statement with the rights of the role.")
                .idempotent()
                .takes(true, schema_ref("Query"))
                .answers(200, "What it returned.", schema_ref("QueryResult")),
        ),
        Endpoint::post(
            "/api/batch",
            batch,
            Operation::new("batch", "data", "Runs several statements in one transaction, all or nothing.")
                .idempotent()
                .takes(true, schema_ref("Batch"))
                .answers(200, "A result per statement.", schema_ref("BatchResult")),
        ),
        Endpoint::post(
            "/api/rpc/{function}",
            rpc,
            Operation::new("callFunction", "data", "Calls a function of the pack.")
                .describe(
                    "The body is the arguments (an array by position, an object by name), or an object with the \
                     member `args` that holds them. No body: no arguments.",
                )
                .path("function", "Name of the function.", json!({ "type": "string" }))
                .idempotent()
                .takes(false, schema_ref("RpcBody"))
                .answers(200, "What it answered.", schema_ref("RpcResult")),
        ),
        Endpoint::post(
            "/api/request",
            request,
            Operation::new("request", "data", "Answers any request frame of the socket; `id` may be left out.")
                .idempotent()
                .takes(true, schema_ref("Frame"))
                .answers(200, "The members of the result frame, without type and id.", json!({ "type": "object" })),
        ),
    ]
}

async fn query(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(body): Json<QueryBody>,
) -> Result<HttpResponse, Problem> {
    let request = Request::Query(Query {
        query: body.query,
        params: body.params,
        kind: body.kind,
        expect_affected: body.expect_affected,
        idempotency_key: idempotency_key(&req)?.or(body.idempotency_key),
    });
    run(&state, &caller, request).await
}

async fn batch(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(mut body): Json<Batch>,
) -> Result<HttpResponse, Problem> {
    body.idempotency_key = idempotency_key(&req)?.or(body.idempotency_key);
    run(&state, &caller, Request::Batch(body)).await
}

async fn rpc(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Raw(bytes): Raw,
) -> Result<HttpResponse, Problem> {
    let (args, key) = arguments(body::parse_optional(&bytes)?)?;
    let call = Rpc {
        function: path_parameter(&req, "function")?,
        args,
        idempotency_key: idempotency_key(&req)?.or(key),
    };
    run(&state, &caller, Request::Rpc(call)).await
}

async fn request(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Raw(bytes): Raw,
) -> Result<HttpResponse, Problem> {
    let mut request = read_frame(&bytes)?;
    if let Some(key) = idempotency_key(&req)? {
        match &mut request {
            Request::Query(query) => query.idempotency_key = Some(key),
            Request::Batch(batch) => batch.idempotency_key = Some(key),
            Request::Rpc(rpc) => rpc.idempotency_key = Some(key),
            _ => {}
        }
    }
    run(&state, &caller, request).await
}

async fn run(state: &HttpState, caller: &Caller, request: Request) -> Result<HttpResponse, Problem> {
    let answered = answer(&state.context, &caller.who, caller.peer.address, request).await?;
    Ok(body::ok(answered))
}

/// A frame whose `id` may be missing: nobody needs it where the answer has its own connection.
fn read_frame(bytes: &[u8]) -> Result<Request> {
    let mut frame: Map<String, Value> = body::parse(bytes)?;
    if frame.get("id").is_none_or(Value::is_null) {
        frame.insert("id".into(), 0.into());
    }
    Frame::parse(&Value::Object(frame).to_string()).request
}

/// The arguments and the idempotency key in the body of a call. An object with `args` and no member that
/// the frame does not have is the frame's form; a function whose parameter is itself called `args` is
/// called with that form.
fn arguments(body: Option<Value>) -> Result<(Value, Option<String>)> {
    match body {
        None => Ok((Value::Null, None)),
        Some(Value::Object(mut members)) if is_frame_form(&members) => {
            let key = match members.remove("idempotency_key") {
                None | Some(Value::Null) => None,
                Some(Value::String(key)) => Some(key),
                Some(_) => return Err(Error::invalid("idempotency_key is a string.")),
            };
            let args = members.remove("args").unwrap_or(Value::Null);
            if matches!(args, Value::Null | Value::Array(_) | Value::Object(_)) {
                Ok((args, key))
            } else {
                Err(Error::invalid("args is an array or an object."))
            }
        }
        Some(args @ (Value::Null | Value::Array(_) | Value::Object(_))) => Ok((args, None)),
        Some(_) => Err(Error::invalid("The arguments are an array or an object.")),
    }
}

fn is_frame_form(members: &Map<String, Value>) -> bool {
    members.contains_key("args")
        && members.keys().all(|name| {
            matches!(
                name.as_str(),
                "args" | "idempotency_key" | "function" | "type" | "id"
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_come_bare_or_in_the_frames_form() {
        for (body, args, key) in [
            (json!([1, 2]), json!([1, 2]), None),
            (json!({ "term": "a" }), json!({ "term": "a" }), None),
            (json!({ "args": [1] }), json!([1]), None),
            (
                json!({ "args": { "x": 1 }, "idempotency_key": "k" }),
                json!({ "x": 1 }),
                Some("k"),
            ),
            (
                json!({ "args": 1, "other": 2 }),
                json!({ "args": 1, "other": 2 }),
                None,
            ),
            (json!({}), json!({}), None),
        ] {
            assert_eq!(arguments(Some(body)).unwrap(), (args, key.map(str::to_owned)));
        }
        assert_eq!(arguments(None).unwrap(), (Value::Null, None));
    }

    #[test]
    fn arguments_of_another_kind_are_refused() {
        for body in [
            json!(1),
            json!("a"),
            json!({ "args": 1 }),
            json!({ "args": [], "idempotency_key": 5 }),
        ] {
            assert!(arguments(Some(body.clone())).is_err(), "{body}");
        }
    }

    #[test]
    fn a_frame_needs_no_id_over_http() {
        assert!(matches!(read_frame(br#"{"type":"ping"}"#), Ok(Request::Ping)));
        assert!(matches!(
            read_frame(br#"{"type":"ping","id":null}"#),
            Ok(Request::Ping)
        ));
        assert!(matches!(
            read_frame(br#"{"type":"ping","id":"a"}"#),
            Ok(Request::Ping)
        ));
        assert!(read_frame(br#"{"type":"ping","id":[]}"#).is_err());
        assert!(read_frame(br#"[]"#).is_err());
        assert!(read_frame(br#"{"id":1}"#).is_err());
    }
}
