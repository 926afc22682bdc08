//! The HTTP face: every route of the contract.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Client, Hub, Reply, Socket, eventually, sse::Sse};

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

// --- tables

#[test]
fn a_table_is_a_plain_array_of_objects_of_readable_columns() {
    let hub = Hub::start();
    let rows = hub.as_user("awa").get("/api/tables/produits?order=id").ok();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    assert_eq!(
        rows[0],
        json!({"id": 1, "nom": "Riz 5 kg", "prix": 3500, "stock": 1000})
    );
    let rows = hub.as_user("caro").get("/api/tables/produits?order=id").ok();
    assert_eq!(rows[0]["prix_achat"], 2801);
}

#[test]
fn select_order_limit_and_offset_shape_a_list() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    assert_eq!(
        awa.get("/api/tables/produits?select=nom,id&order=prix.desc&limit=2&offset=1")
            .ok(),
        json!([{"nom": "Huile 1 l", "id": 2}, {"nom": "Sucre 1 kg", "id": 3}])
    );
    assert_eq!(
        awa.get("/api/tables/produits?select=id&order=stock.asc,id.desc")
            .ok(),
        json!([{"id": 4}, {"id": 3}, {"id": 2}, {"id": 1}])
    );
}

#[test]
fn every_filter_does_what_it_says() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let ids = |filter: &str| -> Vec<i64> {
        let rows = awa
            .get(&format!("/api/tables/produits?select=id&order=id&{filter}"))
            .ok();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|r| r["id"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(ids("id=eq.2"), [2]);
    assert_eq!(ids("id=neq.2"), [1, 3, 4]);
    assert_eq!(ids("prix=gt.800"), [1, 2]);
    assert_eq!(ids("prix=gte.800"), [1, 2, 3]);
    assert_eq!(ids("prix=lt.800"), [4]);
    assert_eq!(ids("prix=lte.800"), [3, 4]);
    assert_eq!(ids("nom=like.*kg"), [1, 3]);
    assert_eq!(ids("nom=ilike.*KG"), [1, 3]);
    assert_eq!(ids("id=in.(1,4,9)"), [1, 4]);
    assert_eq!(ids("nom=in.(%22Riz%205%20kg%22)"), [1]);
    assert_eq!(ids("nom=is.null"), Vec::<i64>::new());
    assert_eq!(ids("prix=gte.800&stock=eq.1000&id=neq.1"), [2, 3]);
}

#[test]
fn a_row_is_made_read_changed_and_deleted() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let made = awa.post(
        "/api/tables/pieces",
        &json!({"nom": "facture", "contenu": {"$blob": "AAE="}}),
    );
    assert_eq!(made.status, 201, "{}", made.text);
    let row = json!({"id": 1, "nom": "facture", "contenu": {"$blob": "AAE="}});
    assert_eq!(made.json(), row);
    let got = awa.get("/api/tables/pieces/1");
    assert_eq!((got.status, got.json()), (200, row));
    let changed = awa.patch("/api/tables/pieces/1", &json!({"nom": "reçu"}));
    assert_eq!(changed.status, 200);
    assert_eq!(changed.json()["nom"], "reçu");
    assert_eq!(awa.delete("/api/tables/pieces/1").status, 204);
    awa.get("/api/tables/pieces/1").problem(404, "not_found");
    awa.patch("/api/tables/pieces/1", &json!({"nom": "x"}))
        .problem(404, "not_found");
    awa.delete("/api/tables/pieces/1").problem(404, "not_found");
}

#[test]
fn composite_keys_are_written_with_a_comma() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    awa.post("/api/tables/couples", &json!({"a": "x", "b": 7, "v": "y"}))
        .ok();
    assert_eq!(
        awa.get("/api/tables/couples/x,7").ok(),
        json!({"a": "x", "b": 7, "v": "y"})
    );
    awa.patch("/api/tables/couples/x,7", &json!({"v": "z"})).ok();
    assert_eq!(awa.delete("/api/tables/couples/x,7").status, 204);
    assert!((400..405).contains(&awa.get("/api/tables/couples/x").status));
}

