//! Group commit: who is in a group never notices the others.

use comptoir::{executor::Work, protocol::error::Code};

use crate::hub::{Setup, inline, job, migration, query, start_new, statement, with_schema};

const SCHEMA: &str = "
CREATE TABLE t(id INTEGER PRIMARY KEY, x UNIQUE);
CREATE TABLE parent(id INTEGER PRIMARY KEY);
CREATE TABLE child(id INTEGER PRIMARY KEY, p REFERENCES parent(id) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE guarded(id INTEGER PRIMARY KEY);
CREATE TRIGGER no BEFORE INSERT ON guarded BEGIN SELECT RAISE(ROLLBACK, 'never'); END;
";

/// Takes far longer than a member's share of a group, on any machine, and is interrupted.
const LONG: &str = "INSERT INTO t(x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) \
                    SELECT i FROM n WHERE i < 0";

#[actix::test]
async fn writes_that_wait_together_are_answered_in_order_with_rising_commits() {
    let mut hub = with_schema(SCHEMA);
    let jobs = (1..=200)
        .map(|i| query(&format!("INSERT INTO t(x) VALUES ({i})")))
        .collect();
    let outcomes = hub.together(jobs).await;
    for (place, (index, outcome)) in outcomes.into_iter().enumerate() {
        assert_eq!(place, index);
        assert_eq!(outcome.unwrap()["commit"], index as u64 + 1);
    }
    for n in 1..=200 {
        assert_eq!(hub.next_commit().await.n, n);
    }
    assert_eq!(hub.handle.head(), 200);
}

#[actix::test]
async fn a_write_that_rolls_everything_back_takes_nobody_with_it() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (0)").await;
    let outcomes = hub
        .together(vec![
            query("INSERT INTO t(x) VALUES (1)"),
            query("INSERT OR ROLLBACK INTO t(x) VALUES (0)"),
            query("INSERT INTO t(x) VALUES (2)"),
            query("INSERT INTO guarded VALUES (1)"),
            query("INSERT INTO t(x) VALUES (3)"),
        ])
        .await;
    let order: Vec<usize> = outcomes.iter().map(|(index, _)| *index).collect();
    assert_eq!(order, [0, 1, 2, 3, 4]);
    let codes: Vec<Option<Code>> = outcomes
        .iter()
        .map(|(_, outcome)| outcome.as_ref().err().map(|e| e.code))
        .collect();
    let violated = Some(Code::ConstraintViolation);
    assert_eq!(codes, [None, violated, None, violated, None]);
    assert_eq!(hub.value("SELECT group_concat(x) FROM t").await, "0,1,2,3");
    let numbers: Vec<u64> = (0..4).map(|_| 0).collect();
    let mut seen = Vec::new();
    for _ in numbers {
        seen.push(hub.next_commit().await.n);
    }
    assert_eq!(seen, [1, 2, 3, 4]);
}

#[actix::test]
async fn a_write_that_takes_too_long_times_out_alone_and_keeps_its_place() {
    let hub = start_new(Setup {
        migrations: vec![migration(1, SCHEMA)],
        limits: comptoir::config::Limits {
            statement_timeout_ms: 400,
            ..Default::default()
        },
        ..Setup::default()
    });
    let outcomes = hub
        .together(vec![
            query("INSERT INTO t(x) VALUES (1)"),
            query(LONG),
            query("INSERT INTO t(x) VALUES (2)"),
        ])
        .await;
    let order: Vec<usize> = outcomes.iter().map(|(index, _)| *index).collect();
    assert_eq!(order, [0, 1, 2]);
    assert!(outcomes[0].1.is_ok());
    assert_eq!(outcomes[1].1.as_ref().unwrap_err().code, Code::Timeout);
    assert!(outcomes[2].1.is_ok());
    assert_eq!(hub.value("SELECT group_concat(x) FROM t").await, "1,2");
}

#[actix::test]
async fn a_write_longer_than_its_share_of_a_group_still_gets_its_full_time() {
    let hub = start_new(Setup {
        migrations: vec![migration(1, SCHEMA)],
        limits: comptoir::config::Limits {
            statement_timeout_ms: 20_000,
            ..Default::default()
        },
        ..Setup::default()
    });
    let long = "INSERT INTO t(x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000000) \
                SELECT max(i) FROM n";
    let outcomes = hub
        .together(vec![
            query("INSERT INTO t(x) VALUES (1)"),
            query(long),
            query("INSERT INTO t(x) VALUES (2)"),
        ])
        .await;
    for (place, (index, outcome)) in outcomes.into_iter().enumerate() {
        assert_eq!(place, index);
        outcome.unwrap();
    }
    assert_eq!(hub.value("SELECT group_concat(x) FROM t").await, "1,5000000,2");
}

