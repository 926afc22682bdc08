//! Coming back with a cursor.

use serde_json::{Value, json};

use crate::support::{Hub, Socket, eventually};

fn line(socket: &mut Socket, text: &str) {
    socket
        .query("INSERT INTO lignes(texte) VALUES (?)", json!([text]))
        .unwrap();
}

/// Texts of the lines in the changes of a log, in order of arrival.
fn lines(socket: &Socket) -> Vec<String> {
    socket
        .changes()
        .flat_map(|f| f["changes"].as_array().unwrap())
        .filter(|c| c["table"] == "lignes")
        .map(|c| c["row"]["texte"].as_str().unwrap().to_owned())
        .collect()
}

fn since(hub: &Hub, user: &str, cursor: &str) -> Socket {
    hub.socket_at(user, &format!("since={cursor}"))
}

/// How the resumption ended.
fn outcome(socket: &mut Socket) -> Value {
    socket
        .try_event(|e| e["type"] == "caught_up" || e["type"] == "resync")
        .expect("caught_up or resync")
}

fn resync(socket: &mut Socket, reason: &str) {
    let event = outcome(socket);
    assert_eq!(
        (&event["type"], &event["reason"]),
        (&json!("resync"), &json!(reason))
    );
    assert!(event["cursor"].is_string());
}

#[test]
fn what_was_missed_is_replayed_once_and_in_order_and_then_it_is_live() {
    let hub = Hub::start();
    let away = hub.socket("awa");
    let cursor = away.cursor();
    drop(away);
    let mut binta = hub.socket("binta");
    for n in 0..30 {
        line(&mut binta, &n.to_string());
    }
    let mut back = since(&hub, "awa", &cursor);
    assert_eq!(
        back.welcome["cursor"], *cursor,
        "the stream starts at the cursor given"
    );
    let done = outcome(&mut back);
    assert_eq!(
        (&done["type"], &done["replayed"]),
        (&json!("caught_up"), &json!(30))
    );
    assert!(done["cursor"].is_string());
    line(&mut binta, "vif");
    back.change();
    while lines(&back).len() < 31 {
        back.change();
    }
    let wanted: Vec<String> = (0..30).map(|n| n.to_string()).chain(["vif".into()]).collect();
    assert_eq!(lines(&back), wanted);
}

#[test]
fn a_cursor_at_the_head_has_nothing_to_replay() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    line(&mut awa, "vu");
    awa.change();
    let mut back = since(&hub, "awa", &awa.cursor());
    let done = outcome(&mut back);
    assert_eq!(
        (&done["type"], &done["replayed"]),
        (&json!("caught_up"), &json!(0))
    );
}

#[test]
fn any_cursor_on_the_way_resumes_right_after_it() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for n in 0..10 {
        line(&mut awa, &n.to_string());
    }
    let cursors: Vec<String> = (0..10)
        .map(|_| awa.change()["cursor"].as_str().unwrap().to_owned())
        .collect();
    for (n, cursor) in cursors.iter().enumerate() {
        let mut back = since(&hub, "awa", cursor);
        assert_eq!(outcome(&mut back)["replayed"], 9 - n);
        assert_eq!(
            lines(&back),
            (n + 1..10).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }
}

#[test]
fn the_cursor_of_a_pong_and_of_caught_up_resume_too() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    line(&mut awa, "vu");
    awa.change();
    let pong = awa.ping()["cursor"].as_str().unwrap().to_owned();
    line(&mut awa, "manqué");
    let mut back = since(&hub, "awa", &pong);
    let done = outcome(&mut back);
    assert_eq!(lines(&back), ["manqué"]);
    let mut again = since(&hub, "awa", done["cursor"].as_str().unwrap());
    assert_eq!(outcome(&mut again)["replayed"], 0);
}

