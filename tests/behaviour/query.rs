//! One statement: values, parameters, kinds, limits, conditions, refusals.

use serde_json::{Value, json};

use crate::support::{Hub, Socket, socket::query};

/// Stores a value and reads it back.
fn round_trip(awa: &mut Socket, value: Value) -> Value {
    awa.query("INSERT INTO valeurs(v) VALUES (?) RETURNING v", json!([value]))
        .unwrap()["rows"][0][0]
        .clone()
}

#[test]
fn values_come_back_as_they_went_in() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for value in [
        json!(null),
        json!(0),
        json!(-7),
        json!(9007199254740991_i64),
        json!(-9007199254740991_i64),
        json!({"$int": "9007199254740992"}),
        json!({"$int": "9223372036854775807"}),
        json!({"$int": "-9223372036854775808"}),
        json!(1.5),
        json!({"$real": "Infinity"}),
        json!({"$real": "-Infinity"}),
        json!(""),
        json!("متجر « é » 🛒 \u{0} fin"),
        json!({"$blob": ""}),
        json!({"$blob": "AAEC/w=="}),
    ] {
        assert_eq!(round_trip(&mut awa, value.clone()), value);
    }
}

#[test]
fn small_integers_in_the_int_form_and_booleans_are_numbers() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    assert_eq!(round_trip(&mut awa, json!({"$int": "12"})), json!(12));
    assert_eq!(round_trip(&mut awa, json!(true)), json!(1));
    assert_eq!(round_trip(&mut awa, json!(false)), json!(0));
}

#[test]
fn other_objects_and_arrays_are_no_values() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for value in [
        json!([1]),
        json!({}),
        json!({"a": 1}),
        json!({"$int": "x"}),
        json!({"$int": "9223372036854775808"}),
        json!({"$int": 5}),
        json!({"$blob": "%"}),
        json!({"$real": "12"}),
        json!({"$int": "1", "$blob": ""}),
    ] {
        awa.refused(query("SELECT ?", json!([value])), "invalid_request");
    }
    assert!(awa.ping()["at"].is_string());
}

#[test]
fn parameters_bind_by_position_and_by_name() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    assert_eq!(awa.rows("SELECT ?, ?", json!([1, "b"])), [json!([1, "b"])]);
    assert_eq!(awa.rows("SELECT ?2, ?1", json!([1, "b"])), [json!(["b", 1])]);
    for sql in ["SELECT :x, :y", "SELECT @x, @y", "SELECT $x, $y"] {
        assert_eq!(awa.rows(sql, json!({"y": 2, "x": 1})), [json!([1, 2])]);
    }
    assert_eq!(awa.rows("SELECT :x", json!({":x": 5})), [json!([5])]);
}

#[test]
fn parameters_may_be_left_out_where_the_statement_has_none() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let result = awa
        .request(json!({"type": "query", "query": "SELECT 1 AS un"}))
        .unwrap();
    assert_eq!(result["columns"], json!(["un"]));
    assert_eq!(result["rows"], json!([[1]]));
}

#[test]
fn wrong_parameters_are_invalid_sql() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for (sql, params) in [
        ("SELECT ?", json!([])),
        ("SELECT ?", json!([1, 2])),
        ("SELECT 1", json!([1])),
        ("SELECT :x", json!({})),
        ("SELECT :x", json!({"x": 1, "y": 2})),
    ] {
        awa.refused(query(sql, params), "invalid_sql");
    }
    for params in [json!("x"), json!(3), json!(true)] {
        awa.refused(query("SELECT 1", params), "invalid_request");
    }
}

#[test]
fn a_read_has_columns_rows_and_the_commit_it_saw() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let write = awa
        .query("UPDATE produits SET stock = 9 WHERE id = 1", json!([]))
        .unwrap();
    let read = awa
        .query(
            "SELECT id, nom FROM produits WHERE id IN (1, 3) ORDER BY id",
            json!([]),
        )
        .unwrap();
    assert_eq!(read["columns"], json!(["id", "nom"]));
    assert_eq!(read["rows"], json!([[1, "Riz 5 kg"], [3, "Sucre 1 kg"]]));
    assert_eq!(read["truncated"], false);
    assert_eq!(read["commit"], write["commit"]);
}

