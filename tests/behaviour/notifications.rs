//! Notifications: the pack's rules, `notify`, lists and read states, over real sockets.

use std::{
    collections::HashMap,
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::support::{Hub, Socket, eventually, hub::Setup};

fn setup() -> Setup {
    Hub::with()
        .app(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/notices"))
        .unthrottled()
}

fn start() -> Hub {
    setup().start()
}

/// A prescription for `pat` (user 4); the commit.
fn prescribe(doc: &mut Socket, id: i64) -> Value {
    doc.query(
        "INSERT INTO prescriptions(id, numero, patient_id, note) VALUES (?, ?, 4, 'à jeun')",
        json!([id, format!("P{id}")]),
    )
    .unwrap()["commit"]
        .clone()
}

fn set_status(doc: &mut Socket, id: i64, status: &str) {
    doc.query(
        "UPDATE prescriptions SET statut = ? WHERE id = ?",
        json!([status, id]),
    )
    .unwrap();
}

fn list(socket: &mut Socket) -> Value {
    socket
        .request(json!({"type": "notifications", "limit": 200}))
        .unwrap()
}

fn titles(list: &Value) -> Vec<String> {
    let all = list["notifications"].as_array().unwrap();
    all.iter()
        .map(|one| one["title"].as_str().unwrap().to_owned())
        .collect()
}

/// Waits until this user's list is so long.
fn listed(socket: &mut Socket, count: usize) -> Value {
    eventually("the notifications are there", || {
        let list = list(socket);
        (list["notifications"].as_array().unwrap().len() == count).then_some(list)
    })
}

fn unread(socket: &mut Socket, count: i64) {
    socket
        .try_event(|event| event["type"] == "unread" && event["notifications"] == count)
        .unwrap_or_else(|gone| panic!("no count of {count}: {gone:?}"));
}

/// Notifications that came over the socket so far.
fn heard(socket: &Socket) -> Vec<&Value> {
    socket
        .log
        .iter()
        .filter(|frame| frame["type"] == "notification")
        .collect()
}

fn mark(socket: &mut Socket, ids: Value) -> Value {
    socket
        .request(json!({"type": "mark_notifications_read", "ids": ids}))
        .unwrap()["unread"]
        .clone()
}

#[test]
fn a_rule_tells_the_right_people_in_their_languages_within_milliseconds() {
    let hub = start();
    let (mut doc, mut pia, mut paul) = (hub.socket("doc"), hub.socket("pia"), hub.socket("paul"));
    let (mut took, mut wrote) = (Vec::new(), Vec::new());
    for id in 1..=20 {
        let asked = Instant::now();
        let commit = prescribe(&mut doc, id);
        let committed = Instant::now();
        wrote.push(committed - asked);
        let told = pia.event("notification");
        took.push(committed.elapsed());
        assert!(commit.is_u64());
        assert_eq!(told["event"], "new_prescription");
        assert_eq!(told["title"], format!("New prescription P{id}"));
        assert_eq!(
            (&told["body"], &told["data"]),
            (&json!("à jeun"), &json!({"prescription_id": id}))
        );
        assert_eq!((&told["count"], &told["read"]), (&json!(1), &json!(false)));
        assert!(told["cursor"].is_string() && told["id"].is_i64() && told["created_at"].is_string());
    }
    took.sort();
    wrote.sort();
    // Where the machine has no time for a write it has none for what follows it.
    let goal = Duration::from_millis(50).max(wrote[10] * 5);
    assert!(took[10] < goal, "{took:?}, writes {wrote:?}");
    let told = paul.event("notification");
    assert_eq!(told["title"], "وصفة جديدة P1");
    unread(&mut paul, 20);
    assert!(heard(&doc).is_empty());
}

#[test]
fn rules_watch_inserts_updates_of_columns_and_deletes_under_a_condition() {
    let hub = start();
    let (mut doc, mut pat) = (hub.socket("doc"), hub.socket("pat"));
    prescribe(&mut doc, 1);
    doc.query("UPDATE prescriptions SET note = 'x'", json!([]))
        .unwrap();
    set_status(&mut doc, 1, "brouillon");
    set_status(&mut doc, 1, "signée");
    let told = pat.event("notification");
    assert_eq!(told["event"], "prescription_status_changed");
    assert_eq!(
        (&told["title"], &told["body"]),
        (&json!("Ordonnance signée"), &json!("N° P1"))
    );
    doc.query("DELETE FROM prescriptions", json!([])).unwrap();
    assert_eq!(pat.event("notification")["event"], "prescription_deleted");
    for sql in [
        "INSERT INTO demandes VALUES (1, 4, 1, 'ouverte')",
        "UPDATE demandes SET statut = 'acceptée'",
        "INSERT INTO dossiers VALUES (1, 4, 'Bilan')",
        "UPDATE dossiers SET titre = 'Bilan 2'",
    ] {
        doc.query(sql, json!([])).unwrap();
    }
    assert_eq!(pat.event("notification")["event"], "new_access_request");
    assert_eq!(pat.event("notification")["event"], "medical_record_updated");
    assert_eq!(
        doc.event("notification")["event"],
        "access_request_status_changed"
    );
    // The room of everyone is without the external roles.
    assert_eq!(doc.event("notification")["event"], "notification");
    assert_eq!(heard(&pat).len(), 4);
}

#[test]
fn whom_it_does_not_concern_hears_nothing_by_any_path() {
    let hub = start();
    let (mut doc, mut pat, mut zoe) = (hub.socket("doc"), hub.socket("pat"), hub.socket("zoe"));
    let cursor = zoe.cursor();
    prescribe(&mut doc, 1);
    set_status(&mut doc, 1, "signée");
    let his = pat.event("notification")["id"].clone();
    zoe.ping();
    assert!(heard(&zoe).is_empty());
    assert_eq!(list(&mut zoe)["notifications"], json!([]));
    assert_eq!(list(&mut zoe)["unread"], 0);
    for frame in [
        json!({"type": "mark_notifications_read", "ids": [his]}),
        json!({"type": "mark_notifications_read", "ids": [his.as_i64().unwrap() + 1000]}),
    ] {
        zoe.refused(frame, "not_found");
    }
    assert_eq!(mark(&mut zoe, json!("all")), 0);
    let mut back = hub.socket_at("zoe", &format!("since={cursor}"));
    back.try_event(|e| e["type"] == "caught_up").unwrap();
    assert!(heard(&back).is_empty());
    let over_http = hub
        .as_user("zoe")
        .post("/api/request", &json!({"type": "notifications"}));
    assert_eq!(over_http.ok()["notifications"], json!([]));
    assert_eq!(list(&mut pat)["unread"], 1, "his is still unread");
}

#[test]
fn an_unread_one_with_the_same_key_is_replaced_and_sent_again() {
    let hub = start();
    let (mut doc, mut pat) = (hub.socket("doc"), hub.socket("pat"));
    prescribe(&mut doc, 1);
    set_status(&mut doc, 1, "signée");
    let first = pat.event("notification");
    set_status(&mut doc, 1, "prête");
    let again = pat.event("notification");
    assert_eq!((&again["id"], &again["count"]), (&first["id"], &json!(2)));
    assert_eq!(again["title"], "Ordonnance prête");
    assert_ne!(again["cursor"], first["cursor"]);
    assert_eq!(listed(&mut pat, 1)["unread"], 1);
    assert_eq!(mark(&mut pat, json!([first["id"]])), 0);
    set_status(&mut doc, 1, "livrée");
    let fresh = pat.event("notification");
    assert_ne!(fresh["id"], first["id"], "what was read is not replaced");
    assert_eq!(fresh["count"], 1);
    // In a replay it comes once, as it is now.
    set_status(&mut doc, 1, "archivée");
    assert_eq!(pat.event("notification")["count"], 2);
    let mut back = hub.socket_at(
        "pat",
        &format!("since={}", pat.welcome["cursor"].as_str().unwrap()),
    );
    back.try_event(|e| e["type"] == "caught_up").unwrap();
    let shown: Vec<_> = heard(&back)
        .iter()
        .map(|one| (one["id"].clone(), one["count"].clone(), one["read"].clone()))
        .collect();
    assert_eq!(
        shown,
        [
            (first["id"].clone(), json!(2), json!(true)),
            (fresh["id"].clone(), json!(2), json!(false))
        ]
    );
}

#[test]
fn the_absent_find_theirs_in_the_list_and_by_their_cursor() {
    let hub = start();
    let away = hub.socket("pia");
    let cursor = away.cursor();
    drop(away);
    let mut doc = hub.socket("doc");
    for id in 1..=5 {
        prescribe(&mut doc, id);
    }
    let mut paul = hub.socket("paul");
    listed(&mut paul, 5);
    let mut back = hub.socket_at("pia", &format!("since={cursor}"));
    assert_eq!(back.welcome["unread_notifications"], 5);
    let done = back.try_event(|e| e["type"] == "caught_up").unwrap();
    assert_eq!(done["replayed"], 10, "five changes and five notifications");
    let titles: Vec<_> = heard(&back).iter().map(|one| one["title"].clone()).collect();
    assert_eq!(
        titles,
        (1..=5)
            .map(|n| json!(format!("New prescription P{n}")))
            .collect::<Vec<_>>()
    );
    let fresh = hub.socket("pia");
    assert_eq!(fresh.welcome["unread_notifications"], 5);
    let page = back
        .request(json!({"type": "notifications", "after": heard(&back)[1]["id"], "limit": 2}))
        .unwrap();
    assert_eq!(
        (
            page["notifications"][0]["title"].clone(),
            page["has_more"].clone()
        ),
        (titles[2].clone(), json!(true))
    );
    back.refused(json!({"type": "notifications", "limit": 0}), "invalid_request");
}

#[test]
fn a_role_means_those_who_had_it_at_that_commit() {
    let hub = start();
    let mut doc = hub.socket("doc");
    prescribe(&mut doc, 1);
    hub.cli(&["user", "role", "pia", "medecin"]).succeeded();
    // Once the new role holds, the mirror that rules read is being changed.
    eventually("the role is changed", || {
        (hub.login("pia")["user"]["role"] == "medecin").then_some(())
    });
    let db = hub.data_db();
    eventually("the mirror is changed", || {
        let role: String = db
            .query_row(
                "SELECT role FROM _comptoir_user WHERE username = 'pia'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        (role == "medecin").then_some(())
    });
    prescribe(&mut doc, 2);
    let (mut pia, mut paul) = (hub.socket("pia"), hub.socket("paul"));
    listed(&mut paul, 2);
    let hers = list(&mut pia);
    assert_eq!(hers["notifications"].as_array().unwrap().len(), 1);
    assert_eq!(hers["notifications"][0]["title"], "New prescription P1");
}

#[test]
fn a_rule_that_fails_never_fails_a_sale() {
    let hub = start();
    let (mut doc, mut pia) = (hub.socket("doc"), hub.socket("pia"));
    for total in [1, i64::MIN, 3] {
        let total = json!({"$int": total.to_string()});
        let sold = doc
            .query("INSERT INTO ventes(total, texte) VALUES (?, '{')", json!([total]))
            .unwrap();
        assert_eq!(sold["rows_affected"], 1);
    }
    let told: Vec<String> = (0..5)
        .map(|_| pia.event("notification")["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(told.iter().filter(|event| *event == "sale").count(), 3);
    assert_eq!(
        told.iter().filter(|event| *event == "overflow").count(),
        2,
        "{told:?}"
    );
    let log = hub.log();
    for wanted in [
        "notifications.toml",
        "malformed JSON",
        "integer overflow",
        "interrupted",
        "out of memory",
    ] {
        assert!(log.contains(wanted), "{wanted}");
    }
    let metrics = hub.as_user("admin").get("/metrics").text;
    assert!(metrics.contains("comptoir_rules_failed_total"), "{metrics}");
}

#[test]
fn what_another_program_writes_is_told_too() {
    let hub = start();
    let mut pia = hub.socket("pia");
    hub.data_db()
        .execute("INSERT INTO prescriptions(id, numero) VALUES (9, 'ailleurs')", [])
        .unwrap();
    assert_eq!(pia.event("notification")["title"], "New prescription ailleurs");
}

#[test]
fn what_is_read_on_one_socket_is_read_on_all() {
    let hub = start();
    let (mut doc, mut one, mut other) = (hub.socket("doc"), hub.socket("pia"), hub.socket("pia"));
    for id in 1..=3 {
        prescribe(&mut doc, id);
    }
    let ids: Vec<Value> = (0..3).map(|_| one.event("notification")["id"].clone()).collect();
    unread(&mut other, 3);
    assert_eq!(mark(&mut one, json!([ids[1]])), 2);
    unread(&mut other, 2);
    let shown = list(&mut other);
    let read: Vec<_> = shown["notifications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["read"].clone())
        .collect();
    assert_eq!(read, [false, true, false]);
    let all = one
        .request(json!({"type": "mark_notifications_read", "all": true}))
        .unwrap();
    assert_eq!(all["unread"], 0);
    unread(&mut other, 0);
    unread(&mut one, 0);
    assert_eq!(
        list(&mut hub.socket("paul"))["unread"],
        3,
        "another's read state is his own"
    );
}

#[test]
fn texts_follow_the_language_of_the_reader_when_he_changes_it() {
    let hub = start();
    let mut doc = hub.socket("doc");
    prescribe(&mut doc, 1);
    listed(&mut hub.socket("pia"), 1);
    let id = hub.login("pia")["user"]["id"].clone();
    hub.as_user("admin")
        .patch(&format!("/api/admin/users/{id}"), &json!({"lang": "fr"}))
        .ok();
    let mut pia = hub.socket("pia");
    assert_eq!(
        list(&mut pia)["notifications"][0]["title"],
        "Nouvelle ordonnance P1"
    );
    prescribe(&mut doc, 2);
    assert_eq!(pia.event("notification")["title"], "Nouvelle ordonnance P2");
}

#[test]
fn people_with_the_right_tell_whom_they_may_contact() {
    let hub = start();
    let (mut doc, mut pia, mut paul) = (hub.socket("doc"), hub.socket("pia"), hub.socket("paul"));
    let frame = |to: Value| {
        let mut frame =
            json!({"type": "notify", "event": "stock", "title": "Rupture", "body": "b", "data": {"n": 1}});
        frame
            .as_object_mut()
            .unwrap()
            .extend(to.as_object().unwrap().clone());
        frame
    };
    let (pia_id, pat_id) = (
        hub.login("pia")["user"]["id"].clone(),
        hub.login("pat")["user"]["id"].clone(),
    );
    assert_eq!(
        doc.request(frame(json!({"to_user": pia_id}))).unwrap()["notified"],
        1
    );
    let told = pia.event("notification");
    assert_eq!(
        (&told["event"], &told["title"], &told["data"]),
        (&json!("stock"), &json!("Rupture"), &json!({"n": 1}))
    );
    let to_role = json!({"to_role": "pharmacien", "dedup_key": "k"});
    assert_eq!(doc.request(frame(to_role.clone())).unwrap()["notified"], 2);
    assert_eq!(
        paul.event("notification")["count"],
        1,
        "it was not for him before"
    );
    doc.request(frame(to_role)).unwrap();
    assert_eq!(paul.event("notification")["count"], 2);
    let over_http = hub
        .as_user("doc")
        .post("/api/request", &frame(json!({"to_user": pia_id})));
    assert_eq!(over_http.ok()["notified"], 1);
    doc.refused(frame(json!({"to_user": pat_id})), "forbidden");
    doc.refused(frame(json!({"to_user": 12345})), "not_found");
    doc.refused(frame(json!({"to_role": "patient"})), "forbidden");
    doc.refused(frame(json!({"to_role": "ghost"})), "not_found");
    doc.refused(frame(json!({"to_room": 12345})), "not_found");
    doc.refused(frame(json!({})), "invalid_request");
    doc.refused(
        frame(json!({"to_user": pia_id, "to_role": "pharmacien"})),
        "invalid_request",
    );
    doc.refused(frame(json!({"to_user": pia_id, "data": [1]})), "invalid_request");
    doc.refused(
        frame(json!({"to_user": pia_id, "title": "x".repeat(400)})),
        "payload_too_large",
    );
    pia.refused(frame(json!({"to_role": "medecin"})), "forbidden");
    assert_eq!(list(&mut hub.socket("pat"))["notifications"], json!([]));
}

#[test]
fn a_room_means_those_who_are_in_it_when_they_are_told() {
    let hub = start();
    let (mut doc, mut pia, mut paul) = (hub.socket("doc"), hub.socket("pia"), hub.socket("paul"));
    let id = |name: &str| hub.login(name)["user"]["id"].clone();
    let made = doc
        .request(json!({"type": "create_room", "name": "Garde", "members": [id("pia")]}))
        .unwrap();
    let room = made["room"]["id"].clone();
    doc.query("INSERT INTO ventes(id, total) VALUES (1, 0)", json!([]))
        .unwrap();
    let tell = |doc: &mut Socket, text: &str| {
        doc.query(
            "UPDATE ventes SET total = ?, texte = ? WHERE id = 1",
            json!([room, text]),
        )
        .unwrap();
    };
    let hears = |socket: &mut Socket, title: &str| {
        socket
            .try_event(|e| e["type"] == "notification" && e["title"] == title)
            .unwrap_or_else(|gone| panic!("nothing of {title}: {gone:?}"))
    };
    tell(&mut doc, "rule");
    hears(&mut doc, "rule");
    hears(&mut pia, "rule");
    let frame = json!({"type": "notify", "to_room": room, "event": "e", "title": "by hand"});
    assert_eq!(doc.request(frame.clone()).unwrap()["notified"], 2);
    hears(&mut pia, "by hand");
    doc.request(json!({"type": "remove_member", "room": room, "user_id": id("pia")}))
        .unwrap();
    tell(&mut doc, "without her");
    hears(&mut doc, "without her");
    assert_eq!(doc.request(frame).unwrap()["notified"], 1);
    for socket in [&mut pia, &mut paul] {
        assert!(!titles(&list(socket)).contains(&"without her".to_owned()));
    }
}

#[test]
fn a_restored_hub_tells_nothing_twice_and_goes_on() {
    let mut hub = start();
    let mut doc = hub.socket("doc");
    for id in 1..=3 {
        prescribe(&mut doc, id);
    }
    listed(&mut hub.socket("pia"), 3);
    let home = tempfile::TempDir::new().unwrap();
    let archive = hub.backup(home.path());
    prescribe(&mut doc, 4);
    listed(&mut hub.socket("pia"), 4);
    hub.stop();
    hub.cli(&["restore", archive.to_str().unwrap()]).succeeded();
    hub.restart();
    let (mut doc, mut pia) = (hub.socket("doc"), hub.socket("pia"));
    assert_eq!(pia.welcome["unread_notifications"], 3);
    prescribe(&mut doc, 5);
    assert_eq!(pia.event("notification")["title"], "New prescription P5");
    assert_eq!(
        titles(&list(&mut pia)),
        [1, 2, 3, 5].map(|n| format!("New prescription P{n}"))
    );
}

#[test]
fn nobody_replaces_what_another_said_by_naming_its_key() {
    let hub = start();
    let (mut doc, mut pat) = (hub.socket("doc"), hub.socket("pia"));
    prescribe(&mut doc, 1);
    let key = "new_prescription:prescriptions:[1]:";
    let first = pat.event("notification");
    for key in [key.to_owned(), format!("rule:{key}")] {
        let frame =
            json!({"type": "notify", "to_role": "pharmacien", "event": "e", "title": "t", "dedup_key": key});
        doc.request(frame).unwrap();
        let told = pat.event("notification");
        assert_ne!(told["id"], first["id"]);
        assert_eq!(told["count"], 1);
    }
}

#[test]
fn the_oldest_go_past_the_most_and_all_go_past_their_time() {
    let hub = setup().env("NOTIFICATIONS__MAX_PER_USER", 3).start();
    let mut doc = hub.socket("doc");
    for id in 1..=8 {
        prescribe(&mut doc, id);
    }
    let mut pia = hub.socket("pia");
    eventually("only the newest are left", || {
        let list = list(&mut pia);
        let titles: Vec<_> = list["notifications"]
            .as_array()?
            .iter()
            .map(|one| &one["title"])
            .collect();
        (titles
            == [
                "New prescription P6",
                "New prescription P7",
                "New prescription P8",
            ]
            && list["unread"] == 3)
            .then_some(())
    });
    let hub = setup().env("NOTIFICATIONS__RETENTION_S", 1).start();
    let (mut doc, mut pia) = (hub.socket("doc"), hub.socket("pia"));
    prescribe(&mut doc, 1);
    unread(&mut pia, 1);
    unread(&mut pia, 0);
    assert_eq!(list(&mut pia)["notifications"], json!([]));
}

#[test]
fn kills_between_commit_and_copy_lose_nothing_and_double_nothing() {
    let mut hub = start();
    let next = AtomicI64::new(1);
    let mut answered: Vec<i64> = Vec::new();
    let mut titles: HashMap<String, i64> = HashMap::new();
    let mut cursor = hub.socket("pia").cursor();
    for round in 0..8 {
        let mut doc = hub.socket("doc");
        let mut pia = hub.socket_at("pia", &format!("since={cursor}"));
        // Many writes in flight; the hub dies after a different number of answers each time.
        let sent: Vec<(i64, Value)> = (0..40)
            .map(|_| {
                let id = next.fetch_add(1, Ordering::Relaxed);
                let sql = "INSERT INTO prescriptions(id, numero, patient_id) VALUES (?, ?, 4)";
                let frame = json!({"type": "query", "query": sql, "params": [id, format!("P{id}")]});
                (id, doc.send(frame))
            })
            .collect();
        for (id, request) in sent.iter().take(1 + round * 5) {
            doc.answer(request).unwrap();
            answered.push(*id);
        }
        hub.kill();
        pia.read_to_the_end();
        for one in heard(&pia) {
            *titles
                .entry(one["title"].as_str().unwrap().to_owned())
                .or_default() += 1;
            cursor = one["cursor"].as_str().unwrap().to_owned();
        }
        hub.restart();
    }
    // All rows that are there were told to her, each once: in the list, and over sockets that resumed.
    let mut doc = hub.socket("doc");
    let rows = doc.rows("SELECT numero FROM prescriptions ORDER BY id", json!([]));
    for id in &answered {
        assert!(
            rows.contains(&json!([format!("P{id}")])),
            "an answered write is there"
        );
    }
    let mut pia = hub.socket_at("pia", &format!("since={cursor}"));
    let wanted: Vec<String> = rows
        .iter()
        .map(|row| format!("New prescription {}", row[0].as_str().unwrap()))
        .collect();
    let stored = eventually("all are told", || {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.last().map_or(json!(0), |one| one["id"].clone());
            let page = pia
                .request(json!({"type": "notifications", "after": after, "limit": 200}))
                .unwrap();
            all.extend(page["notifications"].as_array()?.iter().cloned());
            if page["has_more"] == false {
                break;
            }
        }
        (all.len() >= wanted.len()).then_some(all)
    });
    let stored: Vec<_> = stored
        .iter()
        .map(|one| {
            assert_eq!(one["count"], 1, "{one}");
            one["title"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(stored, wanted, "each once, in the order of the commits");
    // An answer may come in the midst of a replay; only this says that it is over.
    pia.event("caught_up");
    pia.ping();
    for one in heard(&pia) {
        *titles
            .entry(one["title"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    assert_eq!(titles.len(), wanted.len());
    assert!(
        titles.values().all(|n| *n == 1),
        "each was heard once: {titles:?}"
    );
    hub.stop();
    hub.cli(&["check"]).succeeded();
}
