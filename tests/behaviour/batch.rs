//! Several statements, all or nothing.

use serde_json::{Value, json};

use crate::support::Hub;

fn batch(statements: Value) -> Value {
    json!({"type": "batch", "statements": statements})
}

fn line(text: &str) -> Value {
    json!({"query": "INSERT INTO lignes(texte) VALUES (?)", "params": [text]})
}

#[test]
fn a_batch_is_one_commit_with_a_result_for_each_statement() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let before = awa.welcome["commit"].as_u64().unwrap();
    let result = awa
        .request(batch(json!([
            line("a"),
            {"query": "UPDATE produits SET stock = stock - 1 WHERE id = :id", "params": {"id": 2}, "expect_affected": 1},
            {"query": "SELECT count(*) FROM lignes", "params": []},
        ])))
        .unwrap();
    let results = result["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[0]["rows_affected"], 1);
    assert_eq!(results[1]["rows_affected"], 1);
    assert_eq!(
        results[2]["rows"],
        json!([[1]]),
        "a statement sees those before it"
    );
    assert_eq!(result["commit"], before + 1);
    let change = awa.change();
    assert_eq!(change["commit"], result["commit"]);
    assert_eq!(
        change["changes"].as_array().unwrap().len(),
        2,
        "one frame for one commit"
    );
}

#[test]
fn one_refused_statement_undoes_the_whole_batch() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for (guilty, code) in [
        (
            json!({"query": "INSERT INTO ventes(produit_id, quantite) VALUES (1, 0)", "params": []}),
            "constraint_violation",
        ),
        (
            json!({"query": "UPDATE produits SET stock = 0 WHERE id = -1", "params": [], "expect_affected": 1}),
            "precondition_failed",
        ),
        (
            json!({"query": "SELECT valeur FROM secrets", "params": []}),
            "forbidden",
        ),
        (json!({"query": "SELEC", "params": []}), "invalid_sql"),
        (json!({"query": "SELECT ?", "params": []}), "invalid_sql"),
    ] {
        awa.refused(batch(json!([line("avant"), guilty, line("après")])), code);
    }
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 0);
}

#[test]
fn a_foreign_key_broken_by_a_batch_undoes_it() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    awa.refused(
        batch(json!([
            line("avant"),
            {"query": "INSERT INTO ventes(produit_id, quantite) VALUES (999, 1)", "params": []},
        ])),
        "constraint_violation",
    );
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 0);
}

#[test]
fn a_batch_that_is_none_is_an_invalid_request() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for statements in [
        json!(null),
        json!("SELECT 1"),
        json!([1]),
        json!([{"params": []}]),
    ] {
        awa.refused(batch(statements), "invalid_request");
    }
    assert_eq!(awa.value("SELECT 1", json!([])), 1);
}

#[test]
fn a_batch_of_reads_makes_no_commit() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let result = awa
        .request(batch(json!([{"query": "SELECT 1"}, {"query": "SELECT 2"}])))
        .unwrap();
    assert_eq!(result["results"][1]["rows"], json!([[2]]));
    assert_eq!(result["commit"], awa.welcome["commit"]);
}