#[test]
fn an_empty_result_still_names_its_columns() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let read = awa
        .query("SELECT id, nom FROM produits WHERE id = -1", json!([]))
        .unwrap();
    assert_eq!(read["columns"], json!(["id", "nom"]));
    assert_eq!(read["rows"], json!([]));
}

#[test]
fn a_write_tells_rows_affected_the_last_id_and_what_it_returned() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let insert = awa
        .query(
            "INSERT INTO ventes(produit_id, quantite) VALUES (1, 2), (2, 3) RETURNING id, quantite",
            json!([]),
        )
        .unwrap();
    assert_eq!(insert["rows_affected"], 2);
    assert_eq!(insert["columns"], json!(["id", "quantite"]));
    assert_eq!(insert["rows"], json!([[1, 2], [2, 3]]));
    assert_eq!(insert["last_insert_id"], 2);
    let update = awa
        .query("UPDATE produits SET stock = stock - 1", json!([]))
        .unwrap();
    assert_eq!(update["rows_affected"], 4);
    assert_eq!(update["commit"], insert["commit"].as_u64().unwrap() + 1);
}

#[test]
fn a_write_of_no_row_is_no_commit() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let before = awa.welcome["commit"].clone();
    let none = awa
        .query("UPDATE produits SET stock = 1 WHERE id = -1", json!([]))
        .unwrap();
    assert_eq!(none["rows_affected"], 0);
    assert_eq!(none["commit"], before);
    let one = awa
        .query("UPDATE produits SET stock = 1 WHERE id = 1", json!([]))
        .unwrap();
    assert_eq!(one["commit"], before.as_u64().unwrap() + 1);
}

#[test]
fn the_kind_named_must_be_the_kind_it_is() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let of_kind = |sql: &str, kind: &str| json!({"type": "query", "query": sql, "params": [], "kind": kind});
    let (select, insert, update, delete) = (
        "SELECT 1",
        "INSERT INTO lignes(texte) VALUES ('x')",
        "UPDATE lignes SET texte = 'y'",
        "DELETE FROM lignes",
    );
    for (sql, kind) in [
        (select, "select"),
        (insert, "insert"),
        (update, "update"),
        (delete, "delete"),
    ] {
        awa.request(of_kind(sql, kind)).unwrap();
        for other in ["select", "insert", "update", "delete"] {
            if other != kind {
                awa.refused(of_kind(sql, other), "invalid_sql");
            }
        }
    }
    awa.request(of_kind(
        "WITH n(x) AS (SELECT 1) INSERT INTO lignes SELECT x FROM n",
        "insert",
    ))
    .unwrap();
    awa.refused(
        of_kind(
            "WITH n(x) AS (SELECT 1) INSERT INTO lignes SELECT x FROM n",
            "select",
        ),
        "invalid_sql",
    );
    awa.refused(of_kind(select, "drop"), "invalid_request");
}

#[test]
fn more_than_one_statement_is_invalid_and_nothing_of_it_ran() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for sql in [
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM lignes",
        "INSERT INTO lignes(texte) VALUES ('a'); INSERT INTO lignes(texte) VALUES ('b')",
        "",
        " ; ",
        "-- rien",
        "SELEC 1",
        "SELECT FROM WHERE",
    ] {
        awa.refused(query(sql, json!([])), "invalid_sql");
    }
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 0);
    assert_eq!(awa.rows("SELECT 1; -- et un mot", json!([])), [json!([1])]);
}

#[test]
fn expect_affected_keeps_nothing_where_it_does_not_hold() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let sell = |stock: i64, expected: u64| {
        json!({"type": "query", "query": "UPDATE produits SET stock = stock - ?1 WHERE id = 4 AND stock >= ?1",
               "params": [stock], "expect_affected": expected})
    };
    assert_eq!(awa.request(sell(3, 1)).unwrap()["rows_affected"], 1);
    awa.refused(sell(3, 1), "precondition_failed");
    awa.refused(sell(1, 2), "precondition_failed");
    assert_eq!(awa.value("SELECT stock FROM produits WHERE id = 4", json!([])), 2);
}

