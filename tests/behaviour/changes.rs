//! Data changes: what is told of a commit, and to whom.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Hub, Socket, socket::query, within};

/// The changes of the next frame.
fn next(socket: &mut Socket) -> Vec<Value> {
    socket.change()["changes"].as_array().unwrap().clone()
}

fn write(socket: &mut Socket, sql: &str) -> Value {
    socket.query(sql, json!([])).unwrap()["commit"].clone()
}

#[test]
fn a_change_tells_when_who_and_the_whole_row() {
    let hub = Hub::start();
    let (mut awa, mut caro) = (hub.socket("awa"), hub.socket("caro"));
    let commit = write(
        &mut awa,
        "INSERT INTO ventes(produit_id, quantite, note) VALUES (1, 2, 'n')",
    );
    let frame = caro.change();
    assert_eq!(frame["commit"], commit);
    assert!(frame["cursor"].is_string());
    assert!(frame["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(
        frame["by"],
        json!({"user_id": awa.welcome["user"]["id"], "username": "awa", "session": awa.session()})
    );
    assert_eq!(
        frame["changes"],
        json!([{"table": "ventes", "op": "insert", "key": {"id": 1},
                "row": {"id": 1, "vendeur_id": null, "produit_id": 1, "quantite": 2, "note": "n"}, "old": null}])
    );
}

#[test]
fn insert_update_and_delete_carry_what_was_and_what_is() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    write(&mut awa, "INSERT INTO couples VALUES ('a', 1, 'x')");
    write(&mut awa, "UPDATE couples SET v = 'y'");
    write(&mut awa, "DELETE FROM couples");
    let (x, y) = (
        json!({"a": "a", "b": 1, "v": "x"}),
        json!({"a": "a", "b": 1, "v": "y"}),
    );
    let key = json!({"a": "a", "b": 1});
    assert_eq!(
        next(&mut awa),
        [json!({"table": "couples", "op": "insert", "key": key, "row": x, "old": null})]
    );
    assert_eq!(
        next(&mut awa),
        [json!({"table": "couples", "op": "update", "key": key, "row": y, "old": x})]
    );
    assert_eq!(
        next(&mut awa),
        [json!({"table": "couples", "op": "delete", "key": key, "row": null, "old": y})]
    );
}

#[test]
fn an_update_of_the_key_is_a_delete_and_an_insert() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    write(&mut awa, "INSERT INTO couples VALUES ('a', 1, 'x')");
    write(&mut awa, "UPDATE couples SET b = 2");
    next(&mut awa);
    let changes = next(&mut awa);
    let short: Vec<_> = changes.iter().map(|c| (&c["op"], &c["key"])).collect();
    assert_eq!(
        short,
        [
            (&json!("delete"), &json!({"a": "a", "b": 1})),
            (&json!("insert"), &json!({"a": "a", "b": 2}))
        ]
    );
}

#[test]
fn a_table_without_a_key_is_known_by_its_rowid() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    write(&mut awa, "INSERT INTO lignes(texte) VALUES ('a')");
    write(&mut awa, "INSERT INTO lignes(texte) VALUES ('b')");
    write(&mut awa, "UPDATE lignes SET texte = 'c' WHERE texte = 'b'");
    assert_eq!(next(&mut awa)[0]["key"], json!({"rowid": 1}));
    assert_eq!(next(&mut awa)[0]["key"], json!({"rowid": 2}));
    assert_eq!(next(&mut awa)[0]["key"], json!({"rowid": 2}));
}

