//! Capture: what is in the table is in the change, whatever the table and the value.

use std::sync::Arc;

use comptoir::{
    domain::{Change, Commit, Key, Op},
    protocol::SqlValue,
};

use crate::hub::{Hub, inline, with_schema};

fn text(s: &str) -> SqlValue {
    SqlValue::Text(s.into())
}

async fn change(hub: &mut Hub, sql: &str) -> Change {
    hub.sql(sql).await;
    only(&hub.next_commit().await)
}

fn only(commit: &Arc<Commit>) -> Change {
    let changes = inline(commit);
    assert_eq!(changes.len(), 1, "{changes:?}");
    changes[0].clone()
}

#[actix::test]
async fn every_value_comes_as_it_was_written() {
    let mut hub = with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    let values = [
        SqlValue::Null,
        SqlValue::Integer(0),
        SqlValue::Integer(-1),
        SqlValue::Integer(i64::MAX),
        SqlValue::Integer(i64::MIN),
        SqlValue::Integer((1 << 53) + 1),
        SqlValue::Real(0.1),
        SqlValue::Real(0.1 + 0.2),
        SqlValue::Real(-1.5e-7),
        SqlValue::Real(1e15),
        SqlValue::Real(123_456_789.123_456_78),
        SqlValue::Real(f64::MAX),
        SqlValue::Real(f64::MIN_POSITIVE),
        SqlValue::Real(f64::INFINITY),
        SqlValue::Real(f64::NEG_INFINITY),
        text(""),
        text("déjà \"vu\" \\ \n\t\u{1} 漢字 🦀 مرحبا"),
        text("a\0b\0"),
        text("null"),
        text("[1,2]"),
        text("{\"$int\":\"5\"}"),
    ];
    for value in values {
        hub.sql_with("INSERT INTO t(v) VALUES (?)", vec![value.clone()])
            .await;
        let change = only(&hub.next_commit().await);
        assert_eq!(change.op, Op::Insert);
        assert_eq!(change.new.unwrap()[1], value);
    }
}

#[actix::test]
async fn a_thousand_random_reals_come_as_they_were_written() {
    let mut hub = with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    let mut seed = 42_u64;
    let mut values = Vec::new();
    while values.len() < 1_000 {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let real = f64::from_bits(seed);
        if real.is_finite() && real.is_normal() {
            values.push(real);
        }
    }
    let places = vec!["(?)"; values.len()].join(",");
    let params = values.iter().map(|v| SqlValue::Real(*v)).collect();
    hub.sql_with(&format!("INSERT INTO t(v) VALUES {places}"), params)
        .await;
    let commit = hub.next_commit().await;
    for (change, value) in inline(&commit).iter().zip(values) {
        assert_eq!(change.new.as_ref().unwrap()[1], SqlValue::Real(value));
    }
}

#[actix::test]
async fn a_blob_comes_as_its_length_and_bad_utf8_as_text() {
    let mut hub = with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    let blob = change(&mut hub, "INSERT INTO t(v) VALUES (x'00ff10')").await;
    assert_eq!(blob.new.unwrap()[1], SqlValue::BlobBytes(3));
    let broken = change(&mut hub, "INSERT INTO t(v) VALUES (CAST(x'61ff62' AS TEXT))").await;
    assert_eq!(broken.new.unwrap()[1], text("a\u{fffd}b"));
}

#[actix::test]
async fn json_made_in_the_statement_is_text_in_the_change() {
    let mut hub = with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, v)");
    let made = change(&mut hub, "INSERT INTO t(v) VALUES (json_array(1, 'a'))").await;
    assert_eq!(made.new.unwrap()[1], text("[1,\"a\"]"));
}

