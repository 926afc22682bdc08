//! Functions of the pack.

use serde_json::json;

use crate::support::{Hub, eventually};

#[test]
fn a_function_runs_its_statements_as_one_commit_and_the_last_one_answers() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let before = awa.welcome["commit"].as_u64().unwrap();
    let sold = awa.rpc("sell", json!({"produit_id": 1, "quantite": 3})).unwrap();
    assert_eq!(sold["data"], json!({"id": 1, "stock": 997}));
    assert_eq!(sold["commit"], before + 1);
    let change = awa.change();
    assert_eq!(change["commit"], sold["commit"]);
    assert_eq!(change["by"]["function"], "sell");
    let tables: Vec<_> = change["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["table"].clone())
        .collect();
    assert_eq!(tables, ["produits", "ventes", "lignes"]);
    assert_eq!(
        awa.rows("SELECT vendeur_id FROM ventes", json!([])),
        [json!([awa.welcome["user"]["id"]])]
    );
    assert_eq!(
        awa.rows("SELECT texte FROM lignes", json!([])),
        [json!(["vente 1"])]
    );
}

#[test]
fn arguments_come_by_name_or_by_position_and_defaults_fill_the_rest() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    assert_eq!(awa.rpc("sell", json!([1, 2])).unwrap()["data"]["stock"], 998);
    assert_eq!(awa.rpc("sell", json!([1])).unwrap()["data"]["stock"], 997);
    assert_eq!(
        awa.rpc("sell", json!({"produit_id": 1})).unwrap()["data"]["stock"],
        996
    );
}

#[test]
fn an_expectation_that_fails_says_its_text_and_keeps_nothing() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let refusal = awa.rpc("sell", json!([4, 6])).unwrap_err();
    assert_eq!(refusal.code, "precondition_failed");
    assert_eq!(refusal.message, "Stock insuffisant");
    assert_eq!(awa.value("SELECT stock FROM produits WHERE id = 4", json!([])), 5);
    assert_eq!(awa.value("SELECT count(*) FROM ventes", json!([])), 0);
}

#[test]
fn what_an_expectation_did_not_let_happen_is_a_refusal_in_the_audit() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    awa.rpc("sell", json!([4, 6])).unwrap_err();
    hub.as_user("awa")
        .post("/api/rpc/sell", &json!([4, 7]))
        .problem(409, "precondition_failed");
    let admin = hub.as_user("admin");
    eventually("both are in the audit", || {
        let rows = admin
            .get("/api/admin/audit?action=refused&outcome=precondition_failed")
            .ok();
        let rows = rows["entries"].as_array().unwrap().clone();
        assert!(rows.iter().all(|row| row["detail"] == "Stock insuffisant"
            && row["subject"] == "rpc"
            && row["username"] == "awa"));
        (rows.len() == 2).then_some(())
    });
}

#[test]
fn a_let_wants_exactly_one_value() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for function in ["letsNothing", "letsSeveral"] {
        assert_eq!(
            awa.rpc(function, json!([])).unwrap_err().code,
            "precondition_failed"
        );
    }
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 0);
}

#[test]
fn one_many_and_exec_answer_an_object_objects_and_a_count() {
    let hub = Hub::start();
    let (mut awa, mut caro) = (hub.socket("awa"), hub.socket("caro"));
    assert_eq!(
        awa.rpc("product", json!([2])).unwrap()["data"],
        json!({"id": 2, "nom": "Huile 1 l", "prix": 1500, "stock": 1000})
    );
    assert_eq!(awa.rpc("product", json!([-1])).unwrap()["data"], json!(null));
    assert_eq!(
        awa.rpc("search", json!(["kg"])).unwrap()["data"],
        json!([{"id": 1, "nom": "Riz 5 kg", "prix": 3500}, {"id": 3, "nom": "Sucre 1 kg", "prix": 800}])
    );
    assert_eq!(awa.rpc("search", json!(["zzz"])).unwrap()["data"], json!([]));
    assert_eq!(
        caro.rpc("restock", json!([1, 5])).unwrap()["data"],
        json!({"rows_affected": 1})
    );
}