#[actix::test]
async fn an_open_deferred_foreign_key_is_the_error_of_its_own_write() {
    let hub = with_schema(SCHEMA);
    let outcomes = hub
        .together(vec![
            query("INSERT INTO t(x) VALUES (1)"),
            query("INSERT INTO child(p) VALUES (99)"),
            query("INSERT INTO t(x) VALUES (2)"),
            job(Work::Batch(vec![
                statement("INSERT INTO child(p) VALUES (5)", vec![]),
                statement("INSERT INTO parent(id) VALUES (5)", vec![]),
            ])),
        ])
        .await;
    assert!(outcomes[0].1.is_ok());
    let error = outcomes[1].1.as_ref().unwrap_err();
    assert_eq!(error.code, Code::ConstraintViolation);
    assert_eq!(error.extra["constraint"], "FOREIGN KEY");
    assert!(outcomes[2].1.is_ok());
    assert!(outcomes[3].1.is_ok());
    assert_eq!(hub.value("SELECT count(*) FROM child").await, 1);
}

#[actix::test]
async fn a_batch_is_all_or_nothing_and_leaves_no_phantom_change() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    let error = hub
        .run(job(Work::Batch(vec![
            statement("INSERT INTO t(x) VALUES (2)", vec![]),
            statement("INSERT INTO t(x) VALUES (1)", vec![]),
        ])))
        .await
        .unwrap_err();
    assert_eq!(error.code, Code::ConstraintViolation);
    let kept = hub
        .run(job(Work::Batch(vec![
            statement("INSERT INTO t(x) VALUES (3)", vec![]),
            statement("UPDATE t SET x = 4 WHERE x = 3", vec![]),
        ])))
        .await
        .unwrap();
    assert_eq!(kept["commit"], 2);
    assert_eq!(kept["results"][1]["rows_affected"], 1);
    hub.next_commit().await;
    let commit = hub.next_commit().await;
    assert_eq!(commit.n, 2);
    assert_eq!(inline(&commit).len(), 2);
    assert_eq!(hub.value("SELECT group_concat(x) FROM t").await, "1,4");
}

#[actix::test]
async fn expect_affected_undoes_what_it_does_not_find() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1), (2)").await;
    let mut update = statement("UPDATE t SET x = x + 10", vec![]);
    update.expect_affected = Some(1);
    let error = hub.run(job(Work::Query(update))).await.unwrap_err();
    assert_eq!(error.code, Code::PreconditionFailed);
    assert_eq!(hub.value("SELECT group_concat(x) FROM t").await, "1,2");
    hub.next_commit().await;
    assert!(hub.published().is_empty());
}

#[actix::test]
async fn a_write_of_no_row_makes_no_commit_but_is_audited() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    let answer = hub.sql("UPDATE t SET x = 5 WHERE id = 99").await;
    assert_eq!(answer["commit"], 1);
    assert_eq!(answer["rows_affected"], 0);
    let audit = hub.handle.audit_page(0, 10).await.unwrap();
    assert_eq!(audit.len(), 2);
    assert_eq!(audit[0].commit, Some(1));
    assert_eq!(audit[0].tables.as_deref(), Some("t"));
    assert_eq!(audit[0].username, "awa");
    assert_eq!(audit[1].commit, None);
    assert_eq!(
        audit[1].detail.as_deref(),
        Some("UPDATE t SET x = 5 WHERE id = 99")
    );
    hub.next_commit().await;
    assert!(hub.published().is_empty());
}

#[actix::test]
async fn the_audit_can_be_trimmed_without_its_numbers_beginning_anew() {
    let hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    hub.sql("INSERT INTO t(x) VALUES (2)").await;
    hub.handle.audit_trim(2).await.unwrap();
    hub.sql("INSERT INTO t(x) VALUES (3)").await;
    let audit = hub.handle.audit_page(2, 10).await.unwrap();
    assert_eq!(audit.len(), 1);
    assert_eq!(audit[0].seq, 3);
}

#[actix::test]
async fn readers_answer_with_the_last_commit_that_they_saw() {
    let hub = with_schema(SCHEMA);
    for i in 1..=3 {
        hub.sql(&format!("INSERT INTO t(x) VALUES ({i})")).await;
        assert_eq!(hub.sql("SELECT x FROM t").await["commit"], i);
    }
}
