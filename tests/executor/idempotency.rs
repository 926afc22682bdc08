//! A retried write happens once, across restarts.

use comptoir::{
    executor::Work,
    protocol::{SqlValue, error::Code},
};

use crate::hub::{Setup, job, keyed, migration, query, start_new, statement, with_schema};

const SCHEMA: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, x UNIQUE)";
const INSERT: &str = "INSERT INTO t(x) VALUES (1) RETURNING id, x";

#[actix::test]
async fn a_retry_gets_the_first_answer_and_runs_nothing() {
    let mut hub = with_schema(SCHEMA);
    let first = hub.run(keyed(query(INSERT), "k", 1)).await.unwrap();
    assert!(first.get("duplicate").is_none());
    let mut retried = hub.run(keyed(query(INSERT), "k", 1)).await.unwrap();
    assert_eq!(
        retried.as_object_mut().unwrap().remove("duplicate"),
        Some(true.into())
    );
    assert_eq!(retried, first);
    assert_eq!(hub.value("SELECT count(*) FROM t").await, 1);
    hub.next_commit().await;
    assert!(hub.published().is_empty());
}

#[actix::test]
async fn a_retry_after_a_restart_gets_the_first_answer() {
    let hub = with_schema(SCHEMA);
    let first = hub.run(keyed(query(INSERT), "k", 1)).await.unwrap();
    let hub = hub
        .restart(Setup {
            migrations: vec![migration(1, SCHEMA)],
            ..Setup::default()
        })
        .await;
    let retried = hub.run(keyed(query(INSERT), "k", 1)).await.unwrap();
    assert_eq!(retried["duplicate"], true);
    assert_eq!(retried["rows"], first["rows"]);
    assert_eq!(retried["commit"], first["commit"]);
}

#[actix::test]
async fn a_retry_beside_the_first_waits_for_it() {
    let hub = with_schema(SCHEMA);
    let outcomes = hub
        .together((0..20).map(|_| keyed(query(INSERT), "k", 1)).collect())
        .await;
    for (index, outcome) in outcomes {
        let answer = outcome.unwrap();
        assert_eq!(answer.get("duplicate").is_some(), index > 0);
        assert_eq!(answer["rows"], serde_json::json!([[1, 1]]));
    }
}

#[actix::test]
async fn the_key_with_another_body_is_a_conflict_and_of_another_user_is_another_key() {
    let hub = with_schema(SCHEMA);
    hub.run(keyed(query(INSERT), "k", 1)).await.unwrap();
    let error = hub.run(keyed(query(INSERT), "k", 2)).await.unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    let mut other = keyed(query("INSERT INTO t(x) VALUES (2)"), "k", 2);
    other.origin.user_id = 8;
    assert!(hub.run(other).await.unwrap().get("duplicate").is_none());
}

#[actix::test]
async fn an_error_is_not_kept() {
    let hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    let error = hub.run(keyed(query(INSERT), "k", 1)).await.unwrap_err();
    assert_eq!(error.code, Code::ConstraintViolation);
    hub.sql("DELETE FROM t").await;
    let answer = hub.run(keyed(query(INSERT), "k", 1)).await.unwrap();
    assert!(answer.get("duplicate").is_none());
}

#[actix::test]
async fn a_long_answer_is_kept_without_its_rows() {
    let hub = with_schema(SCHEMA);
    let insert = || {
        let long = SqlValue::Text("x".repeat(70_000));
        keyed(
            job(Work::Query(statement(
                "INSERT INTO t(x) VALUES (?) RETURNING x",
                vec![long],
            ))),
            "k",
            1,
        )
    };
    let first = hub.run(insert()).await.unwrap();
    assert_eq!(first["rows"].as_array().unwrap().len(), 1);
    let retried = hub.run(insert()).await.unwrap();
    assert_eq!(retried["rows"].as_array().unwrap().len(), 0);
    assert_eq!(retried["rows_affected"], 1);
    assert_eq!(retried["duplicate"], true);
}

#[actix::test]
async fn a_read_with_a_key_is_answered_alike_again() {
    let hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    let first = hub.run(keyed(query("SELECT x FROM t"), "k", 1)).await.unwrap();
    hub.sql("UPDATE t SET x = 2").await;
    let retried = hub.run(keyed(query("SELECT x FROM t"), "k", 1)).await.unwrap();
    assert_eq!(retried["duplicate"], true);
    assert_eq!(retried["rows"], first["rows"]);
    assert_eq!(hub.handle.head(), 2, "keeping an answer is no commit");
}

#[actix::test]
async fn a_key_is_forgotten_after_its_time() {
    let hub = start_new(Setup {
        migrations: vec![migration(1, SCHEMA)],
        idempotency: comptoir::config::Idempotency { ttl_s: 0 },
        ..Setup::default()
    });
    hub.run(keyed(query("INSERT INTO t(x) VALUES (1)"), "k", 1))
        .await
        .unwrap();
    let file = rusqlite::Connection::open(&hub.path).unwrap();
    let deadline = std::time::Instant::now() + crate::hub::DEADLINE;
    while file
        .query_row("SELECT count(*) FROM _comptoir_idempotency", [], |row| {
            row.get::<_, i64>(0)
        })
        .unwrap()
        > 0
    {
        assert!(std::time::Instant::now() < deadline, "the key is still there");
        tokio::task::yield_now().await;
    }
    let again = hub.run(keyed(query("INSERT INTO t(x) VALUES (2)"), "k", 2)).await;
    assert!(again.unwrap().get("duplicate").is_none());
}