#[test]
fn every_type_arrives_as_declared() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let data = awa
        .rpc(
            "echo",
            json!({"t": "é", "i": 7, "r": 1, "b": true, "j": {"a": [1, null]}}),
        )
        .unwrap()["data"]
        .clone();
    assert_eq!(
        (&data["t"], &data["i"], &data["b"]),
        (&json!("é"), &json!(7), &json!(1))
    );
    assert_eq!(data["r"].as_f64(), Some(1.0));
    assert_eq!(data["o"], json!(null));
    let stored: serde_json::Value = serde_json::from_str(data["j"].as_str().unwrap()).unwrap();
    assert_eq!(stored, json!({"a": [1, null]}));
    let big = awa
        .rpc(
            "echo",
            json!({"t": "", "i": {"$int": "9223372036854775807"}, "r": 0.5, "b": false, "j": 1, "o": "x"}),
        )
        .unwrap()["data"]
        .clone();
    assert_eq!(big["i"], json!({"$int": "9223372036854775807"}));
    assert_eq!(big["o"], "x");
}

#[test]
fn a_mistyped_missing_or_unknown_argument_is_an_invalid_request() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for (function, args) in [
        ("sell", json!({"produit_id": "un"})),
        ("sell", json!({"produit_id": 1.5})),
        ("sell", json!({"produit_id": null})),
        ("sell", json!({})),
        ("sell", json!([])),
        ("sell", json!([1, 2, 3])),
        ("sell", json!({"produit_id": 1, "prix": 0})),
        ("sell", json!("x")),
        ("search", json!([5])),
    ] {
        let refusal = awa.rpc(function, args.clone()).unwrap_err();
        assert_eq!(refusal.code, "invalid_request", "{function} {args}");
    }
    assert_eq!(awa.value("SELECT count(*) FROM ventes", json!([])), 0);
}

#[test]
fn a_role_not_listed_is_forbidden_and_an_unknown_function_is_not_found() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    assert_eq!(awa.rpc("margin", json!([1])).unwrap_err().code, "forbidden");
    assert_eq!(awa.rpc("nothing", json!([])).unwrap_err().code, "not_found");
    let mut moussa = hub.socket("moussa");
    assert_eq!(moussa.rpc("sell", json!([1])).unwrap_err().code, "forbidden");
}

#[test]
fn a_function_runs_with_the_rights_of_the_pack() {
    let hub = Hub::start();
    let mut caro = hub.socket("caro");
    assert_eq!(
        caro.rpc("margin", json!([1])).unwrap()["data"],
        json!({"marge": 699})
    );
    // The cashier may not write sales by hand; the function may.
    assert!(
        caro.query(
            "INSERT INTO ventes(produit_id, quantite) VALUES (1, 1)",
            json!([])
        )
        .is_err()
    );
    caro.rpc("sell", json!([1])).unwrap();
}

#[test]
fn a_function_knows_who_asks_and_when_and_sees_the_accounts() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let me = awa.rpc("whoami", json!([])).unwrap()["data"].clone();
    assert_eq!(me["id"], awa.welcome["user"]["id"]);
    assert_eq!((&me["role"], &me["username"]), (&json!("vendeur"), &json!("awa")));
    assert!(!me["now"].is_null());
    let all = awa.rpc("colleagues", json!([])).unwrap()["data"].clone();
    assert_eq!(all.as_array().unwrap().len(), 6);
    assert_eq!(all[1], json!({"username": "awa", "role": "vendeur"}));
}

#[test]
fn a_new_account_is_mirrored_for_functions() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    hub.add_user("zeinab", "caisse", "une-longue-phrase");
    crate::support::eventually("the mirror shows the account", || {
        let all = awa.rpc("colleagues", json!([])).unwrap()["data"].clone();
        all.as_array()
            .unwrap()
            .contains(&json!({"username": "zeinab", "role": "caisse"}))
            .then_some(())
    });
}
