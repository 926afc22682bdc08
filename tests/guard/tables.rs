//! Requests on one table: rights, owners, order, keys.

use std::{collections::BTreeMap, sync::Arc};

use comptoir::{
    domain::{
        Columns, Role, TableAction, TableRequest, TableRights,
        table_request::{Filter, Operator, Order},
    },
    protocol::{
        SqlValue,
        error::{Code, Result},
    },
    store::data::{guard::index_leaks, table},
};
use serde_json::{Value, json};

use crate::support::{LIMITS, Shop, admin, vendeur};

const MORE: &str = "
    CREATE TABLE ordonnances(id INTEGER PRIMARY KEY, patient_id INTEGER NOT NULL, texte TEXT, secret TEXT DEFAULT 's');
    INSERT INTO ordonnances VALUES (1, 7, 'a', 'x'), (2, 8, 'b', 'y'), (3, 7, 'c', 'z');
    CREATE TABLE lignes(a TEXT, b INTEGER, c, PRIMARY KEY (b, a)) WITHOUT ROWID;
    INSERT INTO lignes VALUES ('x', 1, 5), ('y', 1, 'five'), ('x', 2, NULL);
";

fn shop() -> Shop {
    let mut shop = Shop::open(0);
    shop.writer.execute_batch(MORE).unwrap();
    shop.schema = comptoir::store::data::schema::read(&shop.writer).unwrap();
    shop.guard.set_schema(Arc::clone(&shop.schema));
    shop.readers.set_schema(Arc::clone(&shop.schema));
    shop
}

/// Owns his rows; writes no SQL.
fn patient() -> Role {
    let columns = |names: &[&str]| Columns::Only(names.iter().map(|n| (*n).to_owned()).collect());
    let rights = TableRights {
        select: columns(&["id", "patient_id", "texte"]),
        insert: columns(&["texte"]),
        update: columns(&["texte"]),
        delete: true,
        owner: Some("patient_id".into()),
    };
    Role {
        name: "patient".into(),
        admin: false,
        raw_sql: false,
        tables: BTreeMap::from([("ordonnances".to_owned(), rights)]),
        ..Role::builtin_administrator()
    }
}

const USER: i64 = 7;

fn read(shop: &mut Shop, role: &Role, table: &str, action: TableAction) -> Result<Value> {
    let request = TableRequest {
        table: table.into(),
        action,
    };
    shop.readers
        .table(role, USER, &request)
        .map(|((body, _), _)| serde_json::from_slice(&body.0).unwrap())
}

fn write(shop: &Shop, role: &Role, table: &str, action: TableAction) -> Result<Value> {
    let request = TableRequest {
        table: table.into(),
        action,
    };
    shop.writer.execute_batch("SAVEPOINT s").unwrap();
    let written = table::write(&shop.writer, &shop.schema, role, USER, &request, &LIMITS);
    let end = if written.is_ok() {
        "RELEASE s"
    } else {
        "ROLLBACK TO s; RELEASE s"
    };
    shop.writer.execute_batch(end).unwrap();
    written.map(|written| serde_json::from_slice(&written.body.0).unwrap())
}

fn list() -> TableAction {
    TableAction::List {
        select: None,
        filters: vec![],
        order: vec![],
        limit: None,
        offset: 0,
    }
}

fn filtered(column: &str, operator: Operator, values: &[&str]) -> TableAction {
    let values = values.iter().map(|v| (*v).to_owned()).collect();
    TableAction::List {
        select: None,
        filters: vec![Filter {
            column: column.into(),
            operator,
            values,
        }],
        order: vec![],
        limit: None,
        offset: 0,
    }
}

fn get(key: &[&str]) -> TableAction {
    TableAction::Get {
        key: key.iter().map(|k| (*k).to_owned()).collect(),
        select: None,
    }
}

fn values(pairs: &[(&str, SqlValue)]) -> Vec<(String, SqlValue)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

fn text(s: &str) -> SqlValue {
    SqlValue::Text(s.to_owned())
}

fn refused(answer: Result<Value>) -> Code {
    answer.unwrap_err().code
}

