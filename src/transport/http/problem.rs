//! Errors as RFC 9457 problem documents. Handlers answer `Result<_, Problem>`; the gate renders every
//! error in one place, with the request id that the log line carries.

use std::fmt;

use actix_web::{
    HttpResponse, HttpResponseBuilder, ResponseError,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderName, HeaderValue},
    },
};

use crate::protocol::{Code, Error};

/// Media type of RFC 9457.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error of the catalogue on its way out over HTTP.
#[derive(Debug, Clone)]
pub struct Problem {
    pub error: Error,
    /// Where HTTP has a status of its own for what the catalogue calls something wider (405, 416).
    status: Option<StatusCode>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// 405 with the methods that the route does take.
    pub fn method_not_allowed(allowed: &str) -> Self {
        Self {
            error: Error::invalid("This route does not take this method."),
            status: Some(StatusCode::METHOD_NOT_ALLOWED),
            headers: HeaderValue::from_str(allowed)
                .map(|value| vec![(header::ALLOW, value)])
                .unwrap_or_default(),
        }
    }

    /// 416 with the length that the file does have.
    pub fn range_not_satisfiable(length: u64) -> Self {
        Self {
            error: Error::invalid("The range lies outside of the file."),
            status: Some(StatusCode::RANGE_NOT_SATISFIABLE),
            headers: HeaderValue::from_str(&format!("bytes */{length}"))
                .map(|value| vec![(header::CONTENT_RANGE, value)])
                .unwrap_or_default(),
        }
    }

    /// What actix itself refused (its extractors, its router, its codec), in the catalogue's words.
    pub fn from_actix(error: &actix_web::Error) -> Self {
        if let Some(problem) = error.as_error::<Problem>() {
            return problem.clone();
        }
        let status = error.as_response_error().status_code();
        let known = match status {
            StatusCode::NOT_FOUND => Error::of(Code::NotFound),
            StatusCode::PAYLOAD_TOO_LARGE => Error::of(Code::PayloadTooLarge).with("limit", "max_body_bytes"),
            status if status.is_client_error() => Error::of(Code::InvalidRequest),
            _ => Error::of(Code::Internal),
        };
        known.caused_by(error).into()
    }

    /// The answer: headers and document, which carry `request_id`.
    pub fn render(&self, request_id: &str) -> HttpResponse {
        let status = self.status_code();
        let mut document = self.error.to_problem(request_id);
        document["status"] = status.as_u16().into();
        let mut builder = HttpResponseBuilder::new(status);
        builder.content_type(PROBLEM_JSON);
        for (name, value) in &self.headers {
            builder.insert_header((name.clone(), value.clone()));
        }
        if self.error.code == Code::Unauthorized {
            builder.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"comptoir\""));
        }
        if let Some(ms) = self.error.extra.get("retry_after_ms").and_then(|ms| ms.as_u64()) {
            // The header counts in whole seconds: rounded up, so that nobody comes back too early.
            builder.insert_header((header::RETRY_AFTER, ms.div_ceil(1_000).max(1)));
        }
        builder.body(document.to_string())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self {
            error,
            status: None,
            headers: Vec::new(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status.unwrap_or_else(|| {
            StatusCode::from_u16(self.error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        })
    }

    /// Only a stand-in: the gate replaces it with [`Problem::render`], which knows the request id.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        HttpResponse::new(self.status_code())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::Value;

    use super::*;

    async fn document(problem: Problem) -> (HttpResponse, Value) {
        let response = problem.render("r-1");
        let (head, body) = response.into_parts();
        let body = to_bytes(body).await.unwrap();
        (
            head.set_body(BoxBody::new(())),
            serde_json::from_slice(&body).unwrap(),
        )
    }

    #[actix_web::test]
    async fn a_problem_names_code_status_and_request_but_never_the_cause() {
        let (response, body) = document(Error::internal("disk /secret is gone").into()).await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers().get("content-type").unwrap(), PROBLEM_JSON);
        assert_eq!(body["code"], "internal");
        assert_eq!(body["status"], 500);
        assert_eq!(body["request_id"], "r-1");
        assert!(!body.to_string().contains("secret"));
    }

    #[actix_web::test]
    async fn retry_after_is_given_in_whole_seconds_rounded_up() {
        let (response, body) = document(Error::of(Code::Busy).retry_after_ms(1_200).into()).await;
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
        assert_eq!(body["retry_after_ms"], 1_200);
    }

    #[actix_web::test]
    async fn a_wrong_method_is_405_with_allow() {
        let (response, body) = document(Problem::method_not_allowed("GET, HEAD")).await;
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers().get("allow").unwrap(), "GET, HEAD");
        assert_eq!(body["status"], 405);
        assert_eq!(body["code"], "invalid_request");
    }

    #[actix_web::test]
    async fn every_code_answers_with_its_own_status() {
        for &code in Code::ALL {
            let (response, body) = document(Error::of(code).into()).await;
            assert_eq!(response.status().as_u16(), code.status());
            assert_eq!(body["code"], code.as_str());
        }
    }
}
