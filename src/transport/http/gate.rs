//! What every request passes on its way in and out: `Host` and `Origin`, CORS, request id, one rendering of
//! errors, security headers, metrics and log.

use std::time::Instant;

use actix_web::{
    HttpResponse,
    body::{BodySize, BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use tracing::Instrument;
use uuid::Uuid;

use crate::protocol::{Code, Error, error::Result};

use super::{HttpState, problem::Problem, unread};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Bodies below this are not worth compressing, bytes.
const MIN_COMPRESSED: u64 = 1_400;

/// Routes whose requests `session::requests` counts under the frame's name.
const COUNTED_BY_SESSION: &[&str] = &["/api/query", "/api/batch", "/api/rpc/{function}", "/api/request"];

/// The outermost middleware.
pub async fn gate(
    mut req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let request_id = Uuid::new_v4().to_string();
    let started = Instant::now();
    let Some(state) = req.app_data::<web::Data<HttpState>>().cloned() else {
        let problem = Problem::from(Error::internal("the HTTP state is not configured"));
        return Ok(req.into_response(problem.render(&request_id)));
    };
    unread::hang_up_on(&mut req);
    let span = tracing::info_span!("http", %request_id, method = %req.method());
    async move {
        let cors = cors_headers(&req, &state);
        let mut response = match admit(&req, &state) {
            Err(refused) => req.into_response(report(&refused.into(), &request_id)),
            Ok(Admitted::Preflight) => req.into_response(preflight()),
            Ok(Admitted::Request) => {
                let method = req.method().clone();
                let (response, outcome) = match next.call(req).await {
                    Ok(response) => render(response.map_into_boxed_body(), &request_id),
                    Err(error) => {
                        let problem = Problem::from_actix(&error);
                        let rendered = report(&problem, &request_id);
                        return Err(InternalError::from_response(error, rendered).into());
                    }
                };
                count(
                    &state,
                    &method,
                    response.request().match_pattern().as_deref(),
                    outcome,
                    started,
                );
                response
            }
        };
        finish(response.headers_mut(), cors, &request_id);
        Ok(response)
    }
    .instrument(span)
    .await
}

/// Inside of the compression: marks small bodies so that it leaves them alone.
pub async fn spare_small_bodies(
    req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let mut response = next.call(req).await?;
    let is_small = matches!(response.response().body().size(), BodySize::Sized(n) if n < MIN_COMPRESSED);
    // What came compressed says so already.
    if is_small && !response.headers().contains_key(header::CONTENT_ENCODING) {
        response
            .headers_mut()
            .insert(header::CONTENT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(response)
}

enum Admitted {
    Request,
    Preflight,
}

/// The `Host` and `Origin` rules.
fn admit(req: &ServiceRequest, state: &HttpState) -> Result<Admitted> {
    let is_own_address = |address| state.context.accounts.peer(address).is_server;
    let host = host(req)?;
    if let Some(host) = host
        && !state.hosts.is_own_host(host, &is_own_address)
    {
        return Err(Error::forbidden("This hub does not answer to this host name."));
    }
    let Some(origin) = req.headers().get(header::ORIGIN) else {
        return Ok(Admitted::Request);
    };
    let allowed = origin.to_str().is_ok_and(|origin| {
        state
            .hosts
            .may_act(origin, host.unwrap_or_default(), &is_own_address)
    });
    let is_preflight =
        req.method() == Method::OPTIONS && req.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    // Reading is left to the browser, which gives a foreign page nothing without CORS headers.
    let harmless = matches!(*req.method(), Method::GET | Method::HEAD | Method::OPTIONS) && !is_preflight;
    match (allowed, is_preflight) {
        (true, true) => Ok(Admitted::Preflight),
        (false, _) if !harmless => Err(Error::forbidden("Pages of this origin may not call this hub.")),
        _ => Ok(Admitted::Request),
    }
}

/// The one `Host` of a request; HTTP/1.0 may come without.
fn host(req: &ServiceRequest) -> Result<Option<&str>> {
    let wrong = || Error::invalid("A request carries one Host header.");
    let mut values = req.headers().get_all(header::HOST);
    let header = match (values.next(), values.next()) {
        (Some(value), None) => Some(value.to_str().map_err(|_| wrong())?),
        (None, _) => None,
        (Some(_), Some(_)) => return Err(wrong()),
    };
    // An absolute request target and HTTP/2 name the host in the address, which then counts.
    match req
        .uri()
        .authority()
        .map(|authority| authority.as_str())
        .or(header)
    {
        None if req.version() == actix_web::http::Version::HTTP_11 => Err(wrong()),
        host => Ok(host),
    }
}

fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, POST, PUT, PATCH, DELETE",
        ))
        .insert_header((
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
        ))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, "600"))
        .finish()
}