#[test]
fn a_user_sees_his_own_rows_and_the_columns_granted() {
    let _turn = crate::support::beside_others();
    let mut shop = shop();
    let role = patient();
    assert_eq!(
        read(&mut shop, &role, "ordonnances", list()).unwrap(),
        json!([{"id":1,"patient_id":7,"texte":"a"},{"id":3,"patient_id":7,"texte":"c"}])
    );
    assert_eq!(
        read(&mut shop, &role, "ordonnances", get(&["1"])).unwrap()["texte"],
        "a"
    );
    assert_eq!(
        refused(read(&mut shop, &role, "ordonnances", get(&["2"]))),
        Code::NotFound
    );
    assert_eq!(
        refused(read(&mut shop, &role, "ordonnances", get(&["abc"]))),
        Code::NotFound
    );
    assert_eq!(
        refused(read(
            &mut shop,
            &role,
            "ordonnances",
            filtered("secret", Operator::Eq, &["x"])
        )),
        Code::Forbidden
    );
    assert_eq!(
        refused(read(
            &mut shop,
            &role,
            "ordonnances",
            filtered("rien", Operator::Eq, &["x"])
        )),
        Code::InvalidRequest
    );
    assert_eq!(refused(read(&mut shop, &role, "staff", list())), Code::Forbidden);
    assert_eq!(refused(read(&mut shop, &role, "rien", list())), Code::NotFound);
    assert_eq!(
        refused(read(&mut shop, &role, "_comptoir_user", list())),
        Code::NotFound
    );
    let by_secret = TableAction::List {
        select: None,
        filters: vec![],
        order: vec![Order {
            column: "secret".into(),
            descending: true,
        }],
        limit: None,
        offset: 0,
    };
    assert_eq!(
        refused(read(&mut shop, &role, "ordonnances", by_secret)),
        Code::Forbidden
    );
    // No raw SQL for whoever owns rows.
    let sql = shop.read(&Arc::new(role), "SELECT * FROM ordonnances");
    assert_eq!(sql.unwrap_err().code, Code::Forbidden);
}

