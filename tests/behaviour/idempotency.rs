//! A retried write happens once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Hub, Socket, eventually, socket::query, unique, within};

fn keyed(key: &str, text: &str) -> Value {
    json!({"type": "query", "query": "INSERT INTO lignes(texte) VALUES (?) RETURNING texte",
           "params": [text], "idempotency_key": key})
}

fn count(socket: &mut Socket) -> Value {
    socket.value("SELECT count(*) FROM lignes", json!([]))
}

/// A result without what names this very answer.
fn bare(mut result: Value) -> Value {
    let members = result.as_object_mut().unwrap();
    members.remove("id");
    members.remove("duplicate");
    result
}

#[test]
fn a_retry_runs_nothing_and_gets_the_first_answer() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let key = unique("k");
    let first = awa.request(keyed(&key, "une")).unwrap();
    assert!(first.get("duplicate").is_none_or(|d| d == false));
    awa.query("INSERT INTO lignes(texte) VALUES ('entre')", json!([]))
        .unwrap();
    let again = awa.request(keyed(&key, "une")).unwrap();
    assert_eq!(again["duplicate"], true);
    assert_eq!(bare(again), bare(first));
    assert_eq!(count(&mut awa), 2);
}

#[test]
fn a_retry_after_a_kill_is_answered_from_the_disk() {
    let mut hub = Hub::start();
    let key = unique("k");
    let first = hub.socket("awa").request(keyed(&key, "une")).unwrap();
    hub.kill();
    hub.restart();
    let mut awa = hub.socket("awa");
    let again = awa.request(keyed(&key, "une")).unwrap();
    assert_eq!(again["duplicate"], true);
    assert_eq!(bare(again), bare(first));
    assert_eq!(count(&mut awa), 1);
}

#[test]
fn a_retry_beside_the_running_first_waits_for_it() {
    let hub = Hub::start();
    let (mut one, mut two) = (hub.socket("awa"), hub.socket("awa"));
    let frame = json!({"type": "rpc", "function": "slowLine", "args": ["lente", 1_500_000], "idempotency_key": "lente"});
    let first = one.send(frame.clone());
    let second = two.send(frame);
    let (first, second) = (one.answer(&first).unwrap(), two.answer(&second).unwrap());
    let duplicates = [&first, &second]
        .iter()
        .filter(|r| r["duplicate"] == true)
        .count();
    assert_eq!(duplicates, 1, "one of the two ran");
    assert_eq!(bare(first), bare(second));
    assert_eq!(count(&mut one), 1);
}

#[test]
fn many_retries_at_once_happen_once() {
    let hub = Hub::start();
    let mut sockets: Vec<Socket> = (0..6).map(|_| hub.socket("awa")).collect();
    for round in 0..10 {
        let key = unique("tous");
        let ids: Vec<Value> = sockets.iter_mut().map(|s| s.send(keyed(&key, "tous"))).collect();
        let answers: Vec<Value> = sockets
            .iter_mut()
            .zip(&ids)
            .map(|(s, id)| s.answer(id).unwrap())
            .collect();
        assert_eq!(answers.iter().filter(|a| a["duplicate"] != true).count(), 1);
        assert_eq!(count(&mut sockets[0]), round + 1);
    }
}

#[test]
fn a_pipelined_retry_of_the_same_session_is_a_duplicate() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let ids: Vec<Value> = (0..10).map(|_| awa.send(keyed("même", "x"))).collect();
    let duplicates = ids
        .iter()
        .filter(|id| awa.answer(id).unwrap()["duplicate"] == true)
        .count();
    assert_eq!(duplicates, 9);
    assert_eq!(count(&mut awa), 1);
}

#[test]
fn another_body_under_the_same_key_is_a_conflict() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    awa.request(keyed("clé", "une")).unwrap();
    awa.refused(keyed("clé", "autre"), "conflict");
    awa.refused(
        json!({"type": "rpc", "function": "sell", "args": [1], "idempotency_key": "clé"}),
        "conflict",
    );
    assert_eq!(count(&mut awa), 1);
}

#[test]
fn keys_belong_to_a_user_on_whatever_session() {
    let hub = Hub::start();
    let (mut awa, mut twin, mut binta) = (hub.socket("awa"), hub.socket("awa"), hub.socket("binta"));
    awa.request(keyed("commune", "x")).unwrap();
    assert_eq!(twin.request(keyed("commune", "x")).unwrap()["duplicate"], true);
    assert_ne!(binta.request(keyed("commune", "y")).unwrap()["duplicate"], true);
    assert_eq!(count(&mut awa), 2);
}

