//! The shop: the pack is good, and its seed agrees with itself.

use comptoir::{pack::Pack, store::data::pack_check};
use rusqlite::Connection;

/// The shop on a real file, seeded.
fn shop() -> (tempfile::TempDir, Connection) {
    let pack = Pack::embedded("shop").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let conn = Connection::open(dir.path().join("data.db")).unwrap();
    conn.execute_batch(
        "CREATE TABLE _comptoir_user(id INTEGER PRIMARY KEY, username, display_name, role, active)",
    )
    .unwrap();
    for migration in &pack.migrations {
        conn.execute_batch(&migration.source.text).unwrap();
    }
    conn.execute_batch(&format!("BEGIN; {}; COMMIT", pack.seed.unwrap().text))
        .unwrap();
    (dir, conn)
}

fn number(conn: &Connection, sql: &str) -> i64 {
    conn.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Runs a function as the hub does: one transaction, values bound by name. `Err` with the text of what did not hold.
fn call(
    conn: &Connection,
    name: &str,
    me: i64,
    args: serde_json::Value,
) -> Result<serde_json::Value, String> {
    use comptoir::protocol::SqlValue;
    use rusqlite::types::Value;
    let pack = Pack::embedded("shop").unwrap();
    let function = &pack.functions[name];
    let mut values = vec![
        ("me_id".to_owned(), Value::Integer(me)),
        ("now".to_owned(), Value::Text("2031-05-06T10:00:00.000Z".into())),
    ];
    for (param, value) in function
        .params
        .iter()
        .zip(function.bind_args(&args).map_err(|e| e.to_string())?)
    {
        let value = match value {
            SqlValue::Integer(i) => Value::Integer(i),
            SqlValue::Text(t) => Value::Text(t),
            SqlValue::Real(r) => Value::Real(r),
            _ => Value::Null,
        };
        values.push((param.name.clone(), value));
    }
    let transaction = conn.unchecked_transaction().unwrap();
    let mut answer = serde_json::Value::Null;
    for step in &function.steps {
        let mut statement = conn.prepare(&step.sql).unwrap();
        for (name, value) in &values {
            if let Some(index) = statement.parameter_index(&format!(":{name}")).unwrap() {
                statement.raw_bind_parameter(index, value).unwrap();
            }
        }
        let columns: Vec<String> = statement.column_names().iter().map(|c| (*c).to_owned()).collect();
        let mut first = None;
        let mut all = Vec::new();
        if columns.is_empty() {
            statement.raw_execute().map_err(|e| e.to_string())?;
        } else {
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next().map_err(|e| e.to_string())? {
                first.get_or_insert(row.get::<_, Value>(0).unwrap());
                all.push(
                    columns
                        .iter()
                        .enumerate()
                        .map(|(i, c)| {
                            (
                                c.clone(),
                                match row.get(i).unwrap() {
                                    Value::Integer(i) => serde_json::json!(i),
                                    Value::Text(t) => serde_json::json!(t),
                                    _ => serde_json::Value::Null,
                                },
                            )
                        })
                        .collect::<serde_json::Map<_, _>>(),
                );
            }
        }
        if let Some(expect) = &step.expect
            && conn.changes() != expect.rows
        {
            return Err(expect.message.clone().unwrap_or_default());
        }
        if let (Some(name), Some(value)) = (&step.binds, first) {
            values.push((name.clone(), value));
        }
        answer = serde_json::json!(all);
    }
    transaction.commit().unwrap();
    Ok(if function.cardinality == comptoir::pack::Cardinality::One {
        answer[0].clone()
    } else {
        answer
    })
}

#[test]
fn the_shop_checks_clean_and_every_function_runs() {
    let mut pack = Pack::embedded("shop").unwrap();
    let trials = pack_check::run_everything(&mut pack, None).unwrap();
    assert_eq!(trials.len(), pack.functions.len());
    assert!(pack.functions["searchProducts"].read_only);
    assert!(!pack.functions["sell"].read_only);
}

#[test]
fn the_seed_agrees_with_itself() {
    let (_dir, conn) = shop();
    assert_eq!(number(&conn, "SELECT count(*) FROM produits"), 300);
    assert_eq!(number(&conn, "SELECT count(*) FROM ventes"), 3000);
    assert_eq!(number(&conn, "SELECT count(*) FROM clients"), 60);
    let wrong_totals = "SELECT count(*) FROM ventes v WHERE total <> (SELECT sum(quantite * prix_unitaire) FROM lignes WHERE vente_id = v.id)";
    assert_eq!(number(&conn, wrong_totals), 0);
    assert_eq!(wrong_stocks(&conn), 0);
    assert_eq!(number(&conn, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

fn wrong_stocks(conn: &Connection) -> i64 {
    number(
        conn,
        "SELECT count(*) FROM produits p WHERE stock <> (SELECT COALESCE(sum(quantite), 0) FROM mouvements_stock WHERE produit_id = p.id)",
    )
}

#[test]
fn a_sale_waits_for_the_register_and_is_paid_and_refunded_there() {
    let (_dir, conn) = shop();
    let stock = number(&conn, "SELECT stock FROM produits WHERE id = 1");
    let price = number(&conn, "SELECT prix FROM produits WHERE id = 1");
    let sale = call(&conn, "sell", 1, serde_json::json!([1, 2])).unwrap();
    assert_eq!(sale["total"], 2 * price);
    assert_eq!(sale["statut"], "en_attente");
    assert_eq!(
        number(&conn, "SELECT stock FROM produits WHERE id = 1"),
        stock - 2
    );

    let pay = serde_json::json!({"vente_id": sale["id"], "recu": 2 * price + 500});
    assert_eq!(
        call(&conn, "takePayment", 3, pay.clone()).unwrap_err(),
        "Ouvrez d'abord votre caisse"
    );
    call(&conn, "openRegister", 3, serde_json::json!([10000])).unwrap();
    assert!(call(&conn, "openRegister", 3, serde_json::json!([])).is_err());
    let short = serde_json::json!({"vente_id": sale["id"], "recu": 1});
    assert_eq!(
        call(&conn, "takePayment", 3, short).unwrap_err(),
        "Le montant reçu est insuffisant"
    );
    assert_eq!(
        call(&conn, "takePayment", 3, pay.clone()).unwrap()["monnaie"],
        500
    );
    assert_eq!(
        call(&conn, "takePayment", 3, pay).unwrap_err(),
        "Cette vente n'est plus en attente"
    );
    assert_eq!(
        call(&conn, "dailyTotals", 3, serde_json::json!([])).unwrap()["encaisse"],
        2 * price
    );
    assert_eq!(
        call(&conn, "currentRegister", 3, serde_json::json!([])).unwrap()["especes_attendues"],
        10000 + 2 * price
    );

    let refunded = call(&conn, "refund", 3, serde_json::json!([sale["id"], "abîmé"])).unwrap();
    assert_eq!(refunded["statut"], "remboursee");
    assert_eq!(number(&conn, "SELECT stock FROM produits WHERE id = 1"), stock);
    let closed = call(&conn, "closeRegister", 3, serde_json::json!([9900])).unwrap();
    assert_eq!(
        (&closed["montant_attendu"], &closed["ecart"]),
        (&serde_json::json!(10000), &serde_json::json!(-100))
    );
    assert!(call(&conn, "closeRegister", 3, serde_json::json!([1])).is_err());
    assert_eq!(wrong_stocks(&conn), 0);
}

#[test]
fn a_basket_is_sold_whole_or_not_at_all() {
    let (_dir, conn) = shop();
    let before = number(&conn, "SELECT sum(stock) FROM produits");
    let sell =
        |articles: serde_json::Value| call(&conn, "sellBasket", 2, serde_json::json!({"articles": articles}));
    assert_eq!(
        sell(serde_json::json!([])).unwrap_err(),
        "Article inconnu ou panier vide"
    );
    assert_eq!(
        sell(serde_json::json!([{"produit_id": 1}, {"produit_id": 9999}])).unwrap_err(),
        "Article inconnu ou panier vide"
    );
    assert_eq!(
        sell(serde_json::json!([{"produit_id": 1}, {"produit_id": 2, "quantite": 100000}])).unwrap_err(),
        "Stock insuffisant"
    );
    assert!(sell(serde_json::json!([{"produit_id": 1, "quantite": -2}])).is_err());
    assert_eq!(number(&conn, "SELECT sum(stock) FROM produits"), before);
    assert_eq!(number(&conn, "SELECT count(*) FROM ventes"), 3000);

    let sale = sell(serde_json::json!([{"produit_id": 1, "quantite": 2}, {"produit_id": 2}])).unwrap();
    let expected = number(
        &conn,
        "SELECT 2 * (SELECT prix FROM produits WHERE id = 1) + (SELECT prix FROM produits WHERE id = 2)",
    );
    assert_eq!(sale["total"], expected);
    let id = sale["id"].clone();
    assert_eq!(
        call(&conn, "saleLines", 2, serde_json::json!([id]))
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        2
    );
    call(&conn, "addLine", 2, serde_json::json!([id, 3])).unwrap();
    assert_eq!(
        call(&conn, "pendingSales", 3, serde_json::json!([]))
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    call(&conn, "cancelSale", 2, serde_json::json!([id])).unwrap();
    assert_eq!(number(&conn, "SELECT sum(stock) FROM produits"), before);
    assert_eq!(wrong_stocks(&conn), 0);
}

#[test]
fn products_and_customers_are_found() {
    let (_dir, conn) = shop();
    let json = |v: serde_json::Value| v;
    assert_eq!(
        call(&conn, "searchProducts", 1, json(serde_json::json!(["Riz"])))
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        8
    );
    assert_eq!(
        call(&conn, "productByBarcode", 1, serde_json::json!(["0"])).unwrap(),
        serde_json::Value::Null
    );
    assert!(
        !call(&conn, "lowStock", 1, serde_json::json!([]))
            .unwrap()
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(
        call(&conn, "createCustomer", 1, serde_json::json!(["  "])).unwrap_err(),
        "Le nom du client est vide"
    );
    assert_eq!(
        call(&conn, "createCustomer", 1, serde_json::json!(["Awa Ly"])).unwrap()["id"],
        61
    );
    assert_eq!(
        call(&conn, "searchCustomers", 1, serde_json::json!(["Awa L"]))
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert!(call(&conn, "adjustStock", 3, serde_json::json!([1, -100000, "casse"])).is_err());
    call(&conn, "adjustStock", 3, serde_json::json!([1, 5, "livraison"])).unwrap();
    assert_eq!(
        call(&conn, "stockHistory", 3, serde_json::json!([1])).unwrap()[0]["motif"],
        "livraison"
    );
    assert!(
        call(
            &conn,
            "topProducts",
            4,
            serde_json::json!(["2000-01-01", "2100-01-01"])
        )
        .unwrap()
        .as_array()
        .unwrap()
        .len()
            == 20
    );
    assert_eq!(
        call(
            &conn,
            "salesByUser",
            4,
            serde_json::json!(["2000-01-01", "2100-01-01"])
        )
        .unwrap()
        .as_array()
        .unwrap()
        .len(),
        2
    );
}

#[test]
fn a_bare_sale_of_a_terminal_needs_no_more_than_its_total() {
    let (_dir, conn) = shop();
    conn.execute("INSERT INTO ventes(total) VALUES (1500)", [])
        .unwrap();
    conn.execute(
        "INSERT INTO lignes(vente_id, produit_id, quantite) VALUES (3001, 1, 2)",
        [],
    )
    .unwrap();
    let expected = 1500 + 2 * number(&conn, "SELECT prix FROM produits WHERE id = 1");
    assert_eq!(
        number(&conn, "SELECT total FROM ventes WHERE id = 3001"),
        expected
    );
}