#[test]
fn table_rights_hold_on_the_table_routes() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    awa.get("/api/tables/secrets").problem(403, "forbidden");
    awa.get("/api/tables/produits?select=prix_achat")
        .problem(403, "forbidden");
    awa.get("/api/tables/produits?prix_achat=gt.0")
        .problem(403, "forbidden");
    awa.get("/api/tables/produits?order=prix_achat")
        .problem(403, "forbidden");
    awa.post("/api/tables/produits", &json!({"nom": "x", "prix": 1}))
        .problem(403, "forbidden");
    awa.patch("/api/tables/produits/1", &json!({"prix": 1}))
        .problem(403, "forbidden");
    awa.delete("/api/tables/ventes/1").problem(403, "forbidden");
    assert_eq!(
        awa.patch("/api/tables/produits/1", &json!({"stock": 5})).ok()["stock"],
        5
    );
    for path in [
        "/api/tables/_comptoir_user",
        "/api/tables/sqlite_schema",
        "/api/tables/inconnue",
    ] {
        assert!([403, 404].contains(&awa.get(path).status), "{path}");
    }
}

#[test]
fn bad_filters_and_bodies_are_invalid_requests() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for query in [
        "id=2",
        "id=pareil.2",
        "id=in.1",
        "limit=x",
        "limit=-1",
        "offset=x",
        "order=id.monte",
    ] {
        awa.get(&format!("/api/tables/produits?{query}"))
            .problem(400, "invalid_request");
    }
    for body in ["{", "[]", "\"x\"", "{\"nom\":[1]}"] {
        awa.post_text("/api/tables/pieces", body)
            .problem(400, "invalid_request");
    }
    let refused = awa.post("/api/tables/ventes", &json!({"produit_id": 1, "quantite": 0}));
    assert!(refused.problem(409, "constraint_violation")["constraint"].is_string());
}

#[test]
fn a_value_in_a_filter_is_a_value_and_no_sql() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let rows = awa.get("/api/tables/produits?nom=eq.x'%20OR%201=1%20--").ok();
    assert_eq!(rows, json!([]));
    assert!(awa.get("/api/tables/produits?id%20OR%201=eq.1").status >= 400);
}

#[test]
fn an_owner_sees_and_writes_his_own_rows_only() {
    let hub = Hub::start();
    let (moussa, fatou) = (hub.as_user("moussa"), hub.as_user("fatou"));
    let id = |client: &Client| client.get("/api/me").ok()["user"]["id"].clone();
    let (m, f) = (id(&moussa), id(&fatou));
    let mine = moussa
        .post(
            "/api/tables/prescriptions",
            &json!({"patient_id": m, "texte": "à moi"}),
        )
        .ok();
    moussa
        .post(
            "/api/tables/prescriptions",
            &json!({"patient_id": f, "texte": "à elle"}),
        )
        .problem(403, "forbidden");
    let path = format!("/api/tables/prescriptions/{}", mine["id"]);
    moussa.get(&path).ok();
    assert_eq!(fatou.get("/api/tables/prescriptions").ok(), json!([]));
    fatou.get(&path).problem(404, "not_found");
    fatou
        .patch(&path, &json!({"texte": "volé"}))
        .problem(404, "not_found");
    fatou.delete(&path).problem(404, "not_found");
    moussa
        .patch(&path, &json!({"patient_id": f}))
        .problem(403, "forbidden");
    moussa.patch(&path, &json!({"texte": "changé"})).ok();
    assert_eq!(
        moussa
            .get("/api/tables/prescriptions")
            .ok()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(moussa.delete(&path).status, 204);
}

// --- events

fn line(socket: &mut Socket, text: &str) {
    socket
        .query("INSERT INTO lignes VALUES (?)", json!([text]))
        .unwrap();
}

#[test]
fn server_sent_events_carry_the_sockets_frames_and_resume_by_last_event_id() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let client = hub.as_user("awa");
    let mut stream = Sse::open(&client, "/api/events");
    let welcome = stream.next();
    assert_eq!(welcome.frame["type"], "welcome");
    line(&mut awa, "un");
    let change = stream.next_of("data_change");
    assert_eq!(change.id.as_deref(), change.frame["cursor"].as_str());
    assert_eq!(change.frame["changes"][0]["row"]["texte"], "un");
    drop(stream);
    line(&mut awa, "deux");
    line(&mut awa, "trois");
    let client = client.header("last-event-id", &change.id.unwrap());
    let mut stream = Sse::open(&client, "/api/events");
    assert_eq!(stream.next().frame["type"], "welcome");
    for text in ["deux", "trois"] {
        assert_eq!(
            stream.next_of("data_change").frame["changes"][0]["row"]["texte"],
            text
        );
    }
    assert_eq!(stream.next_of("caught_up").frame["replayed"], 2);
}

