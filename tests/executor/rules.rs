//! Notification rules: what they say is in the outbox with the change, and what fails in them never fails the write.

use std::time::Instant;

use comptoir::{
    domain::{Role, Roles},
    executor::{MirrorUser, Work},
    pack::{Problems, Rule, Source, rules},
    store::data::notification_outbox::{Addressees, Fired},
};
use rusqlite::Connection;

use crate::hub::{Hub, Setup, job, migration, start_new, statement};

const SCHEMA: &str = "CREATE TABLE prescriptions(id INTEGER PRIMARY KEY, numero TEXT COLLATE NOCASE, statut TEXT, patient_id, prix REAL);
    CREATE TABLE autre(id INTEGER PRIMARY KEY, x);";

fn parsed(toml: &str) -> Vec<Rule> {
    let mut roles = Roles::default();
    for name in ["pharmacien", "medecin"] {
        let role = Role {
            name: name.into(),
            ..Role::builtin_administrator()
        };
        roles.0.insert(name.into(), role.into());
    }
    let mut problems = Problems::default();
    let source = Source {
        file: "notifications.toml".into(),
        text: toml.into(),
    };
    let rules = rules::parse(&source, &roles, &mut problems);
    problems.into_result().unwrap();
    rules
}

/// One rule for the table of prescriptions.
fn rule(on: &str, rest: &str) -> String {
    format!("[[rule]]\nevent = \"e\"\non = \"{on}\"\ntable = \"prescriptions\"\ntitle = \"t\"\n{rest}\n")
}

fn user(id: i64, role: &str, active: bool) -> MirrorUser {
    MirrorUser {
        id,
        username: format!("u{id}"),
        display_name: format!("U {id}"),
        role: role.into(),
        active,
    }
}

async fn with_rules(toml: &str) -> Hub {
    let hub = start_new(Setup {
        migrations: vec![migration(1, SCHEMA)],
        rules: parsed(toml),
        ..Setup::default()
    });
    let users = vec![
        user(3, "pharmacien", true),
        user(4, "pharmacien", true),
        user(5, "pharmacien", false),
        user(6, "medecin", true),
    ];
    hub.handle.mirror_users(users).await.unwrap();
    hub
}

async fn fired(hub: &Hub) -> Vec<Fired> {
    hub.handle.notifications_page(0, 10_000).await.unwrap()
}

fn users(fired: &Fired) -> Vec<i64> {
    match &fired.to {
        Addressees::Users(users) => users.clone(),
        Addressees::Room(id) => panic!("room {id}"),
    }
}