#[test]
fn values_appear_in_the_forms_of_the_contract_and_blobs_as_their_length() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for value in [
        json!(null),
        json!(5),
        json!({"$int": "9223372036854775807"}),
        json!(0.1),
        json!({"$real": "-Infinity"}),
        json!("é \u{1}\" 🛒"),
    ] {
        awa.query("INSERT INTO valeurs(v) VALUES (?)", json!([value]))
            .unwrap();
        assert_eq!(next(&mut awa)[0]["row"]["v"], value);
    }
    awa.query(
        "INSERT INTO pieces(nom, contenu) VALUES ('p', ?)",
        json!([{"$blob": "AAEC/w=="}]),
    )
    .unwrap();
    assert_eq!(
        next(&mut awa)[0]["row"],
        json!({"id": 1, "nom": "p", "contenu": {"$blob_bytes": 4}})
    );
    awa.query("UPDATE pieces SET contenu = zeroblob(9)", json!([]))
        .unwrap();
    let change = next(&mut awa).remove(0);
    assert_eq!(change["old"]["contenu"], json!({"$blob_bytes": 4}));
    assert_eq!(change["row"]["contenu"], json!({"$blob_bytes": 9}));
}

#[test]
fn each_role_sees_its_own_tables_and_columns() {
    let hub = Hub::start();
    let (mut admin, mut awa, mut caro, mut moussa) = (
        hub.socket("admin"),
        hub.socket("awa"),
        hub.socket("caro"),
        hub.socket("moussa"),
    );
    let result = admin
        .request(json!({"type": "batch", "statements": [
            {"query": "UPDATE produits SET prix = 900, prix_achat = 700 WHERE id = 3"},
            {"query": "UPDATE secrets SET valeur = 'autre'"},
            {"query": "INSERT INTO prescriptions(patient_id, texte) VALUES (?, 'pour moussa')",
             "params": [moussa.welcome["user"]["id"]]},
        ]}))
        .unwrap();
    assert_eq!(
        admin.change_at(&result["commit"])["changes"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
    assert_eq!(
        next(&mut awa),
        [json!({"table": "produits", "op": "update", "key": {"id": 3},
                "row": {"id": 3, "nom": "Sucre 1 kg", "prix": 900, "stock": 1000},
                "old": {"id": 3, "nom": "Sucre 1 kg", "prix": 800, "stock": 1000}})]
    );
    let caro_saw = next(&mut caro);
    assert_eq!(caro_saw.len(), 1);
    assert_eq!(caro_saw[0]["row"]["prix_achat"], 700);
    assert_eq!(caro_saw[0]["old"]["prix_achat"], 603);
    let moussa_saw = next(&mut moussa);
    assert_eq!(moussa_saw.len(), 1);
    assert_eq!(moussa_saw[0]["row"]["texte"], "pour moussa");
}

#[test]
fn an_update_that_touches_no_readable_column_is_not_sent() {
    let hub = Hub::start();
    let (mut admin, mut awa) = (hub.socket("admin"), hub.socket("awa"));
    write(&mut admin, "UPDATE produits SET prix_achat = prix_achat + 1");
    write(&mut admin, "UPDATE secrets SET valeur = 'autre'");
    let seen = write(&mut admin, "UPDATE produits SET prix = 1 WHERE id = 1");
    assert_eq!(awa.change()["commit"], seen, "the first change that awa hears of");
}

#[test]
fn an_update_that_sets_a_row_to_itself_does_not_hide_the_next_one() {
    let hub = Hub::start();
    let (mut admin, mut awa) = (hub.socket("admin"), hub.socket("awa"));
    write(&mut admin, "UPDATE produits SET prix = prix");
    let seen = write(&mut admin, "UPDATE produits SET prix = 2 WHERE id = 1");
    let found = awa
        .try_event(|e| e["type"] == "data_change" && e["commit"] == seen)
        .unwrap();
    assert_eq!(found["changes"][0]["row"]["prix"], 2);
}

#[test]
fn owners_see_their_rows_and_a_row_that_changes_owner_leaves_one_and_reaches_the_other() {
    let hub = Hub::start();
    let (mut admin, mut moussa, mut fatou) = (hub.socket("admin"), hub.socket("moussa"), hub.socket("fatou"));
    let (m, f) = (
        moussa.welcome["user"]["id"].clone(),
        fatou.welcome["user"]["id"].clone(),
    );
    let insert = "INSERT INTO prescriptions(patient_id, texte) VALUES (?, ?)";
    admin.query(insert, json!([m, "à moussa"])).unwrap();
    admin.query(insert, json!([f, "à fatou"])).unwrap();
    let moved = admin
        .query(
            "UPDATE prescriptions SET patient_id = ? WHERE texte = 'à moussa'",
            json!([f]),
        )
        .unwrap()["commit"]
        .clone();
    assert_eq!(next(&mut moussa)[0]["row"]["texte"], "à moussa");
    let left = moussa.change_at(&moved)["changes"][0].clone();
    assert_eq!((&left["op"], &left["row"]), (&json!("delete"), &json!(null)));
    assert_eq!(next(&mut fatou)[0]["row"]["texte"], "à fatou");
    let came = fatou.change_at(&moved)["changes"][0].clone();
    assert_eq!((&came["op"], &came["old"]), (&json!("insert"), &json!(null)));
    assert_eq!(came["row"]["texte"], "à moussa");
}

#[test]
fn more_than_a_thousand_rows_are_told_as_truncated() {
    let hub = Hub::start();
    let (mut awa, mut admin) = (hub.socket("awa"), hub.socket("admin"));
    let lines = |n: usize| {
        format!(
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < {n}) \
             INSERT INTO lignes(texte) SELECT n FROM c"
        )
    };
    write(&mut awa, &lines(1000));
    assert_eq!(next(&mut awa).len(), 1000);
    let commit = write(&mut awa, &lines(1001));
    let frame = awa.change_at(&commit);
    assert_eq!(
        (&frame["truncated"], &frame["tables"]),
        (&json!(true), &json!(["lignes"]))
    );
    assert!(frame["cursor"].is_string() && frame.get("changes").is_none());

    // Counted after the role's filter: two thousand rows that awa may not see, and one that she may.
    let secrets = lines(2000).replace("lignes(texte)", "secrets(valeur)");
    let result = admin
        .request(json!({"type": "batch", "statements": [
            {"query": secrets}, {"query": "UPDATE produits SET prix = 3 WHERE id = 1"}]}))
        .unwrap();
    let frame = awa.change_at(&result["commit"]);
    assert_eq!(frame["changes"].as_array().unwrap().len(), 1);
    let frame = admin.change_at(&result["commit"]);
    assert_eq!(frame["truncated"], true);
}

#[test]
fn more_than_256_kib_are_told_as_truncated() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let commit = write(
        &mut awa,
        "INSERT INTO lignes(texte) VALUES (hex(zeroblob(200000)))",
    );
    let frame = awa.change_at(&commit);
    assert_eq!(
        (&frame["truncated"], &frame["tables"]),
        (&json!(true), &json!(["lignes"]))
    );
    write(&mut awa, "INSERT INTO lignes(texte) VALUES ('court')");
    assert_eq!(next(&mut awa)[0]["row"]["texte"], "court");
}