#[test]
fn constraints_are_named_and_nothing_is_kept() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let insert = "INSERT INTO ventes(produit_id, quantite, note) VALUES (?, ?, ?)";
    awa.query(insert, json!([1, 1, "une"])).unwrap();
    for (params, constraint) in [
        (json!([1, 1, "une"]), "UNIQUE"),
        (json!([1, null, null]), "NOT NULL"),
        (json!([1, 0, null]), "CHECK"),
        (json!([999, 1, null]), "FOREIGN KEY"),
    ] {
        let refusal = awa.refused(query(insert, params), "constraint_violation");
        let named = refusal.frame["constraint"].as_str().unwrap().to_uppercase();
        let wanted = constraint.replace(' ', "");
        assert!(named.replace([' ', '_'], "").contains(&wanted), "{named}");
    }
    assert_eq!(awa.value("SELECT count(*) FROM ventes", json!([])), 1);
}

#[test]
fn what_the_role_may_not_do_is_forbidden() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for sql in [
        "SELECT prix_achat FROM produits",
        "SELECT id FROM secrets",
        "SELECT id FROM prescriptions",
        "UPDATE produits SET prix = 1",
        "UPDATE produits SET stock = prix_achat",
        "UPDATE produits SET stock = 1 WHERE prix_achat > 0",
        "UPDATE produits SET stock = stock RETURNING prix_achat",
        "DELETE FROM ventes",
        "UPDATE ventes SET quantite = 2",
        "INSERT INTO produits(nom, prix) VALUES ('x', 1)",
        "SELECT name FROM sqlite_schema",
        "SELECT * FROM _comptoir_user",
        "PRAGMA table_info(produits)",
        "ATTACH 'x.db' AS x",
        "CREATE TABLE x(a)",
        "DROP TABLE ventes",
        "BEGIN",
        "VACUUM",
    ] {
        let refusal = awa.request(query(sql, json!([]))).expect_err(sql);
        assert!(
            ["forbidden", "invalid_sql"].contains(&refusal.code.as_str()),
            "{sql}: {}",
            refusal.frame
        );
        for hidden in ["2801", "secret-du", "hub.db", "/"] {
            assert!(!refusal.message.contains(hidden), "{}", refusal.message);
        }
    }
    for sql in [
        "SELECT prix_achat FROM produits",
        "SELECT id FROM secrets",
        "DELETE FROM ventes",
    ] {
        awa.refused(query(sql, json!([])), "forbidden");
    }
    assert_eq!(awa.value("SELECT count(*) FROM produits", json!([])), 4);
}

#[test]
fn a_role_without_raw_sql_may_send_neither_query_nor_batch() {
    let hub = Hub::start();
    let mut moussa = hub.socket("moussa");
    moussa.refused(query("SELECT 1", json!([])), "forbidden");
    moussa.refused(
        json!({"type": "batch", "statements": [{"query": "SELECT 1", "params": []}]}),
        "forbidden",
    );
}

#[test]
fn an_administrator_may_use_every_table_and_change_no_schema() {
    let hub = Hub::start();
    let mut admin = hub.socket("admin");
    assert_eq!(
        admin.value("SELECT valeur FROM secrets", json!([])),
        "le-secret-du-patron"
    );
    admin
        .query("UPDATE secrets SET valeur = 'autre'", json!([]))
        .unwrap();
    for sql in [
        "CREATE TABLE x(a)",
        "DROP TABLE secrets",
        "ALTER TABLE secrets ADD COLUMN x",
    ] {
        assert!(admin.query(sql, json!([])).is_err(), "{sql}");
    }
    assert_eq!(admin.value("SELECT count(*) FROM secrets", json!([])), 1);
}

#[test]
fn a_read_past_max_rows_ends_at_a_whole_row_and_says_so() {
    let hub = Hub::with().env("LIMITS__MAX_ROWS", 10).start();
    let mut awa = hub.socket("awa");
    let numbers = |n: i64| {
        query(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < ?) SELECT n FROM c",
            json!([n]),
        )
    };
    let whole = awa.request(numbers(10)).unwrap();
    assert_eq!(
        (whole["rows"].as_array().unwrap().len(), &whole["truncated"]),
        (10, &json!(false))
    );
    let cut = awa.request(numbers(11)).unwrap();
    assert_eq!(
        (cut["rows"].as_array().unwrap().len(), &cut["truncated"]),
        (10, &json!(true))
    );
}