#[actix::test]
async fn a_rule_says_in_the_transaction_of_the_change_to_whom_and_what() {
    let hub = with_rules(
        r#"[[rule]]
event = "prescription_status_changed"
on = "update"
table = "Prescriptions"
columns = ["statut"]
when = "new.statut <> 'brouillon' -- not yet"
to_user = "new.patient_id"
title = { fr = "Ordonnance {new.statut}", en = "Prescription {old.statut}, now {new.statut}" }
body = "N° {new.numero}, {new.prix}{new.patient_id}"
data = "json_object('prescription_id', new.id)"
dedup_key = "'prescription:' || new.id"
"#,
    )
    .await;
    hub.sql(
        "INSERT INTO prescriptions VALUES (1, 'a1', 'brouillon', 6, 2.5), (2, 'a2', 'brouillon', NULL, 1)",
    )
    .await;
    hub.sql("UPDATE prescriptions SET prix = 3").await;
    hub.sql("UPDATE prescriptions SET statut = 'brouillon'").await;
    assert!(fired(&hub).await.is_empty(), "no watched column changed");
    let n = hub.sql("UPDATE prescriptions SET statut = 'signée'").await["commit"].clone();
    let fired = fired(&hub).await;
    let [one] = fired.as_slice() else {
        panic!("who has no user id is told nothing: {fired:?}")
    };
    assert_eq!(one.commit, n.as_u64().unwrap());
    assert_eq!(
        (one.event.as_str(), users(one)),
        ("prescription_status_changed", vec![6])
    );
    assert_eq!(
        one.title,
        r#"{"fr":"Ordonnance signée","en":"Prescription brouillon, now signée"}"#
    );
    assert_eq!(one.body, r#""N° a1, 36""#);
    assert_eq!(one.data.as_deref(), Some(r#"{"prescription_id":1}"#));
    assert_eq!(one.dedup_key.as_deref(), Some("prescription:1"));
}

#[actix::test]
async fn rules_fire_on_inserts_and_deletes_and_have_a_key_of_their_own() {
    let toml = rule("insert", "to_role = \"pharmacien\"")
        + &rule("delete", "to_room = \"everyone\"\nbody = \"{old.numero}\"")
        + &rule("update", "to_room = \"'role:' || new.statut\"")
        + &rule(
            "insert",
            "to_room = \"new.id * 100\"\nwhen = \"new.id = 2\"\ndedup_key = \"NULL\"",
        );
    let hub = with_rules(&toml).await;
    hub.sql("INSERT INTO prescriptions VALUES (1, 'x', 's', 3, 1)")
        .await;
    hub.sql("UPDATE prescriptions SET statut = 'medecin'").await;
    hub.sql("UPDATE prescriptions SET statut = 'medecin'").await; // changes nothing
    hub.sql("DELETE FROM prescriptions").await;
    hub.sql("INSERT INTO autre(x) VALUES (1)").await;
    hub.sql("INSERT INTO prescriptions(id) VALUES (2)").await;
    let fired = fired(&hub).await;
    assert_eq!(fired.len(), 5, "{fired:?}");
    assert_eq!(users(&fired[0]), [3, 4], "a disabled account is nobody");
    assert_eq!(fired[0].dedup_key.as_deref(), Some("e:prescriptions:[1]:"));
    assert_eq!(users(&fired[1]), [6]);
    assert_eq!(
        (users(&fired[2]), fired[2].body.as_str()),
        (vec![3, 4, 6], "\"x\"")
    );
    assert_eq!(
        (&fired[4].to, &fired[4].dedup_key),
        (&Addressees::Room(200), &None)
    );
}

#[actix::test]
async fn a_role_means_those_who_had_it_at_that_commit() {
    let hub = with_rules(&rule("insert", "to_role = \"pharmacien\"")).await;
    hub.sql("INSERT INTO prescriptions(id) VALUES (1)").await;
    let users_now = vec![user(4, "medecin", true), user(6, "pharmacien", true)];
    hub.handle.mirror_users(users_now).await.unwrap();
    hub.sql("INSERT INTO prescriptions(id) VALUES (2)").await;
    let fired = fired(&hub).await;
    assert_eq!((users(&fired[0]), users(&fired[1])), (vec![3, 4], vec![6]));
}

#[actix::test]
async fn a_rule_that_fails_never_fails_the_write_and_stops_no_other_rule() {
    let bad = [
        "data = \"json('{')\"",
        "data = \"'no json'\"",
        "when = \"abs(-9223372036854775807 - 1 + 0 * new.id)\"",
        "when = \"(WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c) SELECT max(n) FROM c)\"",
        "when = \"length(zeroblob(900000000))\"",
        "when = \"nothing.like = it\"",
        "dedup_key = \"zeroblob(3)\"",
        "body = \"{new.gone}\"",
    ];
    let toml: String = bad
        .iter()
        .map(|rest| rule("insert", &format!("to_role = \"pharmacien\"\n{rest}")))
        .chain(
            [
                "to_user = \"'nobody'\"",
                "to_room = \"1.5\"",
                "to_role = \"pharmacien\"",
            ]
            .map(|to| rule("insert", to)),
        )
        .collect();
    let hub = with_rules(&toml).await;
    for id in 1..=3 {
        let result = hub
            .sql(&format!("INSERT INTO prescriptions(id) VALUES ({id})"))
            .await;
        assert_eq!(result["rows_affected"], 1);
    }
    let jobs = (10..40)
        .map(|id| {
            job(Work::Query(statement(
                &format!("INSERT INTO prescriptions(id) VALUES ({id})"),
                vec![],
            )))
        })
        .collect();
    let together = hub.together(jobs).await;
    assert!(together.iter().all(|(_, outcome)| outcome.is_ok()));
    assert_eq!(hub.value("SELECT count(*) FROM prescriptions").await, 33);
    assert_eq!(fired(&hub).await.len(), 33, "the good rule fired each time");
}

#[actix::test]
async fn a_write_that_is_undone_says_nothing() {
    let hub = with_rules(&rule("insert", "to_role = \"pharmacien\"")).await;
    hub.sql("INSERT INTO prescriptions(id) VALUES (1)").await;
    let jobs = (0..10)
        .map(|id| {
            job(Work::Query(statement(
                &format!("INSERT INTO prescriptions(id) VALUES ({id})"),
                vec![],
            )))
        })
        .chain([job(Work::Query(statement(
            "INSERT OR ROLLBACK INTO prescriptions(id) VALUES (1)",
            vec![],
        )))])
        .collect();
    let outcomes = hub.together(jobs).await;
    assert_eq!(outcomes.iter().filter(|(_, outcome)| outcome.is_err()).count(), 2);
    assert_eq!(fired(&hub).await.len(), 10, "one for each row that is there");
}

#[actix::test]
async fn rules_hold_for_what_other_programs_write() {
    let mut hub = with_rules(&rule(
        "insert",
        "to_role = \"pharmacien\"\nbody = \"{new.numero}\"",
    ))
    .await;
    let other = Connection::open(&hub.path).unwrap();
    other
        .execute("INSERT INTO prescriptions(id, numero) VALUES (1, 'theirs')", [])
        .unwrap();
    let commit = hub.next_commit().await;
    assert_eq!(commit.by, None);
    let fired = fired(&hub).await;
    assert_eq!(
        (fired.len(), fired[0].commit, fired[0].body.as_str()),
        (1, commit.n, "\"theirs\"")
    );
}

#[actix::test]
async fn rules_see_the_rows_of_a_commit_too_large_to_hold() {
    let hub = with_rules(&rule("insert", "to_user = \"3\"\nwhen = \"new.id % 1000 = 0\"")).await;
    hub.sql(
        "INSERT INTO prescriptions(id) WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 6000) \
             SELECT n FROM c",
    )
    .await;
    assert_eq!(fired(&hub).await.len(), 6);
}

#[actix::test]
async fn values_compare_as_their_columns_do() {
    let hub = with_rules(&rule(
        "update",
        "to_user = \"3\"\nwhen = \"new.numero = 'ABC' AND old.prix < new.prix AND typeof(new.prix) = 'real'\"",
    ))
    .await;
    hub.sql("INSERT INTO prescriptions VALUES (1, 'abc', NULL, 1, 1)")
        .await;
    hub.sql("UPDATE prescriptions SET prix = 2").await;
    assert_eq!(fired(&hub).await.len(), 1);
}

#[actix::test]
async fn whoever_copies_is_woken_and_what_is_copied_may_go() {
    let hub = with_rules(&rule("insert", "to_user = \"3\"")).await;
    let woken = hub.handle.notifications_fired();
    hub.sql("INSERT INTO prescriptions(id) VALUES (1), (2), (3)")
        .await;
    tokio::time::timeout(crate::hub::DEADLINE, woken).await.unwrap();
    hub.handle.notifications_trim(2).await.unwrap();
    let left: Vec<i64> = fired(&hub).await.iter().map(|fired| fired.seq).collect();
    assert_eq!(left, [3]);
    hub.handle.notifications_trim(3).await.unwrap();
    hub.sql("INSERT INTO prescriptions(id) VALUES (4)").await;
    assert_eq!(
        fired(&hub).await.last().unwrap().seq,
        4,
        "numbers are never used again"
    );
}

/// Prints what rules cost; the ratio is of one run, the conditions are the machine's.
#[actix::test]
#[ignore = "a measurement"]
async fn what_rules_cost_a_write() {
    let watching = rule(
        "update",
        "columns = [\"statut\"]\nwhen = \"new.statut <> 'x'\"\nto_user = \"new.patient_id\"\ndata = \"json_object('id', new.id)\"",
    );
    let hub = with_rules(&watching).await;
    hub.sql("INSERT INTO prescriptions VALUES (1, 'a', 'a', 3, 1)")
        .await;
    hub.sql("INSERT INTO autre VALUES (1, 'a')").await;
    let none = with_rules("").await;
    none.sql("INSERT INTO prescriptions VALUES (1, 'a', 'a', 3, 1)")
        .await;
    let cases = [
        (
            "no rules at all",
            &none,
            "UPDATE prescriptions SET statut = statut || ''",
        ),
        ("rules for another table", &hub, "UPDATE autre SET x = 'b'"),
        (
            "a column that no rule watches",
            &hub,
            "UPDATE prescriptions SET prix = prix + 1",
        ),
        (
            "a rule whose condition does not hold",
            &hub,
            "UPDATE prescriptions SET statut = CASE statut WHEN 'x' THEN 'X' ELSE 'x' END WHERE 0 OR id = 1 AND 'x' = 'x'",
        ),
        (
            "a rule that fires",
            &hub,
            "UPDATE prescriptions SET statut = 'n' || random()",
        ),
    ];
    for round in 0..3 {
        for (what, hub, sql) in &cases {
            let start = Instant::now();
            for _ in 0..40 {
                let jobs = (0..250)
                    .map(|_| job(Work::Query(statement(sql, vec![]))))
                    .collect();
                hub.together(jobs).await;
            }
            let micros = start.elapsed().as_secs_f64() * 1e6 / 10_000.0;
            eprintln!("round {round}: {what}: {micros:.1} µs a write");
        }
    }
}
