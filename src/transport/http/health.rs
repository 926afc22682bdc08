//! `/api/health`, `/api/health/ready` and `/api/info`.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::protocol::{Code, Error};

use super::{
    HttpState,
    body::ok_value,
    caller::Authenticated,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/api/health",
            health,
            Operation::new("getHealth", "hub", "Whether the hub runs.")
                .open()
                .answers(200, "It runs.", schema_ref("Health")),
        ),
        Endpoint::get(
            "/api/health/ready",
            ready,
            Operation::new(
                "getReady",
                "hub",
                "Whether the hub takes work: 503 until migrated and while stopping.",
            )
            .open()
            .answers(200, "It takes work.", schema_ref("Health")),
        ),
        Endpoint::get(
            "/api/info",
            info,
            Operation::new("getInfo", "hub", "The machine, its addresses and ports.").answers(
                200,
                "Where the hub is.",
                schema_ref("Info"),
            ),
        ),
    ]
}

async fn health(state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    report(&state, "ok")
}

async fn ready(state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    if !state.is_ready() {
        return Err(Error::new(Code::Unavailable, "The hub is starting or stopping.").into());
    }
    report(&state, "ready")
}

fn report(state: &HttpState, status: &str) -> Result<HttpResponse, Problem> {
    Ok(ok_value(&json!({
        "status": status,
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_s": state.uptime_s()
    }))?)
}

async fn info(_: Authenticated, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let host = &state.host;
    Ok(ok_value(&json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "hostname": host.hostname,
        "addresses": host.addresses,
        "ports": { "http": host.http_port, "https": host.https_port },
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        "uptime_s": state.uptime_s(),
        "certificate_fingerprint": host.certificate_fingerprint
    }))?)
}