#[test]
fn echo_false_leaves_out_this_very_sessions_changes_and_no_others() {
    let hub = Hub::start();
    let mut quiet = hub.socket_at("awa", "echo=false");
    let mut twin = hub.socket("awa");
    let own = write(&mut quiet, "INSERT INTO lignes(texte) VALUES ('à moi')");
    let other = write(&mut twin, "INSERT INTO lignes(texte) VALUES ('du jumeau')");
    assert_eq!(quiet.change()["commit"], other);
    assert_eq!(twin.change()["commit"], own);
}

#[test]
fn tables_narrows_the_changes() {
    let hub = Hub::start();
    let mut narrow = hub.socket_at("awa", "tables=ventes,couples");
    let mut awa = hub.socket("awa");
    write(&mut awa, "INSERT INTO lignes(texte) VALUES ('non')");
    let result = awa.rpc("sell", json!([1])).unwrap();
    let change = narrow.change();
    assert_eq!(change["commit"], result["commit"]);
    assert_eq!(change["changes"].as_array().unwrap().len(), 1);
    assert_eq!(change["changes"][0]["table"], "ventes");
}

#[test]
fn subscribe_replaces_the_set_from_a_commit_on() {
    let hub = Hub::start();
    let mut awa = hub.socket_at("awa", "tables=ventes");
    let mut other = hub.socket("binta");
    let answer = awa
        .request(json!({"type": "subscribe", "tables": ["lignes"]}))
        .unwrap();
    assert_eq!(answer["tables"], json!(["lignes"]));
    assert_eq!(answer["commit"], other.welcome["commit"]);
    write(
        &mut other,
        "INSERT INTO ventes(produit_id, quantite) VALUES (1, 1)",
    );
    let wanted = write(&mut other, "INSERT INTO lignes(texte) VALUES ('oui')");
    assert_eq!(awa.change()["commit"], wanted);

    let answer = awa.request(json!({"type": "subscribe", "tables": "*"})).unwrap();
    assert_eq!(answer["commit"], wanted);
    let wanted = write(
        &mut other,
        "INSERT INTO ventes(produit_id, quantite) VALUES (1, 1)",
    );
    assert_eq!(awa.change()["commit"], wanted);

    awa.request(json!({"type": "subscribe", "tables": []})).unwrap();
    write(&mut other, "INSERT INTO lignes(texte) VALUES ('non')");
    awa.request(json!({"type": "subscribe", "tables": "*"})).unwrap();
    let wanted = write(&mut other, "INSERT INTO lignes(texte) VALUES ('oui')");
    assert_eq!(awa.change()["commit"], wanted);
}