#[test]
fn a_row_stays_with_its_owner() {
    let _turn = crate::support::beside_others();
    let mut shop = shop();
    let role = patient();
    let made = write(
        &shop,
        &role,
        "ordonnances",
        TableAction::Insert {
            values: values(&[("texte", text("n"))]),
        },
    )
    .unwrap();
    assert_eq!(made, json!({"id":4,"patient_id":7,"texte":"n"}));
    let other = values(&[("texte", text("n")), ("patient_id", SqlValue::Integer(8))]);
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "ordonnances",
            TableAction::Insert { values: other }
        )),
        Code::Forbidden
    );
    let update = |key: &str, pairs: &[(&str, SqlValue)]| TableAction::Update {
        key: vec![key.into()],
        values: values(pairs),
    };
    assert_eq!(
        write(&shop, &role, "ordonnances", update("4", &[("texte", text("m"))])).unwrap()["texte"],
        "m"
    );
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "ordonnances",
            update("2", &[("texte", text("m"))])
        )),
        Code::NotFound
    );
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "ordonnances",
            update("4", &[("patient_id", SqlValue::Integer(8))])
        )),
        Code::Forbidden
    );
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "ordonnances",
            update("4", &[("secret", text("m"))])
        )),
        Code::Forbidden
    );
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "ordonnances",
            TableAction::Delete {
                key: vec!["2".into()]
            }
        )),
        Code::NotFound
    );
    assert_eq!(
        write(
            &shop,
            &role,
            "ordonnances",
            TableAction::Delete {
                key: vec!["4".into()]
            }
        )
        .unwrap(),
        Value::Null
    );
    assert_eq!(
        read(&mut shop, &role, "ordonnances", list())
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_trigger_cannot_give_a_row_away_unnoticed() {
    let _turn = crate::support::beside_others();
    let shop = shop();
    shop.writer.execute_batch("CREATE TRIGGER don AFTER INSERT ON ordonnances BEGIN UPDATE ordonnances SET patient_id = 8 WHERE id = new.id; END").unwrap();
    let made = write(
        &shop,
        &patient(),
        "ordonnances",
        TableAction::Insert {
            values: values(&[("texte", text("n"))]),
        },
    );
    assert_eq!(refused(made), Code::Forbidden);
}

#[test]
fn filters_compare_with_the_columns_affinity() {
    let _turn = crate::support::beside_others();
    let mut shop = shop();
    let role = admin();
    let ids = |shop: &mut Shop, action| -> Vec<i64> {
        let rows = read(shop, &role, "produits", action).unwrap();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(
        ids(&mut shop, filtered("id", Operator::In, &["3", "1", "x"])),
        [1, 3]
    );
    assert_eq!(ids(&mut shop, filtered("id", Operator::Gte, &["19"])), [19, 20]);
    assert_eq!(
        ids(&mut shop, filtered("nom", Operator::Like, &["P1*"])),
        [] as [i64; 0]
    );
    assert_eq!(
        ids(&mut shop, filtered("nom", Operator::Ilike, &["P1*"])),
        [1, 8, 15]
    );
    assert_eq!(
        ids(&mut shop, filtered("nom", Operator::Like, &["p[1]"])),
        [] as [i64; 0]
    );
    let rows = read(&mut shop, &role, "lignes", filtered("c", Operator::Eq, &["5"])).unwrap();
    assert_eq!(rows, json!([{"a":"x","b":1,"c":5}]));
    let rows = read(&mut shop, &role, "lignes", filtered("c", Operator::IsNull, &[])).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(
        refused(read(
            &mut shop,
            &role,
            "produits",
            filtered("id", Operator::Eq, &[])
        )),
        Code::InvalidRequest
    );
}

#[test]
fn a_composite_key_is_in_key_order_and_pages_are_steady() {
    let _turn = crate::support::beside_others();
    let mut shop = shop();
    let role = admin();
    assert_eq!(
        read(&mut shop, &role, "lignes", get(&["1", "y"])).unwrap()["c"],
        "five"
    );
    assert_eq!(
        refused(read(&mut shop, &role, "lignes", get(&["1"]))),
        Code::InvalidRequest
    );
    let mut seen = Vec::new();
    for offset in (0..20).step_by(6) {
        let page = TableAction::List {
            select: Some(vec!["id".into()]),
            filters: vec![],
            order: vec![Order {
                column: "prix".into(),
                descending: true,
            }],
            limit: Some(6),
            offset,
        };
        let rows = read(&mut shop, &role, "produits", page).unwrap();
        seen.extend(
            rows.as_array()
                .unwrap()
                .iter()
                .map(|row| row["id"].as_i64().unwrap()),
        );
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
    // Keyed by rowid, and a view without a key.
    assert_eq!(
        read(&mut shop, &role, "notes", get(&["2"])).unwrap()["texte"],
        "b"
    );
    assert_eq!(
        read(&mut shop, &role, "bilan", list())
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_role_writes_the_columns_granted() {
    let _turn = crate::support::beside_others();
    let shop = shop();
    let role = vendeur();
    let update = |pairs: &[(&str, SqlValue)]| TableAction::Update {
        key: vec!["1".into()],
        values: values(pairs),
    };
    let row = write(
        &shop,
        &role,
        "produits",
        update(&[("stock", SqlValue::Integer(5))]),
    )
    .unwrap();
    assert_eq!(row["stock"], 5);
    assert!(row.get("achat").is_none());
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "produits",
            update(&[("achat", SqlValue::Integer(5))])
        )),
        Code::Forbidden
    );
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "produits",
            TableAction::Delete {
                key: vec!["1".into()]
            }
        )),
        Code::Forbidden
    );
    assert_eq!(
        refused(write(
            &shop,
            &role,
            "produits",
            TableAction::Insert {
                values: values(&[("stock", SqlValue::Integer(5))])
            }
        )),
        Code::Forbidden
    );
    let twice = TableAction::Insert {
        values: values(&[("quantite", SqlValue::Integer(1)), ("numero", text("V1"))]),
    };
    assert_eq!(
        refused(write(&shop, &role, "ventes", twice)),
        Code::ConstraintViolation
    );
    let unknown = TableAction::Insert {
        values: values(&[("rien", text("V1"))]),
    };
    assert_eq!(
        refused(write(&shop, &role, "ventes", unknown)),
        Code::InvalidRequest
    );
}

#[test]
fn an_index_over_hidden_columns_is_reported() {
    let _turn = crate::support::beside_others();
    let shop = shop();
    let role = vendeur();
    let schema = comptoir::store::data::schema::read(&shop.writer).unwrap();
    let leaks = |table: &str| -> Vec<(String, String)> {
        let table = schema.table(table).unwrap();
        let found = index_leaks(&shop.writer, table, |column| role.may_select(&table.name, column)).unwrap();
        found.into_iter().map(|leak| (leak.index, leak.column)).collect()
    };
    assert_eq!(leaks("produits"), []);
    shop.writer
        .execute_batch(
            "CREATE INDEX i1 ON produits(achat);
             CREATE INDEX i2 ON produits(nom, upper(fournisseur));
             CREATE INDEX i3 ON produits(nom) WHERE achat > 3;
             CREATE INDEX i4 ON produits(nom, prix);",
        )
        .unwrap();
    assert_eq!(
        leaks("produits"),
        [("i1", "achat"), ("i2", "fournisseur"), ("i3", "achat")].map(|(i, c)| (i.to_owned(), c.to_owned()))
    );
}