#[test]
fn a_cursor_outlives_a_stop_and_a_kill() {
    let mut hub = Hub::start();
    let mut awa = hub.socket("awa");
    let cursor = awa.cursor();
    line(&mut awa, "avant l'arrêt");
    drop(awa);
    hub.stop();
    hub.restart();
    let mut awa = hub.socket("awa");
    line(&mut awa, "avant la mort");
    drop(awa);
    hub.kill();
    hub.restart();
    let mut back = since(&hub, "awa", &cursor);
    assert_eq!(outcome(&mut back)["type"], "caught_up");
    assert_eq!(lines(&back), ["avant l'arrêt", "avant la mort"]);
}

#[test]
fn changes_made_by_another_program_while_the_hub_was_down_are_replayed() {
    let mut hub = Hub::start();
    let cursor = hub.socket("awa").cursor();
    hub.stop();
    hub.data_db()
        .execute("INSERT INTO lignes VALUES ('la nuit')", [])
        .unwrap();
    hub.restart();
    let mut back = since(&hub, "awa", &cursor);
    outcome(&mut back);
    while lines(&back).is_empty() {
        back.change();
    }
    assert_eq!(lines(&back), ["la nuit"]);
    assert_eq!(back.changes().next().unwrap()["by"], json!(null));
}

#[test]
fn a_replay_holds_only_what_the_user_may_see_now() {
    let hub = Hub::start();
    let cursor = hub.socket("awa").cursor();
    let mut admin = hub.socket("admin");
    for sql in [
        "UPDATE secrets SET valeur = 'caché'",
        "UPDATE produits SET prix_achat = 1",
        "UPDATE produits SET prix = 10 WHERE id = 1",
        "INSERT INTO prescriptions(patient_id, texte) VALUES (1, 'cachée')",
    ] {
        admin.query(sql, json!([])).unwrap();
    }
    let mut back = since(&hub, "awa", &cursor);
    assert_eq!(outcome(&mut back)["replayed"], 1);
    let only = back.changes().next().unwrap().clone();
    assert_eq!(only["changes"].as_array().unwrap().len(), 1);
    assert!(only["changes"][0]["row"].get("prix_achat").is_none());
}

#[test]
fn a_replay_includes_ones_own_changes_in_spite_of_echo_false() {
    let hub = Hub::start();
    let token = hub.token("awa");
    let mut quiet = hub.socket_with_token(&token, "echo=false");
    let cursor = quiet.cursor();
    line(&mut quiet, "à moi");
    drop(quiet);
    let mut back = hub.socket_with_token(&token, &format!("echo=false&since={cursor}"));
    assert_eq!(outcome(&mut back)["replayed"], 1);
    assert_eq!(lines(&back), ["à moi"]);
}

#[test]
fn a_replay_is_narrowed_by_tables() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let cursor = awa.cursor();
    line(&mut awa, "non");
    awa.rpc("sell", json!([1])).unwrap();
    let mut back = hub.socket_at("awa", &format!("tables=ventes&since={cursor}"));
    assert_eq!(outcome(&mut back)["replayed"], 1);
    let changes = &back.changes().next().unwrap()["changes"];
    assert_eq!(changes.as_array().unwrap().len(), 1);
    assert_eq!(changes[0]["table"], "ventes");
}

#[test]
fn a_large_commit_is_replayed_as_truncated() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let cursor = awa.cursor();
    awa.query(
        "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 1500) INSERT INTO lignes SELECT n FROM c",
        json!([]),
    )
    .unwrap();
    let mut back = since(&hub, "awa", &cursor);
    assert_eq!(outcome(&mut back)["replayed"], 1);
    let frame = back.changes().next().unwrap();
    assert_eq!(
        (&frame["truncated"], &frame["tables"]),
        (&json!(true), &json!(["lignes"]))
    );
}

#[test]
fn nothing_is_lost_or_doubled_by_reconnecting_while_others_write() {
    let hub = Hub::with().unthrottled().start();
    let token = hub.token("awa");
    let mut first = hub.socket_with_token(&token, "");
    let mut cursor = first.cursor();
    let mut seen = Vec::new();
    let total = 400;
    std::thread::scope(|scope| {
        let mut writer = hub.socket("binta");
        scope.spawn(move || {
            for n in 0..total {
                line(&mut writer, &n.to_string());
            }
        });
        let mut reader = &mut first;
        let mut next;
        loop {
            for _ in 0..25 {
                if seen.len() + lines(reader).len() < total {
                    reader.change();
                }
            }
            cursor = reader.cursor();
            seen.extend(lines(reader));
            if seen.len() >= total {
                break;
            }
            next = hub.socket_with_token(&token, &format!("since={cursor}"));
            reader = &mut next;
        }
    });
    assert_eq!(seen, (0..total).map(|n| n.to_string()).collect::<Vec<_>>());
    let mut end = hub.socket_with_token(&token, &format!("since={cursor}"));
    assert_eq!(outcome(&mut end)["replayed"], 0);
}

