//! What the disk, a restart and a backup may do.

use comptoir::{
    executor::StartError,
    protocol::error::Code,
    store::data::{backup, check, open::OpenError},
};

use crate::hub::{Setup, migration, query, try_start, with_schema};

const SCHEMA: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, x)";

fn again() -> Setup {
    Setup {
        migrations: vec![migration(1, SCHEMA)],
        ..Setup::default()
    }
}

#[actix::test]
async fn a_full_disk_makes_writes_unavailable_and_is_recovered_from() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES ('before')").await;
    let pages = hub.value("SELECT 0").await.as_u64().unwrap() as u32 + 1;
    hub.handle.limit_pages(Some(pages)).await.unwrap(); // the size it has is the least SQLite accepts
    let large = "INSERT INTO t(x) VALUES (hex(randomblob(200000)))";
    let outcomes = hub.together((0..20).map(|_| query(large)).collect()).await;
    for (_, outcome) in outcomes {
        assert_eq!(outcome.unwrap_err().code, Code::Unavailable);
    }
    assert_eq!(hub.value("SELECT count(*) FROM t").await, 1, "readers go on");
    hub.handle.limit_pages(None).await.unwrap();
    assert_eq!(hub.sql(large).await["commit"], 2);
    assert_eq!(hub.next_commit().await.n, 1);
    assert_eq!(hub.next_commit().await.n, 2);
    hub.handle.shutdown().await;
    assert_eq!(check::check(&hub.path).unwrap(), Vec::<String>::new());
}

#[actix::test]
async fn a_small_write_goes_on_where_a_large_one_does_not_fit() {
    let hub = with_schema(SCHEMA);
    hub.handle.limit_pages(Some(60)).await.unwrap();
    let outcomes = hub
        .together(vec![
            query("INSERT INTO t(x) VALUES (1)"),
            query("INSERT INTO t(x) VALUES (hex(randomblob(400000)))"),
            query("INSERT INTO t(x) VALUES (2)"),
        ])
        .await;
    assert!(outcomes[0].1.is_ok());
    assert_eq!(outcomes[1].1.as_ref().unwrap_err().code, Code::Unavailable);
    assert!(outcomes[2].1.is_ok());
}

#[actix::test]
async fn commits_and_epoch_go_on_after_a_restart() {
    let hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    let epoch = hub.handle.epoch();
    let mut hub = hub.restart(again()).await;
    assert_eq!((hub.handle.epoch(), hub.handle.head()), (epoch, 1));
    hub.sql("INSERT INTO t(x) VALUES (2)").await;
    assert_eq!(hub.next_commit().await.n, 2);
}

#[actix::test]
async fn a_stopped_executor_has_answered_all_it_took_and_refuses_the_rest() {
    let hub = with_schema(SCHEMA);
    let jobs = (0..100)
        .map(|i| query(&format!("INSERT INTO t(x) VALUES ({i})")))
        .collect();
    let (outcomes, ()) = tokio::join!(hub.together(jobs), hub.handle.shutdown());
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    for sql in ["INSERT INTO t(x) VALUES (1)", "SELECT 1"] {
        assert_eq!(hub.refused(sql).await.code, Code::Unavailable);
    }
    assert!(
        !hub.path
            .with_file_name("data.db-wal")
            .metadata()
            .is_ok_and(|wal| wal.len() > 0)
    );
}

#[actix::test]
async fn a_backup_under_writes_stands_at_one_commit() {
    let hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (0)").await;
    let to = hub.path.with_file_name("copy.db");
    let jobs = (0..300)
        .map(|i| query(&format!("INSERT INTO t(x) VALUES ({i})")))
        .collect();
    let (outcomes, n) = tokio::join!(hub.together(jobs), hub.handle.backup(&to));
    assert!(outcomes.iter().all(|(_, outcome)| outcome.is_ok()));
    let n = n.unwrap();
    assert!((1..=301).contains(&n));
    assert_eq!(check::check(&to).unwrap(), Vec::<String>::new());
    backup::renew_epoch(&to).unwrap();
    let copy = try_start(to.clone(), again()).unwrap();
    assert_eq!(copy.handle.head(), n);
    assert_eq!(copy.value("SELECT count(*) FROM t").await, n);
    assert_ne!(copy.handle.epoch(), hub.handle.epoch());
    assert!(
        hub.handle.backup(&to).await.is_err(),
        "a backup overwrites nothing"
    );
}

#[actix::test]
async fn a_damaged_database_is_refused() {
    let hub = with_schema(SCHEMA);
    for _ in 0..20 {
        hub.sql("INSERT INTO t(x) VALUES (hex(randomblob(20000)))").await;
    }
    hub.handle.shutdown().await;
    let mut bytes = std::fs::read(&hub.path).unwrap();
    let pages = bytes.len() / 4096;
    for page in 2..pages {
        bytes[page * 4096..page * 4096 + 64].fill(0xa5);
    }
    let broken = hub.path.with_file_name("broken.db");
    std::fs::write(&broken, &bytes).unwrap();
    let error = try_start(broken.clone(), again()).err().unwrap();
    assert!(
        matches!(error, StartError::Open(OpenError::Damaged { .. })),
        "{error}"
    );
    assert!(
        !check::check(&broken)
            .unwrap_or_else(|e| vec![e.to_string()])
            .is_empty()
    );
    std::fs::write(
        &broken,
        "this is no database, and long enough to be taken for one".repeat(100),
    )
    .unwrap();
    let error = try_start(broken, again()).err().unwrap();
    assert!(
        matches!(error, StartError::Open(OpenError::Damaged { .. })),
        "{error}"
    );
}

#[actix::test]
async fn a_panic_of_a_caller_leaves_the_executor_running() {
    let hub = with_schema(SCHEMA);
    hub.handle.submit(
        query("INSERT INTO t(x) VALUES (1)"),
        Box::new(|_| panic!("a bug of the caller")),
    );
    hub.handle
        .submit(query("SELECT 1"), Box::new(|_| panic!("a bug of the caller")));
    hub.sql("INSERT INTO t(x) VALUES (2)").await;
    for _ in 0..10 {
        assert_eq!(hub.value("SELECT count(*) FROM t").await, 2);
    }
}

#[actix::test]
async fn past_the_queues_bound_jobs_are_busy_at_once_and_none_is_lost() {
    let hub = with_schema(SCHEMA);
    let long = "INSERT INTO t(x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) \
                SELECT max(i) FROM n";
    let mut jobs = vec![query(long)];
    jobs.extend((0..3_000).map(|i| query(&format!("INSERT INTO t(x) VALUES ({i})"))));
    let outcomes = hub.together(jobs).await;
    let busy = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.as_ref().is_err_and(|e| e.code == Code::Busy))
        .count();
    assert!(busy > 0);
    let done = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).count();
    assert_eq!(done + busy, outcomes.len());
    assert_eq!(hub.value("SELECT count(*) FROM t").await, done);
}