#[actix::test]
async fn insert_update_and_delete_carry_old_and_new() {
    let mut hub = with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT, b REAL)");
    let inserted = change(&mut hub, "INSERT INTO t VALUES (1, 'x', 2)").await;
    let row = vec![SqlValue::Integer(1), text("x"), SqlValue::Real(2.0)];
    assert_eq!((inserted.old, inserted.new), (None, Some(row.clone())));
    let updated = change(&mut hub, "UPDATE t SET a = 'y'").await;
    let after = vec![SqlValue::Integer(1), text("y"), SqlValue::Real(2.0)];
    assert_eq!(updated.op, Op::Update);
    assert_eq!((updated.old, updated.new), (Some(row), Some(after.clone())));
    let deleted = change(&mut hub, "DELETE FROM t").await;
    assert_eq!(deleted.op, Op::Delete);
    assert_eq!((deleted.old, deleted.new), (Some(after), None));
    assert_eq!(&*deleted.shape.table, "t");
    assert_eq!(deleted.shape.key, Key::Columns(vec![0]));
}

#[actix::test]
async fn a_table_without_a_key_is_known_by_its_rowid() {
    let mut hub = with_schema("CREATE TABLE t(a); CREATE TABLE u(rowid TEXT, a);");
    hub.sql("INSERT INTO t(rowid, a) VALUES (41, 'x')").await;
    let inserted = only(&hub.next_commit().await);
    assert_eq!((inserted.rowid, &inserted.shape.key), (41, &Key::Rowid));
    let updated = change(&mut hub, "UPDATE t SET a = 'y'").await;
    assert_eq!(updated.rowid, 41);
    let deleted = change(&mut hub, "DELETE FROM t").await;
    assert_eq!(deleted.rowid, 41);
    hub.sql("INSERT INTO u(_rowid_, rowid) VALUES (43, 'not the rowid')")
        .await;
    assert_eq!(only(&hub.next_commit().await).rowid, 43);
}

#[actix::test]
async fn without_rowid_and_composite_keys_are_captured_in_key_order() {
    let mut hub = with_schema("CREATE TABLE t(v, b TEXT, a INTEGER, PRIMARY KEY(a, b)) WITHOUT ROWID");
    let inserted = change(&mut hub, "INSERT INTO t VALUES ('v', 'b', 1)").await;
    assert_eq!(inserted.shape.key, Key::Columns(vec![2, 1]));
    assert_eq!(
        inserted.new,
        Some(vec![text("v"), text("b"), SqlValue::Integer(1)])
    );
    let moved = change(&mut hub, "UPDATE t SET a = 2").await;
    assert_eq!(moved.op, Op::Update);
    assert_eq!(moved.old.unwrap()[2], SqlValue::Integer(1));
    assert_eq!(moved.new.unwrap()[2], SqlValue::Integer(2));
}

#[actix::test]
async fn generated_columns_are_captured() {
    let mut hub =
        with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, a, twice AS (a * 2), stored AS (a * 3) STORED)");
    let inserted = change(&mut hub, "INSERT INTO t(a) VALUES (2)").await;
    let row = |a: i64| [1, a, 2 * a, 3 * a].map(SqlValue::Integer).to_vec();
    assert_eq!(inserted.new, Some(row(2)));
    let updated = change(&mut hub, "UPDATE t SET a = 5").await;
    assert_eq!((updated.old, updated.new), (Some(row(2)), Some(row(5))));
    let deleted = change(&mut hub, "DELETE FROM t").await;
    assert_eq!(deleted.old, Some(row(5)));
}

#[actix::test]
async fn names_may_hold_anything() {
    let mut hub =
        with_schema("CREATE TABLE \"l'\"\"été du \"(\"a \"\"b\" INTEGER PRIMARY KEY, \"select\", \"ç'\")");
    let inserted = change(&mut hub, "INSERT INTO \"l'\"\"été du \" VALUES (1, 'x', 'y')").await;
    assert_eq!(&*inserted.shape.table, "l'\"été du ");
    let columns: Vec<&str> = inserted.shape.columns.iter().map(|c| &**c).collect();
    assert_eq!(columns, ["a \"b", "select", "ç'"]);
    assert_eq!(inserted.new.unwrap()[2], text("y"));
}

