//! Functions of a pack on the executor.

use std::sync::Arc;

use comptoir::{
    executor::{Job, MirrorUser, Work},
    pack::{Cardinality, Expect, Function, Param, ParamType, Step},
    protocol::{SqlValue, error::Code},
};

use crate::hub::{Hub, job, with_schema};

const SCHEMA: &str = "
CREATE TABLE produits(id INTEGER PRIMARY KEY, stock INTEGER);
CREATE TABLE ventes(id INTEGER PRIMARY KEY, vendeur_id, at);
CREATE TABLE lignes(vente_id, produit_id, quantite);
";

fn step(sql: &str) -> Step {
    Step {
        sql: sql.into(),
        line: 1,
        binds: None,
        expect: None,
    }
}

fn function(cardinality: Cardinality, params: &[&str], steps: Vec<Step>, read_only: bool) -> Arc<Function> {
    Arc::new(Function {
        name: "f".into(),
        cardinality,
        params: params
            .iter()
            .map(|name| Param {
                name: (*name).into(),
                kind: ParamType::Integer,
                optional: false,
                default: None,
            })
            .collect(),
        roles: vec![],
        route: None,
        envelope: false,
        steps,
        read_only,
        file: "functions/f.sql".into(),
        line: 1,
    })
}

fn sell() -> Arc<Function> {
    let mut sale = step("INSERT INTO ventes(vendeur_id, at) VALUES (:me_id, :now) RETURNING id");
    sale.binds = Some("vente_id".into());
    let mut stock =
        step("UPDATE produits SET stock = stock - :quantite WHERE id = :produit_id AND stock >= :quantite");
    stock.expect = Some(Expect {
        rows: 1,
        message: Some("Stock insuffisant".into()),
        texts: None,
    });
    let line = step("INSERT INTO lignes VALUES (:vente_id, :produit_id, :quantite) RETURNING vente_id AS id");
    function(
        Cardinality::One,
        &["produit_id", "quantite"],
        vec![sale, stock, line],
        false,
    )
}

fn call(function: &Arc<Function>, args: &[i64]) -> Job {
    job(Work::Call {
        function: function.clone(),
        args: args.iter().map(|n| SqlValue::Integer(*n)).collect(),
    })
}

async fn shop() -> Hub {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO produits VALUES (1, 10)").await;
    hub.next_commit().await;
    hub
}

#[actix::test]
async fn several_steps_are_one_commit_with_the_function_as_author() {
    let mut hub = shop().await;
    let answer = hub.run(call(&sell(), &[1, 3])).await.unwrap();
    assert_eq!(answer["data"], serde_json::json!({"id": 1}));
    assert_eq!(answer["commit"], 2);
    let commit = hub.next_commit().await;
    assert_eq!(commit.by.as_ref().unwrap().function.as_deref(), Some("f"));
    assert_eq!(crate::hub::inline(&commit).len(), 3);
    assert_eq!(hub.value("SELECT vendeur_id FROM ventes").await, 7);
    let at = hub.value("SELECT at FROM ventes").await;
    assert!(at.as_str().unwrap().ends_with('Z'));
    let audit = hub.handle.audit_page(1, 10).await.unwrap();
    assert_eq!(audit[0].subject.as_deref(), Some("f"));
    assert_eq!((audit[0].detail.as_deref(), audit[0].rows_affected), (None, 3));
}

#[actix::test]
async fn an_expectation_that_does_not_hold_undoes_all_with_its_text() {
    let hub = shop().await;
    let error = hub.run(call(&sell(), &[1, 11])).await.unwrap_err();
    assert_eq!(error.code, Code::PreconditionFailed);
    assert_eq!(error.message, "Stock insuffisant");
    assert_eq!(hub.value("SELECT count(*) FROM ventes").await, 0);
    assert_eq!(hub.value("SELECT stock FROM produits").await, 10);
}

#[actix::test]
async fn a_let_without_exactly_one_value_is_a_failed_precondition() {
    let hub = shop().await;
    let mut none = step("SELECT id FROM produits WHERE id = :id");
    none.binds = Some("found".into());
    let last = step("INSERT INTO lignes(vente_id) VALUES (:found)");
    let f = function(Cardinality::Exec, &["id"], vec![none, last], false);
    let error = hub.run(call(&f, &[99])).await.unwrap_err();
    assert_eq!(error.code, Code::PreconditionFailed);
    let answer = hub.run(call(&f, &[1])).await.unwrap();
    assert_eq!(answer["data"], serde_json::json!({"rows_affected": 1}));
}

#[actix::test]
async fn read_only_functions_answer_objects_from_a_reader() {
    let hub = shop().await;
    hub.sql("INSERT INTO produits VALUES (2, 20)").await;
    let all = function(
        Cardinality::Many,
        &[],
        vec![step(
            "SELECT id, stock, :me_username AS who, :me_role AS role FROM produits ORDER BY id",
        )],
        true,
    );
    let answer = hub.run(call(&all, &[])).await.unwrap();
    assert_eq!(answer["data"][1]["stock"], 20);
    assert_eq!(answer["data"][1]["who"], "awa");
    assert_eq!(answer["data"][1]["role"], "administrator");
    assert_eq!(answer["commit"], 2);
    let one = function(
        Cardinality::One,
        &["id"],
        vec![step("SELECT stock FROM produits WHERE id >= :id ORDER BY id")],
        true,
    );
    let answer = hub.run(call(&one, &[1])).await.unwrap();
    assert_eq!(answer["data"], serde_json::json!({"stock": 10}));
    let answer = hub.run(call(&one, &[99])).await.unwrap();
    assert_eq!(answer["data"], serde_json::Value::Null);
}

#[actix::test]
async fn functions_can_read_the_mirror_of_the_users() {
    let hub = shop().await;
    let user = |id: i64, name: &str| MirrorUser {
        id,
        username: name.into(),
        display_name: name.to_uppercase(),
        role: "vendeur".into(),
        active: true,
    };
    hub.handle
        .mirror_users(vec![user(1, "awa"), user(2, "bob")])
        .await
        .unwrap();
    hub.handle
        .mirror_users(vec![user(2, "bob"), user(3, "zoé")])
        .await
        .unwrap();
    let names = function(
        Cardinality::Many,
        &[],
        vec![step("SELECT username FROM _comptoir_user ORDER BY id")],
        true,
    );
    let answer = hub.run(call(&names, &[])).await.unwrap();
    assert_eq!(
        answer["data"],
        serde_json::json!([{"username": "bob"}, {"username": "zoé"}])
    );
    assert_eq!(hub.handle.head(), 1, "the mirror is no business of clients");
}
