//! Request bodies: JSON, bounded by `limits.max_body_bytes` and by time, with the catalogue's errors.

use std::time::Duration;

use actix_web::{FromRequest, HttpRequest, HttpResponse, dev::Payload, http::header, web};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, future::LocalBoxFuture};
use serde::{Serialize, de::DeserializeOwned};

use crate::protocol::{Code, Error, error::Result, request::invalid_field, result::Body};

use super::{HttpState, problem::Problem};

/// How long a client may take to send its body.
const BODY_DEADLINE: Duration = Duration::from_secs(30);

/// Longest `Idempotency-Key`, bytes.
const MAX_IDEMPOTENCY_KEY: usize = 255;

/// A JSON body of a known shape.
pub struct Json<T>(pub T);

/// A whole body as it came, bounded.
pub struct Raw(pub Bytes);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let raw = Raw::from_request(req, payload);
        Box::pin(async move {
            let bytes = raw.await?.0;
            // Serde would take an array for the fields of a struct in their order.
            if bytes.trim_ascii_start().starts_with(b"[") {
                return Err(Error::invalid("The body is one object.").into());
            }
            Ok(Self(parse(&bytes)?))
        })
    }
}

impl FromRequest for Raw {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let limit = body_limit(req);
        let announced = announced_length(req);
        let payload = payload.take();
        Box::pin(async move { Ok(Self(receive(announced, limit, payload).await?)) })
    }
}

/// The whole body, for handlers that decide first whether they want it.
pub async fn read_all(req: &HttpRequest, payload: web::Payload) -> Result<Bytes> {
    receive(announced_length(req), body_limit(req), payload.into_inner()).await
}

fn announced_length(req: &HttpRequest) -> Option<usize> {
    req.headers()
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn body_limit(req: &HttpRequest) -> usize {
    req.app_data::<web::Data<HttpState>>()
        .map_or(0, |state| state.context.limits.max_body_bytes)
}

async fn receive(announced: Option<usize>, limit: usize, payload: Payload) -> Result<Bytes> {
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    tokio::time::timeout(BODY_DEADLINE, read(payload, limit))
        .await
        .unwrap_or_else(|_| Err(Error::invalid("The body did not arrive in time.")))
}

async fn read(mut payload: Payload, limit: usize) -> Result<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|cause| Error::invalid("The body could not be read.").caused_by(cause))?;
        if body.len() + chunk.len() > limit {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large() -> Error {
    Error::new(Code::PayloadTooLarge, "The body is over the size limit.").with("limit", "max_body_bytes")
}

/// Parses a JSON body. Malformed JSON and missing or mistyped fields: `invalid_request`.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|cause| {
        if cause.is_data() {
            invalid_field(cause)
        } else {
            Error::invalid("The body is not valid JSON.")
        }
    })
}

/// Parses a JSON body that may be left out: empty is `None`.
pub fn parse_optional<T: DeserializeOwned>(bytes: &[u8]) -> Result<Option<T>> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    parse(bytes).map(Some)
}

/// The `Idempotency-Key` header.
pub fn idempotency_key(req: &HttpRequest) -> Result<Option<String>> {
    let Some(value) = req.headers().get("idempotency-key") else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|key| !key.is_empty() && key.len() <= MAX_IDEMPOTENCY_KEY)
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| Error::invalid("Idempotency-Key is 1 to 255 visible ASCII characters."))
}

/// 200 with the members of a result, as the executor wrote them.
pub fn ok(body: Body) -> HttpResponse {
    json_bytes(HttpResponse::Ok(), body.0)
}

/// 200 with any serialisable value.
pub fn ok_value(value: &impl Serialize) -> Result<HttpResponse> {
    value_with(HttpResponse::Ok(), value)
}

/// 201 with any serialisable value.
pub fn created_value(value: &impl Serialize) -> Result<HttpResponse> {
    value_with(HttpResponse::Created(), value)
}

/// Bare data has no place to say that rows are missing.
pub fn say_truncated(answer: &mut actix_web::HttpResponseBuilder, truncated: bool) {
    if truncated {
        answer.insert_header(("comptoir-truncated", "true"));
    }
}

pub fn json_bytes(mut builder: actix_web::HttpResponseBuilder, bytes: Bytes) -> HttpResponse {
    builder.content_type("application/json").body(bytes)
}

fn value_with(builder: actix_web::HttpResponseBuilder, value: &impl Serialize) -> Result<HttpResponse> {
    let text = serde_json::to_vec(value).map_err(Error::internal)?;
    Ok(json_bytes(builder, text.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Named {
        #[allow(dead_code)]
        name: String,
    }

    #[test]
    fn malformed_missing_and_mistyped_are_all_invalid_requests() {
        for body in [
            "",
            "{",
            "nonsense",
            "[]",
            "{}",
            r#"{"name":1}"#,
            r#"{"name":"a"}}"#,
        ] {
            assert_eq!(
                parse::<Named>(body.as_bytes()).unwrap_err().code,
                Code::InvalidRequest,
                "{body}"
            );
        }
    }

    #[test]
    fn a_body_may_be_left_out_where_it_is_optional() {
        assert_eq!(parse_optional::<Value>(b" \n").unwrap(), None);
        assert_eq!(
            parse_optional::<Value>(b"[1]").unwrap(),
            Some(serde_json::json!([1]))
        );
        assert!(parse_optional::<Value>(b"{").is_err());
    }
}
