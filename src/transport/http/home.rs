//! `GET /`: says what this is and where to go.

use actix_web::HttpResponse;
use serde_json::json;

use super::{endpoint::Endpoint, openapi::Operation};

const PAGE: &str = include_str!("home.html");

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get(
        "/",
        show,
        Operation::new("getHome", "hub", "A page that says what this is.")
            .open()
            .answers_as(
                200,
                "A page.",
                json!({ "text/html": { "schema": { "type": "string" } } }),
            ),
    )]
}

async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(PAGE)
}
