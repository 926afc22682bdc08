//! One test for each code of the error table, over HTTP and the socket where both can carry it.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Hub, PATIENCE, Reply, Socket, socket::query};

fn post(hub: &Hub, path: &str, body: &Value) -> Reply {
    hub.as_user("awa").post(path, body)
}

fn sql(text: &str) -> Value {
    json!({"query": text, "params": []})
}

#[test]
fn code_invalid_request() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"query\":1}",
        "{\"query\":\"SELECT 1\",\"params\":7}",
        "\u{feff}{}",
        "{}{}",
    ] {
        awa.post_text("/api/query", body).problem(400, "invalid_request");
    }
    let mut socket = hub.socket("awa");
    for frame in ["", "x", "{", "[]", "null"] {
        socket.send_text(frame).unwrap();
        let refusal = socket.answer(&json!(null)).unwrap_err();
        assert_eq!(
            (refusal.code.as_str(), &refusal.frame["id"]),
            ("invalid_request", &json!(null)),
            "{frame}"
        );
    }
    // Where the id can be read, the answer carries it.
    socket.refused(json!({"type": "inconnu"}), "invalid_request");
    socket.refused(json!({"type": 5}), "invalid_request");
    socket.refused(json!({"type": "query", "query": 5}), "invalid_request");
}