#[test]
fn a_read_past_max_result_bytes_ends_at_a_whole_row_and_says_so() {
    let hub = Hub::with().env("LIMITS__MAX_RESULT_BYTES", 10_000).start();
    let mut awa = hub.socket("awa");
    let cut = awa
        .query(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 100) \
             SELECT n, hex(zeroblob(250)) FROM c",
            json!([]),
        )
        .unwrap();
    let rows = cut["rows"].as_array().unwrap();
    assert_eq!(cut["truncated"], true);
    assert!((10..20).contains(&rows.len()), "{}", rows.len());
    assert!(rows.iter().all(|row| row[1].as_str().unwrap().len() == 500));
}

#[test]
fn a_write_that_returns_too_much_is_undone() {
    let hub = Hub::with().env("LIMITS__MAX_ROWS", 3).start();
    let mut awa = hub.socket("awa");
    let refusal = awa.refused(
        query("UPDATE produits SET stock = 0 RETURNING id", json!([])),
        "payload_too_large",
    );
    assert!(refusal.frame["limit"].is_string(), "{}", refusal.frame);
    assert_eq!(awa.value("SELECT sum(stock) FROM produits", json!([])), 3005);
}

#[test]
fn a_statement_past_its_time_is_interrupted_and_nothing_is_kept() {
    let hub = Hub::with().env("LIMITS__STATEMENT_TIMEOUT_MS", 300).start();
    let mut awa = hub.socket("awa");
    let endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c)";
    awa.refused(
        query(&format!("{endless} SELECT count(*) FROM c"), json!([])),
        "timeout",
    );
    awa.refused(
        query(
            &format!("{endless} INSERT INTO lignes SELECT n FROM c"),
            json!([]),
        ),
        "timeout",
    );
    assert_eq!(awa.value("SELECT count(*) FROM lignes", json!([])), 0);
    awa.query("INSERT INTO lignes VALUES ('après')", json!([]))
        .unwrap();
}

#[test]
fn a_bomb_for_memory_is_refused_and_the_hub_goes_on() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for sql in [
        "SELECT randomblob(2000000000)",
        "SELECT hex(zeroblob(1000000000))",
        "SELECT printf('%.*c', 1000000000, 'x')",
        "SELECT length(group_concat(hex(zeroblob(1000000)))) FROM produits a, produits b, produits c, produits d, produits e, produits f",
    ] {
        // Whatever the answer is called, it is an answer, and not the memory.
        let _ = awa.query(sql, json!([]));
        assert!(resident_kib(hub.pid()) < 600 * 1024, "{sql}");
    }
    assert_eq!(awa.value("SELECT 1", json!([])), 1);
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn last_insert_rowid_and_changes_tell_nothing_of_others() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for sql in [
        "SELECT last_insert_rowid()",
        "SELECT changes()",
        "SELECT total_changes()",
    ] {
        assert!(awa.query(sql, json!([])).is_err(), "{sql}");
    }
}

#[test]
fn columns_are_named_as_the_statement_says_and_nothing_more() {
    let hub = Hub::start();
    for user in ["awa", "admin"] {
        let mut socket = hub.socket(user);
        for (sql, name) in [
            ("SELECT 1", "1"),
            ("SELECT 1 ;", "1"),
            ("SELECT 1 -- one", "1"),
            ("/* one */ SELECT count(*) FROM produits", "count(*)"),
            ("SELECT 'é' /* e */ ; -- end", "'é'"),
        ] {
            let answer = socket.query(sql, json!([])).unwrap();
            assert_eq!(answer["columns"], json!([name]), "{user}: {sql}");
        }
        let insert = "INSERT INTO valeurs(v) VALUES ('a') RETURNING upper(v)";
        assert_eq!(
            socket.query(insert, json!([])).unwrap()["columns"],
            json!(["upper(v)"])
        );
    }
}

#[test]
fn tables_may_be_called_by_their_schema() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for sql in [
        "SELECT count(*) FROM main.ventes",
        "SELECT count(*) FROM \"main\".ventes AS main WHERE main.id > 0",
        "SELECT count(*) FROM[main].[ventes]JOIN MAIN . produits ON ventes.produit_id = produits.id",
        "SELECT main.ventes.id FROM ventes LIMIT 1",
    ] {
        awa.query(sql, json!([]))
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    awa.refused(
        query("SELECT prix_achat FROM main.produits", json!([])),
        "forbidden",
    );
    awa.refused(query("SELECT * FROM main.secrets", json!([])), "forbidden");
}
