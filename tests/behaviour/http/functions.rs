//! Routes that the pack declares, and what the hub says of itself: schema and OpenAPI.

use serde_json::{Value, json};

use crate::support::Hub;

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
