//! The examples that the wire contract prints work as they are printed, and small things of SQL and tables that its
//! readers take for granted.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::Hub;

fn contract() -> Hub {
    let pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/contract");
    Hub::with().app(pack).start()
}

#[test]
fn the_printed_functions_search_and_sell() {
    let hub = contract();
    let doctor = hub.as_user("doc");
    let found = json!([
        {"id": 1, "nom": "Diallo", "prenom": "Awa"},
        {"id": 3, "nom": "Diop", "prenom": "Moussa"}
    ]);
    assert_eq!(doctor.get("/patients/search/Di").ok(), found);
    assert_eq!(
        doctor.get("/patients/search/Di?limit=1").ok(),
        json!([found[0].clone()])
    );
    assert_eq!(
        doctor.post("/api/rpc/searchPatients", &json!(["Di"])).ok()["data"],
        found
    );

    let seller = hub.as_user("awa");
    assert_eq!(
        seller.post("/api/rpc/sell", &json!([1, 3])).ok()["data"],
        json!({"id": 1})
    );
    let refused = seller
        .post("/api/rpc/sell", &json!({"produit_id": 1, "quantite": 8}))
        .problem(409, "precondition_failed");
    assert_eq!(refused["detail"], "Stock insuffisant");
    assert_eq!(
        seller.get("/api/tables/produits?id=eq.1&select=stock").ok(),
        json!([{"stock": 7}])
    );
    doctor
        .post("/api/rpc/sell", &json!([1, 1]))
        .problem(403, "forbidden");
}

#[test]
fn the_seed_finds_the_accounts_in_the_mirror() {
    let hub = contract();
    let me = hub.login("pat")["user"]["id"].clone();
    let rows = hub.as_user("pat").get("/api/tables/prescriptions").ok();
    let owners: Vec<&Value> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["patient_id"])
        .collect();
    assert_eq!(owners, [&me]);
}

#[test]
fn a_column_without_an_alias_is_named_as_it_was_written() {
    let hub = contract();
    let awa = hub.as_user("awa");
    for (query, name) in [
        ("SELECT 1", "1"),
        ("SELECT 1;", "1"),
        ("SELECT count(*) FROM produits", "count(*)"),
        ("SELECT upper(nom) FROM produits ORDER BY nom", "upper(nom)"),
    ] {
        let answer = awa.post("/api/query", &json!({"query": query})).ok();
        assert_eq!(answer["columns"], json!([name]), "{query}");
    }
}

#[test]
fn truth_values_filter_columns_that_are_declared_boolean() {
    let hub = contract();
    let cashier = hub.as_user("moussa");
    for value in [true, false] {
        cashier.post("/api/tables/types", &json!({"bo": value}));
    }
    for (filter, ids) in [
        ("eq.true", [1]),
        ("eq.false", [2]),
        ("neq.true", [2]),
        ("in.(true)", [1]),
    ] {
        let rows = cashier
            .get(&format!("/api/tables/types?select=id&bo={filter}"))
            .ok();
        assert_eq!(rows, json!([{"id": ids[0]}]), "{filter}");
    }
}

#[test]
fn a_column_that_is_asked_for_twice_is_answered_once() {
    let hub = contract();
    let reply = hub
        .as_user("awa")
        .get("/api/tables/produits?select=id,nom,id&limit=1");
    assert_eq!(reply.text, r#"[{"id":1,"nom":"Stylo"}]"#);
}

#[test]
fn an_array_is_no_body_where_an_object_is_wanted() {
    let hub = contract();
    let awa = hub.as_user("awa");
    for path in ["/api/query", "/api/batch", "/api/request", "/api/tables/ventes"] {
        awa.post(path, &json!(["SELECT 1"]))
            .problem(400, "invalid_request");
    }
}

#[test]
fn the_text_of_an_expectation_may_stand_in_either_quotes() {
    let refused = contract()
        .as_user("doc")
        .post("/api/rpc/boom", &json!([]))
        .problem(409, "precondition_failed");
    assert_eq!(refused["detail"], "Pas ainsi");
}