#[test]
fn a_table_that_the_role_may_not_read_cannot_be_asked_for() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for tables in [
        json!(["secrets"]),
        json!(["ventes", "prescriptions"]),
        json!(["inconnue"]),
    ] {
        awa.refused(json!({"type": "subscribe", "tables": tables}), "forbidden");
    }
    let commit = write(&mut awa, "INSERT INTO lignes(texte) VALUES ('toujours')");
    awa.change_at(&commit);
    for tables in [json!("ventes"), json!(3), json!([1]), json!(null)] {
        awa.refused(json!({"type": "subscribe", "tables": tables}), "invalid_request");
    }
}

#[test]
fn commits_rise_by_one_with_each_transaction_that_changed_a_row() {
    let hub = Hub::start();
    let mut sockets = [hub.socket("awa"), hub.socket("binta")];
    let mut last = sockets[0].welcome["commit"].as_u64().unwrap();
    for n in 0..20 {
        let awa = &mut sockets[n % 2];
        assert_eq!(write(awa, "INSERT INTO lignes(texte) VALUES ('x')"), last + 1);
        last += 1;
        assert_eq!(write(awa, "UPDATE lignes SET texte = 'y' WHERE rowid = -1"), last);
        assert!(
            awa.query(
                "INSERT INTO ventes(produit_id, quantite) VALUES (1, 0)",
                json!([])
            )
            .is_err()
        );
    }
    for socket in &mut sockets {
        let seen: Vec<u64> = (0..20)
            .map(|_| socket.change()["commit"].as_u64().unwrap())
            .collect();
        assert_eq!(seen, (last - 19..=last).collect::<Vec<_>>());
    }
}

