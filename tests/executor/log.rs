//! The change log: pages, large commits, retention.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use comptoir::{config, domain::Changes, protocol::error::Code};

use crate::hub::{Hub, Setup, inline, migration, start_new, with_schema};

const SCHEMA: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, x)";

fn many(rows: u64) -> String {
    format!(
        "INSERT INTO t(x) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}) SELECT i FROM n"
    )
}

#[actix::test]
async fn the_log_reads_as_it_was_published_page_by_page() {
    let mut hub = with_schema(SCHEMA);
    for i in 1..=20 {
        hub.sql(&format!("INSERT INTO t(x) VALUES ({i})")).await;
    }
    let mut after = 0;
    let mut pages = 0;
    loop {
        let page = hub.handle.read_log(after, 600).await.unwrap();
        assert_eq!((page.head, page.oldest), (20, 1));
        assert!(!page.commits.is_empty());
        for commit in page.commits {
            assert_eq!(commit, *hub.next_commit().await);
            after = commit.n;
        }
        pages += 1;
        if !page.more {
            break;
        }
    }
    assert_eq!(after, 20);
    assert!(pages > 2);
    assert!(hub.handle.read_log(20, 600).await.unwrap().commits.is_empty());
}

#[actix::test]
async fn a_large_commit_is_stored_and_can_be_visited() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES ('before')").await;
    hub.sql(&many(6_000)).await;
    hub.next_commit().await;
    assert_eq!(hub.next_commit().await.changes, Changes::Stored { rows: 6_000 });
    let page = hub.handle.read_log(1, 1 << 20).await.unwrap();
    assert_eq!(page.commits[0].changes, Changes::Stored { rows: 6_000 });
    let seen = Arc::new(Mutex::new(0));
    let count = seen.clone();
    hub.handle
        .visit_commit(
            2,
            Box::new(move |_| {
                let mut count = count.lock().unwrap();
                *count += 1;
                if *count == 5_500 {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }),
        )
        .await
        .unwrap();
    assert_eq!(*seen.lock().unwrap(), 5_500);
    let audit = hub.handle.audit_page(1, 1).await.unwrap();
    assert_eq!(audit[0].tables.as_deref(), Some("t"));
    let gone = hub
        .handle
        .visit_commit(99, Box::new(|_| ControlFlow::Continue(())))
        .await;
    assert_eq!(gone.unwrap_err().code, Code::NotFound);
}

#[actix::test]
async fn a_commit_of_many_bytes_is_stored() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) SELECT hex(randomblob(500000)) FROM (VALUES (1),(2),(3),(4),(5))")
        .await;
    assert_eq!(hub.next_commit().await.changes, Changes::Stored { rows: 5 });
}

/// Waits until the log begins at `oldest`.
async fn trimmed(hub: &Hub, oldest: u64) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let page = hub.handle.read_log(0, 1).await.unwrap();
        if page.oldest == oldest {
            return;
        }
        assert!(Instant::now() < deadline, "the log begins at {}", page.oldest);
    }
}

/// Waits until the log holds only so many rows.
async fn rows_left(hub: &Hub, rows: i64) {
    let file = rusqlite::Connection::open(&hub.path).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let left: i64 = file
            .query_row("SELECT count(*) FROM _comptoir_change", [], |row| row.get(0))
            .unwrap();
        if left == rows {
            return;
        }
        assert!(Instant::now() < deadline, "{left} rows are left");
        tokio::task::yield_now().await;
    }
}

#[actix::test]
async fn what_is_past_retention_goes_and_numbers_go_on() {
    let setup = || Setup {
        migrations: vec![migration(1, SCHEMA)],
        changes: config::Changes {
            retention_s: 3600,
            retention_rows: 3,
        },
        ..Setup::default()
    };
    let mut hub = start_new(setup());
    hub.sql(&many(12_000)).await; // more than goes in one step
    for i in 2..=10 {
        hub.sql(&format!("INSERT INTO t(x) VALUES ({i})")).await;
    }
    trimmed(&hub, 8).await;
    rows_left(&hub, 3).await;
    let page = hub.handle.read_log(7, 1 << 20).await.unwrap();
    let numbers: Vec<u64> = page.commits.iter().map(|c| c.n).collect();
    assert_eq!(numbers, [8, 9, 10]);
    assert!(page.commits.iter().all(|c| inline(c).len() == 1));
    hub.published();
    let mut hub = hub.restart(setup()).await;
    hub.sql("INSERT INTO t(x) VALUES ('next')").await;
    let commit = hub.next_commit().await;
    assert_eq!((commit.n, inline(&commit).len()), (11, 1));
}

#[actix::test]
async fn the_newest_commit_stays_however_old_it_is() {
    let mut hub = start_new(Setup {
        migrations: vec![migration(1, SCHEMA)],
        changes: config::Changes {
            retention_s: 0,
            retention_rows: 0,
        },
        ..Setup::default()
    });
    for i in 1..=5 {
        hub.sql(&format!("INSERT INTO t(x) VALUES ({i})")).await;
    }
    trimmed(&hub, 5).await;
    hub.published();
    hub.sql("INSERT INTO t(x) VALUES (6)").await;
    let commit = hub.next_commit().await;
    assert_eq!((commit.n, inline(&commit).len()), (6, 1));
}