#[test]
fn a_replay_much_larger_than_the_outbox_does_not_close_the_socket() {
    let hub = Hub::with()
        .unthrottled()
        .env("LIMITS__OUTBOX_BYTES", 65_536)
        .start();
    let mut binta = hub.socket_at("binta", "tables=ventes");
    let cursor = binta.cursor();
    let text = "x".repeat(10_000);
    for _ in 0..300 {
        line(&mut binta, &text);
    }
    let mut back = since(&hub, "awa", &cursor);
    let done = outcome(&mut back);
    assert_eq!(
        (&done["type"], &done["replayed"]),
        (&json!("caught_up"), &json!(300))
    );
    assert_eq!(lines(&back).len(), 300);
}

#[test]
fn a_malformed_cursor_or_one_of_another_hub_is_unknown() {
    let hub = Hub::start();
    let other = Hub::start();
    let foreign = other.socket("awa").cursor();
    for cursor in ["n-importe-quoi", "0", &foreign] {
        let mut back = since(&hub, "awa", cursor);
        resync(&mut back, "unknown");
        let commit = {
            line(&mut back, "vif");
            back.change()["commit"].clone()
        };
        assert!(commit.is_u64(), "live after a resync");
    }
}

#[test]
fn a_cursor_older_than_what_is_kept_is_expired() {
    let mut hub = Hub::with().env("CHANGES__RETENTION_ROWS", 10).start();
    let mut awa = hub.socket("awa");
    let cursor = awa.cursor();
    for n in 0..200 {
        line(&mut awa, &n.to_string());
    }
    drop(awa);
    hub.stop();
    hub.restart();
    let token = hub.token("awa");
    let event = eventually("the old changes are trimmed", || {
        let mut back = hub.socket_with_token(&token, &format!("since={cursor}"));
        let event = outcome(&mut back);
        (event["type"] == "resync").then_some(event)
    });
    assert_eq!(event["reason"], "expired");
    let mut back = hub.socket_with_token(&token, &format!("since={}", event["cursor"].as_str().unwrap()));
    assert_eq!(outcome(&mut back)["type"], "caught_up");
}

#[test]
fn a_cursor_from_before_a_change_of_role_asks_to_start_anew() {
    let hub = Hub::start();
    let cursor = hub.socket("awa").cursor();
    hub.cli(&["user", "role", "awa", "caisse"]).succeeded();
    let mut back = eventually("the new role holds", || {
        let socket = since(&hub, "awa", &cursor);
        (socket.welcome["user"]["role"] == "caisse").then_some(socket)
    });
    resync(&mut back, "rights");
}

#[test]
fn a_restored_backup_is_a_new_epoch_and_old_cursors_are_unknown() {
    let mut hub = Hub::start();
    let backup = tempfile::TempDir::new().unwrap();
    let mut awa = hub.socket("awa");
    line(&mut awa, "gardé");
    let made = hub.backup(backup.path());
    line(&mut awa, "perdu");
    awa.change();
    awa.change();
    let (cursor, epoch) = (awa.cursor(), awa.welcome["epoch"].clone());
    drop(awa);
    hub.stop();
    hub.cli(&["restore", made.to_str().unwrap()]).succeeded();
    hub.restart();
    let mut back = since(&hub, "awa", &cursor);
    assert_ne!(back.welcome["epoch"], epoch);
    resync(&mut back, "unknown");
    assert_eq!(
        back.rows("SELECT texte FROM lignes", json!([])),
        [json!(["gardé"])]
    );
}