/// CORS headers for a listed origin; without listed origins there is no CORS at all.
fn cors_headers(req: &ServiceRequest, state: &HttpState) -> Vec<(HeaderName, HeaderValue)> {
    if !state.hosts.has_listed_origins() {
        return Vec::new();
    }
    let mut headers = vec![(header::VARY, HeaderValue::from_static("Origin"))];
    if let Some(origin) = req.headers().get(header::ORIGIN)
        && origin
            .to_str()
            .is_ok_and(|origin| state.hosts.is_listed_origin(origin))
    {
        headers.push((header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()));
        headers.push((
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static("X-Request-Id, Retry-After, Comptoir-Commit, Comptoir-Truncated, ETag, Content-Range, Content-Disposition"),
        ));
    }
    headers
}

/// Turns an answer that carries an error into its problem document. Also says how it ended, for metrics.
fn render(response: ServiceResponse<BoxBody>, request_id: &str) -> (ServiceResponse<BoxBody>, &'static str) {
    let Some(problem) = response.response().error().map(Problem::from_actix) else {
        return (response, "ok");
    };
    let rendered = report(&problem, request_id);
    (response.into_response(rendered), problem.error.code.as_str())
}

/// Logs the cause of what is our fault, once. What a client sent wrong is told to the client alone: serde's
/// and SQLite's words about it may hold values.
fn report(problem: &Problem, request_id: &str) -> HttpResponse {
    let error = &problem.error;
    if let Some(cause) = error.cause.as_deref().filter(|_| error.code.status() >= 500) {
        if error.code == Code::Internal {
            tracing::error!(request_id, code = error.code.as_str(), cause, "request failed");
        } else {
            tracing::warn!(request_id, code = error.code.as_str(), cause, "request failed");
        }
    }
    problem.render(request_id)
}

fn count(state: &HttpState, method: &Method, pattern: Option<&str>, outcome: &str, started: Instant) {
    let pattern = pattern.filter(|pattern| !pattern.is_empty()).unwrap_or("other");
    if COUNTED_BY_SESSION.contains(&pattern) {
        return;
    }
    // Any word can be a method; a label must not be the client's to choose.
    let method = match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "OTHER",
    };
    let kind = format!("{method} {pattern}");
    let metrics = &state.context.metrics;
    metrics
        .requests
        .with_label_values(&[kind.as_str(), outcome])
        .inc();
    metrics
        .request_seconds
        .with_label_values(&[kind.as_str()])
        .observe(started.elapsed().as_secs_f64());
}

fn finish(headers: &mut HeaderMap, cors: Vec<(HeaderName, HeaderValue)>, request_id: &str) {
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|value| value == "identity")
    {
        headers.remove(header::CONTENT_ENCODING);
    }
    for (name, value) in cors {
        headers.append(name, value);
    }
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, value);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; frame-ancestors 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        middleware::{Compress, from_fn},
        test,
    };
    use serde_json::Value;

    use super::*;

    async fn render_only(
        req: ServiceRequest,
        next: Next<impl MessageBody + 'static>,
    ) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
        let (mut response, _) = render(next.call(req).await?.map_into_boxed_body(), "r-1");
        finish(response.headers_mut(), Vec::new(), "r-1");
        Ok(response)
    }

    /// What reaches a client that takes gzip, of a handler that answers `body` or fails.
    async fn fetch(path: &str) -> ServiceResponse<BoxBody> {
        let scope = web::scope("")
            .route("/small", web::to(|| async { "small" }))
            .route("/large", web::to(|| async { "large ".repeat(1_000) }))
            .route(
                "/busy",
                web::to(|| async { Err::<String, _>(Problem::from(Error::of(Code::Busy))) }),
            )
            .route("/text", web::to(|_: web::Json<String>| async { "never" }))
            .wrap(from_fn(spare_small_bodies))
            .wrap(Compress::default())
            .wrap(from_fn(render_only));
        let app = test::init_service(App::new().service(scope)).await;
        let request = test::TestRequest::with_uri(path).insert_header((header::ACCEPT_ENCODING, "gzip"));
        test::call_service(&app, request.to_request())
            .await
            .map_into_boxed_body()
    }

    #[actix_web::test]
    async fn errors_of_handlers_and_of_actix_itself_become_problem_documents() {
        for (path, status, code) in [("/busy", 503, "busy"), ("/text", 400, "invalid_request")] {
            let response = fetch(path).await;
            assert_eq!(response.status(), status);
            assert_eq!(
                response.headers().get("content-type").unwrap(),
                "application/problem+json"
            );
            assert_eq!(response.headers().get(REQUEST_ID).unwrap(), "r-1");
            let body: Value = test::read_body_json(response).await;
            assert_eq!(body["code"], code);
            assert_eq!(body["request_id"], "r-1");
        }
    }

    #[actix_web::test]
    async fn large_bodies_are_compressed_and_small_ones_left_alone() {
        let large = fetch("/large").await;
        assert_eq!(large.headers().get(header::CONTENT_ENCODING).unwrap(), "gzip");
        let small = fetch("/small").await;
        assert!(small.headers().get(header::CONTENT_ENCODING).is_none());
        assert_eq!(test::read_body(small).await, "small");
    }

    #[actix_web::test]
    async fn every_answer_carries_the_security_headers() {
        let response = fetch("/small").await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(response.headers().get(name).unwrap(), value);
        }
    }
}