#[test]
fn code_invalid_request_for_ids_that_are_none() {
    let hub = Hub::start();
    let mut socket = hub.socket("awa");
    for id in ["null", "1.5", "true", "{}", "[1]"] {
        socket
            .send_text(&format!(r#"{{"type":"ping","id":{id}}}"#))
            .unwrap();
        assert_eq!(
            socket.answer(&json!(null)).unwrap_err().code,
            "invalid_request",
            "{id}"
        );
    }
    socket.send_text(r#"{"type":"ping"}"#).unwrap();
    assert_eq!(socket.answer(&json!(null)).unwrap_err().code, "invalid_request");
}

#[test]
fn code_invalid_sql() {
    let hub = Hub::start();
    post(&hub, "/api/query", &sql("SELEC 1")).problem(400, "invalid_sql");
    post(&hub, "/api/query", &sql("SELECT 1; SELECT 2")).problem(400, "invalid_sql");
    post(&hub, "/api/query", &sql("SELECT 1\u{0}; DELETE FROM lignes")).problem(400, "invalid_sql");
}

#[test]
fn code_unauthorized() {
    let hub = Hub::start();
    hub.client().get("/api/me").problem(401, "unauthorized");
}

#[test]
fn code_invalid_credentials() {
    let hub = Hub::start();
    hub.try_login("awa", "faux").problem(401, "invalid_credentials");
}

#[test]
fn code_forbidden() {
    let hub = Hub::start();
    post(&hub, "/api/query", &sql("SELECT id FROM secrets")).problem(403, "forbidden");
}

#[test]
fn code_not_found() {
    let hub = Hub::start();
    post(&hub, "/api/rpc/rien", &json!({"args": []})).problem(404, "not_found");
}

#[test]
fn code_conflict() {
    let hub = Hub::start();
    let keyed = |text: &str| json!({"query": "INSERT INTO lignes VALUES (?)", "params": [text], "idempotency_key": "k"});
    post(&hub, "/api/query", &keyed("a")).ok();
    post(&hub, "/api/query", &keyed("b")).problem(409, "conflict");
}

#[test]
fn code_constraint_violation() {
    let hub = Hub::start();
    let refused = post(
        &hub,
        "/api/query",
        &sql("INSERT INTO ventes(produit_id, quantite) VALUES (1, 0)"),
    );
    assert!(refused.problem(409, "constraint_violation")["constraint"].is_string());
}

#[test]
fn code_precondition_failed() {
    let hub = Hub::start();
    let body =
        json!({"query": "UPDATE produits SET stock = 1 WHERE id = -1", "params": [], "expect_affected": 1});
    post(&hub, "/api/query", &body).problem(409, "precondition_failed");
}

#[test]
fn code_payload_too_large() {
    let hub = Hub::with().env("LIMITS__MAX_BODY_BYTES", 10_000).start();
    let reply = post(
        &hub,
        "/api/query",
        &json!({"query": "SELECT ?", "params": ["x".repeat(20_000)]}),
    );
    assert!(reply.problem(413, "payload_too_large")["limit"].is_string());
}

#[test]
fn code_rate_limited() {
    let hub = Hub::with()
        .env("LIMITS__REQUESTS_PER_SECOND", 1)
        .env("LIMITS__BURST", 3)
        .start();
    let awa = hub.as_user("awa");
    let reply = (0..20)
        .map(|_| awa.post("/api/query", &sql("SELECT 1")))
        .find(|reply| reply.status != 200)
        .expect("the rate holds over HTTP too");
    assert!(
        reply.problem(429, "rate_limited")["retry_after_ms"]
            .as_u64()
            .unwrap()
            > 0
    );
    assert!(reply.header("retry-after").is_some());
}

#[test]
fn code_unsupported() {
    // Of the contract, and not in this build.
    let hub = Hub::start();
    hub.client().get("/socket.io/?EIO=4").problem(501, "unsupported");
}

#[test]
fn code_timeout() {
    let hub = Hub::with().env("LIMITS__STATEMENT_TIMEOUT_MS", 200).start();
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT count(*) FROM c";
    post(&hub, "/api/query", &sql(endless)).problem(504, "timeout");
}

#[test]
fn code_busy() {
    // Readers and a pipeline of one session are few; a crowd of long reports fills any bounded queue.
    let hub = Hub::with()
        .unthrottled()
        .env("LIMITS__STATEMENT_TIMEOUT_MS", 400)
        .start();
    let token = hub.token("awa");
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c) SELECT count(*) FROM c";
    let mut crowd: Vec<Socket> = (0..12).map(|_| hub.socket_with_token(&token, "")).collect();
    for socket in &mut crowd {
        for _ in 0..64 {
            socket.send(query(endless, json!([])));
        }
    }
    let mut probe = hub.socket_with_token(&token, "");
    let mut codes = Vec::new();
    for _ in 0..5 {
        match probe.query("SELECT 1", json!([])) {
            Ok(_) => codes.push("ok".to_owned()),
            Err(refusal) => codes.push(refusal.code),
        }
    }
    assert!(
        codes
            .iter()
            .all(|c| ["ok", "busy", "timeout"].contains(&c.as_str())),
        "{codes:?}"
    );
}

#[test]
fn a_method_that_a_route_does_not_have_and_a_body_of_another_type_are_problems_too() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for reply in [
        awa.delete("/api/query"),
        awa.get("/api/query"),
        awa.clone()
            .header("content-type", "text/plain")
            .post_text("/api/query", "x"),
    ] {
        assert!((400..500).contains(&reply.status), "{}", reply.status);
        assert!(
            reply
                .header("content-type")
                .unwrap()
                .starts_with("application/problem+json")
        );
    }
}

#[test]
fn deeply_nested_json_is_refused_and_harmless() {
    let hub = Hub::start();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    hub.as_user("awa")
        .post_text("/api/query", &deep)
        .problem(400, "invalid_request");
    let mut socket = hub.socket("awa");
    socket
        .send_text(&format!(
            r#"{{"type":"query","id":"deep","query":"SELECT 1","params":{deep}}}"#
        ))
        .unwrap();
    // Whether the id could still be read is the reader's affair.
    let deadline = Instant::now() + PATIENCE;
    let answer = std::iter::repeat_with(|| socket.frame(deadline).unwrap())
        .find(|frame| frame["type"] == "error")
        .unwrap();
    assert_eq!(answer["code"], "invalid_request");
    socket.ping();
}
