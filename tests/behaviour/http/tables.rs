//! Tables as resources: lists, filters, rows, rights, owners.

use serde_json::json;

use crate::support::{Client, Hub};

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
fn the_header_of_a_list_says_which_commit_its_rows_are_of() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let read = |path: &str| -> u64 {
        let reply = awa.get(path);
        reply.ok();
        reply.header("comptoir-commit").unwrap().parse().unwrap()
    };
    let before = read("/api/tables/produits");
    awa.patch("/api/tables/produits/1", &json!({ "stock": 7 })).ok();
    assert_eq!(read("/api/tables/produits"), before + 1);
    assert_eq!(read("/api/tables/produits/1"), before + 1);
}

#[test]
fn rows_that_are_missing_are_told_by_a_header() {
    let hub = Hub::with().env("LIMITS__MAX_ROWS", 3).start();
    let awa = hub.as_user("awa");
    for (query, rows, truncated) in [
        ("", 3, Some("true")),
        ("limit=4", 3, Some("true")),
        ("limit=3", 3, None),
        ("limit=3&offset=1", 3, None),
        ("limit=4&offset=1", 3, None),
        ("limit=4&offset=2", 2, None),
    ] {
        let reply = awa.get(&format!("/api/tables/produits?{query}"));
        assert_eq!(reply.ok().as_array().unwrap().len(), rows, "{query}");
        assert_eq!(reply.header("comptoir-truncated"), truncated, "{query}");
    }
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