#[test]
fn concurrent_writers_make_one_order_that_all_see() {
    let hub = Hub::with().unthrottled().start();
    let mut watcher = hub.socket("caro");
    let token = hub.token("awa");
    let told: Vec<(u64, i64)> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|w| {
                let mut socket = hub.socket_with_token(&token, "tables=couples");
                scope.spawn(move || {
                    let ids: Vec<_> = (0..50)
                        .map(|n| {
                            let note = w * 1000 + n;
                            socket.send(query(
                                "INSERT INTO ventes(id, produit_id, quantite) VALUES (?, 1, 1)",
                                json!([note]),
                            ))
                        })
                        .collect();
                    ids.iter()
                        .enumerate()
                        .map(|(n, id)| {
                            (
                                socket.answer(id).unwrap()["commit"].as_u64().unwrap(),
                                w * 1000 + n as i64,
                            )
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    let mut told = told;
    told.sort_unstable();
    let seen: Vec<(u64, i64)> = (0..200)
        .map(|_| {
            let frame = watcher.change();
            (
                frame["commit"].as_u64().unwrap(),
                frame["changes"][0]["row"]["id"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        seen, told,
        "what the writers were told is what the watcher saw, in commit order"
    );
}

#[test]
fn a_change_by_another_program_comes_within_a_second_and_by_nobody() {
    let hub = Hub::start();
    let mut caro = hub.socket("caro");
    let db = hub.data_db();
    db.execute(
        "INSERT INTO ventes(id, produit_id, quantite) VALUES (77, 1, 3)",
        [],
    )
    .unwrap();
    let frame = within(
        Duration::from_millis(1500),
        "the change of another program",
        || {
            let _ = caro.frame(std::time::Instant::now() + Duration::from_millis(50));
            caro.changes().next().cloned()
        },
    );
    assert_eq!(frame["by"], json!(null));
    assert_eq!(frame["changes"][0]["row"]["id"], 77);
    let read = caro.query("SELECT id FROM ventes", json!([])).unwrap();
    assert_eq!(read["commit"], frame["commit"]);
}

#[test]
fn a_replace_by_another_program_shows_as_the_insert_and_by_a_session_as_both() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    write(&mut awa, "INSERT INTO couples VALUES ('a', 1, 'x')");
    write(&mut awa, "INSERT OR REPLACE INTO couples VALUES ('a', 1, 'y')");
    next(&mut awa);
    let last = next(&mut awa).pop().unwrap();
    assert_eq!(last["row"]["v"], "y", "the last word is the new row");
    hub.data_db()
        .execute("REPLACE INTO couples VALUES ('a', 1, 'z')", [])
        .unwrap();
    let changes = next(&mut awa);
    assert_eq!(
        (&changes[0]["op"], &changes[0]["row"]["v"]),
        (&json!("insert"), &json!("z"))
    );
}

#[test]
fn another_programs_writes_and_the_hubs_own_make_one_sequence() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let db = hub.data_db();
    let mut last = awa.welcome["commit"].as_u64().unwrap();
    for n in 0..5 {
        db.execute("INSERT INTO lignes(texte) VALUES ('dehors')", [])
            .unwrap();
        write(&mut awa, "INSERT INTO lignes(texte) VALUES ('dedans')");
        let mut authors = Vec::new();
        while authors.len() < 2 {
            let frame = awa.change();
            last += 1;
            assert_eq!(frame["commit"], last, "round {n}");
            authors.push(frame["by"].is_null());
        }
        authors.sort_unstable();
        assert_eq!(authors, [false, true], "round {n}");
    }
}

#[test]
fn a_refused_write_is_never_told() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    assert!(
        awa.query(
            "INSERT INTO ventes(produit_id, quantite) VALUES (1, 1), (1, 0)",
            json!([])
        )
        .is_err()
    );
    assert!(awa.rpc("sell", json!([4, 100])).is_err());
    let real = write(&mut awa, "INSERT INTO lignes(texte) VALUES ('vrai')");
    assert_eq!(awa.change()["commit"], real);
}

#[test]
fn a_write_over_http_is_told_without_a_session() {
    let hub = Hub::start();
    let mut caro = hub.socket("caro");
    hub.as_user("awa")
        .post(
            "/api/query",
            &json!({"query": "INSERT INTO ventes(produit_id, quantite) VALUES (1, 1)", "params": []}),
        )
        .ok();
    let change = caro.change();
    assert_eq!(change["by"]["username"], "awa");
    assert!(change["by"]["session"].is_null());
}
