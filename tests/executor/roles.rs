//! Jobs of roles with narrow rights, and requests on tables.

use std::sync::Arc;

use comptoir::{
    domain::{Columns, Role, TableAction, TableRequest, TableRights},
    executor::{Job, Work},
    protocol::{SqlValue, error::Code},
};
use serde_json::json;

use crate::hub::{Hub, inline, job, query, with_schema};

const SCHEMA: &str = "
CREATE TABLE produits(id INTEGER PRIMARY KEY, nom TEXT, achat REAL, stock INTEGER DEFAULT 0);
CREATE TABLE notes(k TEXT PRIMARY KEY, owner INTEGER, body) WITHOUT ROWID;
";

fn vendeur() -> Arc<Role> {
    let mut role = Role::builtin_administrator();
    role.name = "vendeur".into();
    role.admin = false;
    let columns = |names: &[&str]| Columns::Only(names.iter().map(|n| (*n).to_owned()).collect());
    role.tables.insert(
        "produits".into(),
        TableRights {
            select: columns(&["id", "nom", "stock"]),
            insert: columns(&["nom", "stock"]),
            update: columns(&["stock"]),
            delete: false,
            owner: None,
        },
    );
    role.tables.insert(
        "notes".into(),
        TableRights {
            select: Columns::All,
            insert: Columns::All,
            update: Columns::All,
            delete: true,
            owner: None,
        },
    );
    Arc::new(role)
}

fn by(role: &Arc<Role>, mut job: Job) -> Job {
    job.origin.role = role.clone();
    job
}

fn table(name: &str, action: TableAction) -> Job {
    job(Work::Table(TableRequest {
        table: name.into(),
        action,
    }))
}

async fn shop() -> Hub {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO produits VALUES (1, 'thé', 2.5, 10)").await;
    hub.next_commit().await;
    hub
}

#[actix::test]
async fn a_role_writes_within_its_rights_and_the_whole_row_is_captured() {
    let mut hub = shop().await;
    let role = vendeur();
    let update = "UPDATE produits SET stock = stock - 1 WHERE id = 1 RETURNING nom, stock";
    let answer = hub.run(by(&role, query(update))).await.unwrap();
    assert_eq!(answer["rows"], json!([["thé", 9]]));
    let commit = hub.next_commit().await;
    assert_eq!(inline(&commit)[0].new.as_ref().unwrap()[2], SqlValue::Real(2.5));
    let insert = "INSERT INTO produits(nom, stock) VALUES ('café', 3)";
    assert_eq!(
        hub.run(by(&role, query(insert))).await.unwrap()["last_insert_id"],
        2
    );
}

#[actix::test]
async fn a_refused_write_of_a_role_changes_nothing_and_disturbs_nobody() {
    let mut hub = shop().await;
    let role = vendeur();
    let refused = [
        "UPDATE produits SET achat = 0",
        "UPDATE produits SET stock = 1 RETURNING achat",
        "DELETE FROM produits",
        "INSERT INTO _comptoir_change(shape, op, rid) VALUES (1, 'i', 0)",
        "UPDATE _comptoir_meta SET value = 0",
        "DELETE FROM _comptoir_audit",
    ];
    let mut jobs = Vec::new();
    for sql in refused {
        jobs.push(by(&role, query("UPDATE produits SET stock = stock + 1")));
        jobs.push(by(&role, query(sql)));
    }
    for (index, outcome) in hub.together(jobs).await {
        if index % 2 == 0 {
            outcome.unwrap();
        } else {
            assert_eq!(
                outcome.unwrap_err().code,
                Code::Forbidden,
                "{}",
                refused[index / 2]
            );
        }
    }
    assert_eq!(hub.value("SELECT stock FROM produits").await, 16);
    assert_eq!(hub.handle.head(), 7);
    for n in 2..=7 {
        assert_eq!(hub.next_commit().await.n, n);
    }
    let read = hub
        .run(by(&role, query("SELECT new FROM _comptoir_change")))
        .await;
    assert_eq!(read.unwrap_err().code, Code::Forbidden);
}

#[actix::test]
async fn not_even_an_administrator_touches_the_hubs_own_tables() {
    let hub = shop().await;
    for sql in [
        "DELETE FROM _comptoir_audit",
        "UPDATE _comptoir_commit SET user_id = 1",
    ] {
        assert_eq!(hub.refused(sql).await.code, Code::Forbidden, "{sql}");
    }
}

#[actix::test]
async fn requests_on_a_table_answer_rows_and_are_captured() {
    let mut hub = shop().await;
    let role = vendeur();
    let values = vec![
        ("k".to_owned(), SqlValue::Text("a".into())),
        ("body".to_owned(), SqlValue::Text("x".into())),
    ];
    let inserted = hub
        .run(by(&role, table("notes", TableAction::Insert { values })))
        .await
        .unwrap();
    assert_eq!(inserted["body"], "x");
    let update = TableAction::Update {
        key: vec!["a".into()],
        values: vec![("body".to_owned(), SqlValue::Text("y".into()))],
    };
    assert_eq!(
        hub.run(by(&role, table("notes", update))).await.unwrap()["body"],
        "y"
    );
    let get = TableAction::Get {
        key: vec!["a".into()],
        select: None,
    };
    assert_eq!(
        hub.run(by(&role, table("notes", get.clone()))).await.unwrap()["data"]["body"],
        "y"
    );
    let delete = TableAction::Delete {
        key: vec!["a".into()],
    };
    hub.run(by(&role, table("notes", delete.clone()))).await.unwrap();
    let gone = hub.run(by(&role, table("notes", get))).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    let gone = hub.run(by(&role, table("notes", delete))).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
    for n in 2..=4 {
        let commit = hub.next_commit().await;
        assert_eq!((commit.n, inline(&commit).len()), (n, 1));
    }
    let audit = hub.handle.audit_page(1, 10).await.unwrap();
    assert_eq!(audit.len(), 3);
    assert!(
        audit
            .iter()
            .all(|entry| !entry.detail.as_deref().unwrap_or("").contains("'x'"))
    );
}