#[actix::test]
async fn a_replace_is_a_delete_and_an_insert() {
    let mut hub = with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, a)");
    hub.sql("INSERT INTO t VALUES (1, 'x')").await;
    hub.next_commit().await;
    hub.sql("REPLACE INTO t VALUES (1, 'y')").await;
    let commit = hub.next_commit().await;
    let ops: Vec<Op> = inline(&commit).iter().map(|c| c.op).collect();
    assert_eq!(ops, [Op::Delete, Op::Insert]);
}

#[actix::test]
async fn cascades_and_triggers_are_captured_after_their_cause() {
    let mut hub = with_schema(
        "CREATE TABLE p(id INTEGER PRIMARY KEY, n DEFAULT 0);
         CREATE TABLE c(id INTEGER PRIMARY KEY, p REFERENCES p(id) ON DELETE CASCADE);
         CREATE TRIGGER count_1 AFTER INSERT ON c BEGIN UPDATE p SET n = n + 1 WHERE id = NEW.p; END;
         CREATE TRIGGER count_2 AFTER INSERT ON p BEGIN UPDATE p SET n = 10 WHERE id = NEW.id; END;",
    );
    hub.sql("INSERT INTO p(id) VALUES (1)").await;
    let commit = hub.next_commit().await;
    let ops: Vec<Op> = inline(&commit).iter().map(|c| c.op).collect();
    assert_eq!(
        ops,
        [Op::Insert, Op::Update],
        "the insert comes before what its trigger does"
    );
    hub.sql("INSERT INTO c(p) VALUES (1)").await;
    let commit = hub.next_commit().await;
    assert_eq!(inline(&commit)[0].op, Op::Insert);
    assert_eq!(inline(&commit)[1].new.as_ref().unwrap()[1], SqlValue::Integer(11));
    hub.sql("DELETE FROM p").await;
    let commit = hub.next_commit().await;
    let mut tables: Vec<&str> = inline(&commit).iter().map(|c| &*c.shape.table).collect();
    tables.sort_unstable();
    assert_eq!(tables, ["c", "p"]);
}

#[actix::test]
async fn a_table_of_three_hundred_columns_is_captured() {
    let columns: Vec<String> = (0..300).map(|i| format!("c{i}")).collect();
    let mut hub = with_schema(&format!("CREATE TABLE t({})", columns.join(",")));
    let values: Vec<String> = (0..300).map(|i| i.to_string()).collect();
    let inserted = change(&mut hub, &format!("INSERT INTO t VALUES ({})", values.join(","))).await;
    let row: Vec<SqlValue> = (0..300).map(SqlValue::Integer).collect();
    assert_eq!(inserted.new, Some(row));
    let updated = change(&mut hub, "UPDATE t SET c299 = 'last'").await;
    assert_eq!(updated.new.unwrap()[299], text("last"));
}

#[actix::test]
async fn a_table_of_a_thousand_columns_is_captured() {
    let columns: Vec<String> = (0..1_000).map(|i| format!("c{i}")).collect();
    let mut hub = with_schema(&format!("CREATE TABLE t({})", columns.join(",")));
    let inserted = change(&mut hub, "INSERT INTO t(c999) VALUES ('last')").await;
    assert_eq!(inserted.new.unwrap()[999], text("last"));
    let updated = change(&mut hub, "UPDATE t SET c0 = 'first'").await;
    assert_eq!(updated.new.unwrap()[0], text("first"));
}

#[actix::test]
async fn virtual_tables_are_named_as_not_captured() {
    let hub = with_schema("CREATE TABLE t(a); CREATE VIRTUAL TABLE words USING fts5(body);");
    assert!(hub.started.0.contains(&"words".to_owned()), "{:?}", hub.started.0);
    assert!(!hub.started.0.contains(&"t".to_owned()));
}

#[actix::test]
async fn a_clients_insert_reports_its_own_rowid_and_count() {
    let hub = with_schema("CREATE TABLE t(id INTEGER PRIMARY KEY, a)");
    for _ in 0..5 {
        hub.sql("INSERT INTO t(a) VALUES ('x')").await;
    }
    let answer = hub.sql("INSERT INTO t(a) VALUES ('x'), ('y')").await;
    assert_eq!(answer["last_insert_id"], 7);
    assert_eq!(answer["rows_affected"], 2);
}
