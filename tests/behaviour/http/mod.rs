//! The HTTP face: every route of the contract.

mod admin;
mod console;
mod events;
mod functions;
mod messaging;
mod pages;
mod setup;
mod tables;

use serde_json::{Value, json};

use crate::support::Hub;

fn q(sql: &str) -> Value {
    json!({"query": sql, "params": []})
}

#[test]
fn health_needs_no_token() {
    let hub = Hub::start();
    let health = hub.client().get("/api/health").ok();
    assert_eq!(
        (&health["status"], &health["name"]),
        (&json!("ok"), &json!("comptoir"))
    );
    assert!(health["version"].is_string() && health["uptime_s"].is_number());
    assert_eq!(hub.client().get("/api/health/ready").status, 200);
}

#[test]
fn everything_else_needs_one() {
    let hub = Hub::start();
    let client = hub.client();
    for path in [
        "/api/me",
        "/api/me/sessions",
        "/api/info",
        "/api/events",
        "/api/schema",
        "/api/tables/produits",
        "/api/tables/produits/1",
        "/api/metrics",
        "/metrics",
        "/api/admin/sessions",
        "/api/admin/users",
        "/api/admin/terminals",
        "/api/admin/audit",
        "/recherche/riz",
    ] {
        client.get(path).problem(401, "unauthorized");
    }
    for path in [
        "/api/query",
        "/api/batch",
        "/api/rpc/sell",
        "/api/request",
        "/api/admin/announce",
        "/api/admin/backup",
    ] {
        client.post(path, &json!({})).problem(401, "unauthorized");
    }
}

#[test]
fn info_tells_of_the_machine() {
    let hub = Hub::start();
    let info = hub.as_user("awa").get("/api/info").ok();
    assert!(info["hostname"].is_string() && info["platform"].is_string());
    assert!(info.to_string().contains(&hub.addr().port().to_string()));
}

#[test]
fn what_is_not_there_is_a_problem_document() {
    let hub = Hub::start();
    for path in ["/api/nothing", "/nothing", "/api/"] {
        hub.as_user("awa").get(path).problem(404, "not_found");
    }
}

#[test]
fn a_query_answers_as_the_frame_does_without_type_and_id() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let read = awa
        .post("/api/query", &q("SELECT id, nom FROM produits WHERE id = 1"))
        .ok();
    assert_eq!(read["columns"], json!(["id", "nom"]));
    assert_eq!(read["rows"], json!([[1, "Riz 5 kg"]]));
    assert!(read["commit"].is_u64() && read["truncated"] == false);
    assert!(read.get("type").is_none() && read.get("id").is_none());
    let write = awa.post("/api/query", &q("INSERT INTO lignes VALUES ('x')")).ok();
    assert_eq!(write["rows_affected"], 1);
}

#[test]
fn the_type_of_a_query_must_match() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let typed =
        |sql: &str, kind: &str| awa.post("/api/query", &json!({"query": sql, "params": [], "type": kind}));
    typed("SELECT 1", "select").ok();
    typed("INSERT INTO lignes VALUES ('x')", "insert").ok();
    typed("UPDATE lignes SET texte = 'y'", "update").ok();
    typed("DELETE FROM lignes", "delete").ok();
    typed("DELETE FROM lignes", "select").problem(400, "invalid_sql");
    typed("SELECT 1", "autre").problem(400, "invalid_request");
}

#[test]
fn batches_and_functions_have_their_routes() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let batch = awa
        .post("/api/batch", &json!({"statements": [{"query": "INSERT INTO lignes VALUES (?)", "params": ["x"]}, {"query": "SELECT 1"}]}))
        .ok();
    assert_eq!(batch["results"][1]["rows"], json!([[1]]));
    for body in [json!({"args": {"produit_id": 1}}), json!({"args": [1]})] {
        let sold = awa.post("/api/rpc/sell", &body).ok();
        assert!(sold["data"]["id"].is_i64() && sold["commit"].is_u64());
    }
    awa.post("/api/rpc/nothing", &json!({"args": []}))
        .problem(404, "not_found");
    awa.post("/api/rpc/margin", &json!({"args": [1]}))
        .problem(403, "forbidden");
    let refused = awa
        .post("/api/rpc/sell", &json!({"args": [4, 6]}))
        .problem(409, "precondition_failed");
    assert_eq!(refused["detail"], "Stock insuffisant");
}

#[test]
fn any_request_frame_can_be_posted() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let read = awa
        .post(
            "/api/request",
            &json!({"type": "query", "query": "SELECT 1 AS un", "params": []}),
        )
        .ok();
    assert_eq!(read["rows"], json!([[1]]));
    awa.post(
        "/api/request",
        &json!({"type": "rpc", "function": "sell", "args": [1]}),
    )
    .ok();
    awa.post("/api/request", &json!({"type": "rooms"})).ok();
    awa.post("/api/request", &json!({"type": "inconnu"}))
        .problem(400, "invalid_request");
    awa.post("/api/request", &json!({}))
        .problem(400, "invalid_request");
}

#[test]
fn an_idempotency_key_in_the_header_makes_a_retry_a_duplicate() {
    let hub = Hub::start();
    let awa = hub.as_user("awa").header("idempotency-key", "achat-1");
    let first = awa.post("/api/rpc/sell", &json!({"args": [1]})).ok();
    let again = awa.post("/api/rpc/sell", &json!({"args": [1]})).ok();
    assert_eq!(
        (&again["duplicate"], &again["data"]),
        (&json!(true), &first["data"])
    );
    awa.post("/api/rpc/sell", &json!({"args": [2]}))
        .problem(409, "conflict");
}

#[test]
fn cross_origin_reading_is_off_unless_configured() {
    let hub = Hub::with()
        .env("SERVER__ALLOWED_ORIGINS", "https://caisse.example")
        .start();
    let from = |origin: &str| hub.client().header("origin", origin).get("/api/health");
    assert_eq!(
        from("https://caisse.example").header("access-control-allow-origin"),
        Some("https://caisse.example")
    );
    assert_eq!(
        from("https://mal.example").header("access-control-allow-origin"),
        None
    );
    let plain = Hub::start();
    let reply = plain
        .client()
        .header("origin", "https://caisse.example")
        .get("/api/health");
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[test]
fn a_host_that_is_not_ours_is_refused() {
    let hub = Hub::start();
    hub.client()
        .header("host", "mal.example")
        .get("/api/me")
        .problem(403, "forbidden");
}