#[test]
fn an_event_stream_ends_with_its_login() {
    let hub = Hub::start();
    let client = hub.as_user("awa");
    let body = client
        .clone()
        .header("accept", "text/event-stream")
        .open("GET", "/api/events", None)
        .unwrap();
    client.post("/api/auth/logout", &json!({}));
    // Reads to the end, which comes.
    let mut body = body.into_body();
    let _ = body.read_to_string().unwrap();
}

#[test]
fn a_long_poll_resumes_where_the_last_one_ended() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let client = hub.as_user("awa");
    let poll = |query: &str| -> Value { client.get(&format!("/api/events?{query}")).ok() };
    let first = poll("wait_ms=0");
    let mut cursor = first["cursor"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    for n in 0..10 {
        line(&mut awa, &n.to_string());
        let answer = poll(&format!("since={cursor}&wait_ms=5000"));
        cursor = answer["cursor"].as_str().unwrap().to_owned();
        for event in answer["events"].as_array().unwrap() {
            if event["type"] == "data_change" {
                seen.push(event["changes"][0]["row"]["texte"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(seen, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_waiting_poll_is_answered_as_soon_as_something_happens() {
    let hub = Hub::start();
    let client = hub.as_user("awa");
    let cursor = client.get("/api/events?wait_ms=0").ok()["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let began = std::time::Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            client
                .get(&format!("/api/events?since={cursor}&wait_ms=10000&tables=lignes"))
                .ok()
        });
        line(&mut hub.socket("binta"), "enfin");
        assert!(waiting.join().unwrap()["events"].to_string().contains("enfin"));
    });
    assert!(began.elapsed() < Duration::from_secs(8));
}

#[test]
fn events_of_a_table_that_the_role_may_not_read_are_forbidden() {
    let hub = Hub::start();
    hub.as_user("awa")
        .get("/api/events?tables=secrets&wait_ms=0")
        .problem(403, "forbidden");
}

// --- routes of functions, schema

#[test]
fn functions_stand_where_they_are_declared_and_answer_the_bare_data() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    assert_eq!(
        awa.get("/recherche/Riz").ok(),
        json!([{"id": 1, "nom": "Riz 5 kg", "prix": 3500}])
    );
    assert_eq!(
        awa.get("/recherche/kg?limite=1").ok().as_array().unwrap().len(),
        1
    );
    assert_eq!(awa.get("/recherche/5%20kg").ok()[0]["id"], 1);
    assert_eq!(awa.get("/fiche/2").ok()["nom"], "Huile 1 l");
    awa.get("/fiche/999").problem(404, "not_found");
    awa.get("/fiche/abc").problem(400, "invalid_request");
    assert_eq!(awa.post("/ventes/1", &json!({"quantite": 2})).ok()["stock"], 998);
    awa.post("/ventes/4", &json!({"quantite": 6}))
        .problem(409, "precondition_failed");
    awa.post("/reassort", &json!({"produit_id": 1, "quantite": 1}))
        .problem(403, "forbidden");
    let caro = hub.as_user("caro");
    assert_eq!(
        caro.post("/reassort", &json!({"produit_id": 1, "quantite": 1}))
            .ok(),
        json!({"rows_affected": 1})
    );
}

#[test]
fn an_envelope_answers_success_and_data() {
    let hub = Hub::start();
    let answer = hub.as_user("awa").get("/enveloppe").ok();
    assert_eq!(
        answer,
        json!({"success": true, "data": [{"id": 1, "nom": "Riz 5 kg"}, {"id": 2, "nom": "Huile 1 l"}]})
    );
}

#[test]
fn the_schema_holds_what_the_role_may_use_and_no_more() {
    let hub = Hub::start();
    let schema = hub.as_user("awa").get("/api/schema").ok().to_string();
    for there in ["produits", "\"stock\"", "ventes", "sell", "quantite"] {
        assert!(schema.contains(there), "{there}");
    }
    for absent in ["prix_achat", "secrets", "prescriptions", "margin", "_comptoir"] {
        assert!(!schema.contains(absent), "{absent}");
    }
    let all = hub.as_user("admin").get("/api/schema").ok().to_string();
    assert!(all.contains("secrets") && all.contains("prix_achat"));
}

#[test]
fn the_openapi_document_is_3_1_and_names_the_routes() {
    let hub = Hub::start();
    let doc = hub.client().get("/api/openapi.json").ok();
    assert!(doc["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(doc["info"]["title"].is_string() && doc["info"]["version"].is_string());
    let paths = doc["paths"].as_object().unwrap();
    for path in [
        "/api/auth",
        "/api/auth/refresh",
        "/api/auth/logout",
        "/api/me",
        "/api/query",
        "/api/batch",
        "/api/request",
        "/api/events",
        "/api/schema",
        "/api/health",
        "/api/metrics",
        "/api/admin/sessions",
    ] {
        assert!(paths.contains_key(path), "{path}");
    }
    assert!(paths.keys().any(|p| p.starts_with("/api/rpc/{")));
    assert!(paths.keys().any(|p| p.starts_with("/api/tables/{")));
    check_references(&doc, &doc);
}

/// Every `$ref` leads somewhere.
fn check_references(doc: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(target)) = members.get("$ref") {
                let pointer = target.strip_prefix('#').unwrap();
                assert!(doc.pointer(pointer).is_some(), "{target}");
            }
            members.values().for_each(|v| check_references(doc, v));
        }
        Value::Array(items) => items.iter().for_each(|v| check_references(doc, v)),
        _ => {}
    }
}

// --- administrators

#[test]
fn metrics_are_for_administrators_and_the_scrape_token() {
    let hub = Hub::with()
        .env("METRICS__SCRAPE_TOKEN", "jeton-de-mesure")
        .start();
    hub.as_user("awa").get("/api/metrics").problem(403, "forbidden");
    hub.as_user("awa").get("/metrics").problem(403, "forbidden");
    let admin = hub.as_user("admin");
    assert!(admin.get("/api/metrics").ok().is_object());
    let text = admin.get("/metrics");
    assert_eq!(text.status, 200);
    assert!(text.header("content-type").unwrap().starts_with("text/plain"));
    assert!(
        text.text.lines().any(|l| l.starts_with("# TYPE comptoir_")),
        "{}",
        text.text
    );
    let scraper = Client::new(&hub.url(""), Some("jeton-de-mesure".into()));
    assert_eq!(scraper.get("/metrics").status, 200);
    scraper.get("/api/admin/users").problem(401, "unauthorized");
}

#[test]
fn administration_is_for_administrators() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    for path in ["sessions", "users", "terminals", "audit"] {
        awa.get(&format!("/api/admin/{path}")).problem(403, "forbidden");
    }
    awa.post("/api/admin/users", &json!({})).problem(403, "forbidden");
    awa.post("/api/admin/announce", &json!({"level": "info", "text": "x"}))
        .problem(403, "forbidden");
    awa.post("/api/admin/backup", &json!({}))
        .problem(403, "forbidden");
    awa.delete("/api/admin/sessions/00000000-0000-0000-0000-000000000000")
        .problem(403, "forbidden");
}

/// The items of a list, bare or under a name.
fn items(reply: &Reply) -> Vec<Value> {
    let body = reply.ok();
    body.as_array()
        .or_else(|| body.as_object()?.values().find_map(Value::as_array))
        .unwrap_or_else(|| panic!("a list: {body}"))
        .clone()
}

#[test]
fn an_administrator_sees_the_connected_sessions() {
    let hub = Hub::start();
    let awa = hub.socket("awa");
    let admin = hub.as_user("admin");
    let session = eventually("awa is listed", || {
        items(&admin.get("/api/admin/sessions"))
            .into_iter()
            .find(|s| s["username"] == "awa")
    });
    assert_eq!(session["id"], awa.session());
    assert!(session["sid"].is_string() && session["address"].as_str().unwrap().contains("127.0.0.1"));
}

#[test]
fn an_administrator_makes_and_changes_users() {
    let hub = Hub::start();
    let admin = hub.as_user("admin");
    let made = admin.post(
        "/api/admin/users",
        &json!({"username": "zoe", "role": "caisse", "password": "une phrase longue"}),
    );
    assert_eq!(made.status / 100, 2, "{}", made.text);
    let zoe = items(&admin.get("/api/admin/users"))
        .into_iter()
        .find(|u| u["username"] == "zoe")
        .unwrap();
    assert_eq!((&zoe["role"], &zoe["active"]), (&json!("caisse"), &json!(true)));
    assert!(!zoe.to_string().contains("$2"), "no hash is shown");
    hub.login_with("zoe", "une phrase longue");
    admin
        .patch(
            &format!("/api/admin/users/{}", zoe["id"]),
            &json!({"role": "vendeur"}),
        )
        .ok();
    assert_eq!(
        hub.login_with("zoe", "une phrase longue")["user"]["role"],
        "vendeur"
    );
    for body in [
        json!({"username": "zoe", "role": "caisse", "password": "une phrase longue"}),
        json!({"username": "lea", "role": "inconnu", "password": "une phrase longue"}),
        json!({"username": "lea", "role": "caisse", "password": "court"}),
        json!({"username": "lea"}),
    ] {
        assert!(
            (400..500).contains(&admin.post("/api/admin/users", &body).status),
            "{body}"
        );
    }
    admin
        .patch("/api/admin/users/99999", &json!({"active": false}))
        .problem(404, "not_found");
}

#[test]
fn an_announcement_reaches_everybody() {
    let hub = Hub::start();
    let (mut awa, mut moussa) = (hub.socket("awa"), hub.socket("moussa"));
    let sent = hub.as_user("admin").post(
        "/api/admin/announce",
        &json!({"level": "info", "text": "Fermeture à 18 h"}),
    );
    assert_eq!(sent.status / 100, 2, "{}", sent.text);
    for socket in [&mut awa, &mut moussa] {
        let message = socket.event("system_message");
        assert_eq!(
            (&message["level"], &message["text"]),
            (&json!("info"), &json!("Fermeture à 18 h"))
        );
    }
}

#[test]
fn the_audit_shows_logins_writes_and_refusals_without_values() {
    let hub = Hub::start();
    hub.try_login("awa", "faux");
    let mut awa = hub.socket("awa");
    awa.query("INSERT INTO lignes VALUES (?)", json!(["valeur-secrete"]))
        .unwrap();
    let _ = awa.query("SELECT valeur FROM secrets", json!([]));
    awa.rpc("sell", json!([1])).unwrap();
    let admin = hub.as_user("admin");
    eventually("the audit has it all", || {
        let said = admin.get("/api/admin/audit?limit=200").ok().to_string();
        assert!(!said.contains("valeur-secrete") && !said.contains("faux"));
        [
            "INSERT INTO lignes",
            "sell",
            "forbidden",
            "invalid_credentials",
            "awa",
        ]
        .iter()
        .all(|wanted| said.contains(wanted))
        .then_some(())
    });
}

#[test]
fn an_administrator_takes_a_backup_over_http() {
    let hub = Hub::start();
    let reply = hub.as_user("admin").post("/api/admin/backup", &json!({}));
    assert_eq!(reply.status / 100, 2, "{}", reply.text);
}

#[test]
fn terminals_are_listed() {
    let hub = Hub::start();
    hub.cli(&["terminal", "add", "guichet", "--address", "192.0.2.9"])
        .succeeded();
    let admin = hub.as_user("admin");
    eventually("the terminal is listed", || {
        items(&admin.get("/api/admin/terminals"))
            .iter()
            .any(|t| t["name"] == "guichet")
            .then_some(())
    });
}

// --- CORS, hosts

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
