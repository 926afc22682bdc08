//! The main job, as a user would tell it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Gone, Hub, Socket, socket::query};

fn insert(note: &str) -> Value {
    query(
        "INSERT INTO ventes(vendeur_id, produit_id, quantite, note) VALUES (2, 1, 1, ?)",
        json!([note]),
    )
}

/// Notes of inserted sales among the data changes of a log, in order.
fn sales_in(socket: &Socket) -> Vec<String> {
    socket
        .changes()
        .flat_map(|frame| frame["changes"].as_array().cloned().unwrap_or_default())
        .filter(|change| change["table"] == "ventes" && change["op"] == "insert")
        .map(|change| change["row"]["note"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_sale_made_at_one_terminal_is_seen_at_the_other() {
    let hub = Hub::start();
    let mut cashier = hub.socket("caro");
    let mut seller = hub.socket("awa");
    let result = seller.request(insert("première")).unwrap();
    let change = cashier.change();
    assert_eq!(change["commit"], result["commit"]);
    assert_eq!(change["by"]["username"], "awa");
    assert_eq!(change["by"]["session"], seller.session());
    assert_eq!(change["changes"][0]["table"], "ventes");
    assert_eq!(change["changes"][0]["row"]["note"], "première");
}

#[test]
fn every_sale_answered_before_a_kill_is_there_once_on_both_terminals_after_it() {
    let mut hub = Hub::start();
    let (cashier_token, seller_token) = (hub.token("caro"), hub.token("awa"));
    let mut cashier = hub.socket_with_token(&cashier_token, "");
    let mut seller = hub.socket_with_token(&seller_token, "");

    // A hundred sales are on their way; the hub dies when forty have been answered.
    let ids: Vec<Value> = (0..100)
        .map(|n| seller.send(insert(&format!("vente {n}"))))
        .collect();
    let mut answered = Vec::new();
    for (n, id) in ids.iter().take(40).enumerate() {
        seller.answer(id).unwrap();
        answered.push(format!("vente {n}"));
    }
    hub.kill();
    for (n, id) in ids.iter().enumerate().skip(40) {
        match seller.try_answer(id) {
            Ok(answer) => {
                answer.unwrap();
                answered.push(format!("vente {n}"));
            }
            Err(Gone::Lost | Gone::Closed(..)) => break,
            Err(Gone::Late) => panic!("a killed hub leaves its sockets open"),
        }
    }
    cashier.read_to_the_end();

    let began = Instant::now();
    hub.restart();
    let back = began.elapsed();
    assert!(back < Duration::from_secs(5), "the hub was away for {back:?}");

    // The same login goes on: sessions and secrets outlive the process.
    let resume = |old: &Socket, token: &str| {
        let mut new = hub.socket_with_token(token, &format!("since={}", old.cursor()));
        assert_eq!(new.welcome["epoch"], old.welcome["epoch"]);
        let done = new
            .try_event(|e| e["type"] == "caught_up" || e["type"] == "resync")
            .unwrap();
        assert_eq!(done["type"], "caught_up", "{done}");
        new
    };
    let cashier_again = resume(&cashier, &cashier_token);
    let mut seller_again = resume(&seller, &seller_token);

    let stored: Vec<String> = seller_again
        .rows("SELECT note FROM ventes ORDER BY id", json!([]))
        .iter()
        .map(|row| row[0].as_str().unwrap().to_owned())
        .collect();
    for note in &answered {
        assert!(stored.contains(note), "{note} was answered and is gone");
    }
    let seen = |before: &Socket, after: &Socket| [sales_in(before), sales_in(after)].concat();
    assert_eq!(
        seen(&cashier, &cashier_again),
        stored,
        "the cashier saw each sale once, in order"
    );
    assert_eq!(
        seen(&seller, &seller_again),
        stored,
        "the seller saw each sale once, in order"
    );
}

#[test]
fn a_hub_that_is_started_in_the_moment_the_last_one_is_killed_takes_over() {
    let mut hub = Hub::start();
    let token = hub.token("awa");
    for round in 0..5 {
        // Many sockets: the dying process has something to close.
        let mut sockets: Vec<Socket> = (0..50).map(|_| hub.socket_with_token(&token, "")).collect();
        sockets[0].request(insert(&format!("ronde {round}"))).unwrap();
        hub.kill_and_restart_at_once();
    }
    let sales: i64 = hub
        .data_db()
        .query_row(
            "SELECT count(*) FROM ventes WHERE note LIKE 'ronde %'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(sales, 5);
}