#[test]
fn an_error_is_not_stored() {
    let hub = Hub::start();
    let (mut awa, mut caro) = (hub.socket("awa"), hub.socket("caro"));
    let sale = json!({"type": "rpc", "function": "sell", "args": [4, 6], "idempotency_key": "six"});
    awa.refused(sale.clone(), "precondition_failed");
    caro.rpc("restock", json!([4, 10])).unwrap();
    let sold = awa.request(sale.clone()).unwrap();
    assert_ne!(sold["duplicate"], true);
    assert_eq!(sold["data"]["stock"], 9);
    assert_eq!(awa.request(sale).unwrap()["data"]["stock"], 9);
}

#[test]
fn batches_and_functions_have_keys_too() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    for frame in [
        json!({"type": "batch", "idempotency_key": "lot", "statements": [
            {"query": "INSERT INTO lignes(texte) VALUES ('a')"}, {"query": "INSERT INTO lignes(texte) VALUES ('b')"}]}),
        json!({"type": "rpc", "function": "sell", "args": [1], "idempotency_key": "vente"}),
    ] {
        let first = awa.request(frame.clone()).unwrap();
        let again = awa.request(frame).unwrap();
        assert_eq!(again["duplicate"], true);
        assert_eq!(bare(again), bare(first));
    }
    assert_eq!(count(&mut awa), 3);
}

#[test]
fn rows_over_64_kib_are_left_out_of_a_duplicate() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    let frame = json!({"type": "query", "idempotency_key": "grand",
        "query": "INSERT INTO lignes(texte) VALUES (hex(zeroblob(50000))) RETURNING texte", "params": []});
    let first = awa.request(frame.clone()).unwrap();
    assert_eq!(first["rows"][0][0].as_str().unwrap().len(), 100_000);
    let again = awa.request(frame).unwrap();
    assert_eq!(
        (&again["duplicate"], &again["rows_affected"]),
        (&json!(true), &json!(1))
    );
    assert!(again["rows"].as_array().is_none_or(Vec::is_empty));
    assert_eq!(again["commit"], first["commit"]);
}

#[test]
fn a_key_is_forgotten_after_its_time() {
    let hub = Hub::with().env("IDEMPOTENCY__TTL_S", 1).start();
    let mut awa = hub.socket("awa");
    awa.request(keyed("courte", "x")).unwrap();
    eventually("the key is forgotten", || {
        (awa.request(keyed("courte", "x")).unwrap()["duplicate"] != true).then_some(())
    });
    assert_eq!(count(&mut awa), 2);
}

#[test]
fn the_header_is_a_key_and_wins_over_the_field() {
    let hub = Hub::start();
    let awa = hub.as_user("awa");
    let body = |field: &str| json!({"query": "INSERT INTO lignes(texte) VALUES ('http')", "params": [], "idempotency_key": field});
    let with_key = awa.clone().header("idempotency-key", "entete");
    let first = with_key.post("/api/query", &body("a")).ok();
    let again = with_key.post("/api/query", &body("b")).ok();
    assert_eq!(again["duplicate"], true);
    assert_eq!(again["commit"], first["commit"]);
    assert_eq!(count(&mut hub.socket("awa")), 1);
    // One store of keys for both ways in.
    let mut socket = hub.socket("awa");
    socket.refused(keyed("entete", "autre"), "conflict");
}

#[test]
fn a_key_that_is_no_text_is_an_invalid_request() {
    let hub = Hub::start();
    let mut awa = hub.socket("awa");
    awa.refused(
        json!({"type": "query", "query": "SELECT 1", "idempotency_key": 5}),
        "invalid_request",
    );
}

#[test]
fn a_key_is_forgotten_soon_after_its_time() {
    let hub = Hub::with().env("IDEMPOTENCY__TTL_S", 1).start();
    let mut awa = hub.socket("awa");
    let mut insert = query("INSERT INTO valeurs(v) VALUES (1) RETURNING id", json!([]));
    insert["idempotency_key"] = json!("bref");
    let first = awa.request(insert.clone()).unwrap();
    assert_eq!(awa.request(insert.clone()).unwrap()["duplicate"], true);
    let again = within(Duration::from_secs(3), "the key is forgotten", || {
        let again = awa.request(insert.clone()).unwrap();
        again.get("duplicate").is_none().then_some(again)
    });
    assert_ne!(again["rows"], first["rows"]);
}
