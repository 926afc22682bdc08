//! Other programs on the same file: what they write is told, without an author, within a second.

use std::time::{Duration, Instant};

use comptoir::{
    domain::Op,
    protocol::{SqlValue, error::Code},
};
use rusqlite::Connection;

use crate::hub::{Setup, inline, start_new, try_start, with_schema};

const SCHEMA: &str = "CREATE TABLE t(id INTEGER PRIMARY KEY, x)";

#[actix::test]
async fn a_write_of_another_program_is_told_within_a_second_without_author() {
    let mut hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    assert_eq!(hub.next_commit().await.by.as_ref().unwrap().user_id, 7);
    let other = Connection::open(&hub.path).unwrap();
    other.execute("INSERT INTO t(x) VALUES (2)", []).unwrap();
    let written = Instant::now();
    let commit = hub.next_commit().await;
    assert!(written.elapsed() < Duration::from_secs(1));
    assert_eq!((commit.n, &commit.by), (2, &None));
    assert_eq!(inline(&commit)[0].new.as_ref().unwrap()[1], SqlValue::Integer(2));
    hub.sql("INSERT INTO t(x) VALUES (3)").await;
    let commit = hub.next_commit().await;
    assert_eq!((commit.n, inline(&commit).len()), (3, 1));
    assert!(commit.by.is_some());
}

#[actix::test]
async fn a_write_of_the_hub_right_after_another_programs_is_a_commit_of_its_own() {
    let mut hub = with_schema(SCHEMA);
    let other = Connection::open(&hub.path).unwrap();
    for i in 0..50 {
        other.execute("INSERT INTO t(x) VALUES ('theirs')", []).unwrap();
        hub.sql("INSERT INTO t(x) VALUES ('ours')").await;
        let mut theirs = 0;
        loop {
            let commit = hub.next_commit().await;
            let expected = if commit.by.is_some() { "ours" } else { "theirs" };
            for change in inline(&commit) {
                assert_eq!(change.new.as_ref().unwrap()[1], SqlValue::Text(expected.into()));
            }
            match commit.by {
                None => theirs += inline(&commit).len(),
                Some(_) => break,
            }
        }
        assert_eq!(theirs, 1, "round {i}");
    }
}

#[actix::test]
async fn what_was_written_while_the_hub_was_away_is_told_when_it_is_back() {
    let hub = with_schema(SCHEMA);
    hub.handle.shutdown().await;
    let other = Connection::open(&hub.path).unwrap();
    other.execute("INSERT INTO t(x) VALUES (1), (2)", []).unwrap();
    other.execute("DELETE FROM t WHERE x = 1", []).unwrap();
    let mut again = try_start(
        hub.path.clone(),
        Setup {
            migrations: vec![crate::hub::migration(1, SCHEMA)],
            ..Setup::default()
        },
    )
    .unwrap();
    let commit = again.next_commit().await;
    assert_eq!((commit.n, &commit.by), (1, &None));
    assert_eq!(inline(&commit).len(), 3);
}

#[actix::test]
async fn tables_that_another_program_makes_or_changes_are_captured_from_then_on() {
    let mut hub = with_schema(SCHEMA);
    let other = Connection::open(&hub.path).unwrap();
    other
        .execute_batch(
            "ALTER TABLE t ADD COLUMN y; CREATE TABLE u(a);
             CREATE TRIGGER later AFTER INSERT ON t BEGIN UPDATE t SET y = 'set' WHERE id = NEW.id; END;",
        )
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while hub.handle.schema().table("u").is_none() {
        assert!(Instant::now() < deadline, "the schema was not read again");
        tokio::task::yield_now().await;
    }
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    let commit = hub.next_commit().await;
    assert_eq!(inline(&commit)[0].shape.columns.len(), 3);
    let ops: Vec<Op> = inline(&commit).iter().map(|c| c.op).collect();
    assert_eq!(
        ops,
        [Op::Insert, Op::Update],
        "also before triggers that came later"
    );
    other.execute("INSERT INTO u VALUES (1)", []).unwrap();
    assert_eq!(&*inline(&*hub.next_commit().await)[0].shape.table, "u");
    other
        .execute_batch("ALTER TABLE t RENAME COLUMN x TO renamed")
        .unwrap();
    other.execute("UPDATE t SET renamed = 9", []).unwrap();
    let commit = hub.next_commit().await;
    assert_eq!(commit.by, None);
    let deadline = Instant::now() + Duration::from_secs(5);
    while hub
        .handle
        .schema()
        .table("t")
        .unwrap()
        .column("renamed")
        .is_none()
    {
        assert!(Instant::now() < deadline, "the schema was not read again");
        tokio::task::yield_now().await;
    }
    hub.sql("UPDATE t SET renamed = 10").await;
    let commit = hub.next_commit().await;
    assert_eq!(&*inline(&commit)[0].shape.columns[1], "renamed");
}

#[actix::test]
async fn an_existing_database_is_served_with_nothing_but_our_names_added() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("theirs.db");
    let theirs = Connection::open(&path).unwrap();
    theirs
        .execute_batch("CREATE TABLE old(a PRIMARY KEY, b) ; INSERT INTO old VALUES ('k', 1)")
        .unwrap();
    let mut hub = try_start(path.clone(), Setup::default()).unwrap();
    assert_eq!(hub.value("SELECT b FROM old").await, 1);
    hub.sql("UPDATE old SET b = 2").await;
    assert_eq!(hub.next_commit().await.n, 1);
    let foreign: i64 = theirs
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE '\\_comptoir\\_%' ESCAPE '\\'
             AND tbl_name NOT LIKE '\\_comptoir\\_%' ESCAPE '\\'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(foreign, 2, "the table and its index");
}

#[actix::test]
async fn a_program_that_holds_the_lock_makes_writes_busy_and_leaves_reads_alone() {
    let hub = with_schema(SCHEMA);
    hub.sql("INSERT INTO t(x) VALUES (1)").await;
    let other = Connection::open(&hub.path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let write = hub.run(crate::hub::query("INSERT INTO t(x) VALUES (2)"));
    let read = async {
        assert_eq!(hub.value("SELECT count(*) FROM t").await, 1);
    };
    let (write, ()) = tokio::join!(write, read);
    let error = write.unwrap_err();
    assert_eq!(error.code, Code::Busy);
    assert!(error.extra.contains_key("retry_after_ms"));
    other.execute_batch("ROLLBACK").unwrap();
    hub.sql("INSERT INTO t(x) VALUES (2)").await;
}

#[actix::test]
async fn an_old_sqlite_shell_can_write_what_the_hub_captures() {
    let Ok(version) = std::process::Command::new("sqlite3").arg("--version").output() else {
        return; // not installed here
    };
    assert!(version.status.success());
    let mut hub = start_new(Setup {
        migrations: vec![crate::hub::migration(
            1,
            "CREATE TABLE t(id INTEGER PRIMARY KEY, x REAL, y, z)",
        )],
        ..Setup::default()
    });
    let shell = std::process::Command::new("sqlite3")
        .arg(&hub.path)
        .arg("INSERT INTO t VALUES (1, 9e999, json('[1]'), x'00'), (2, 0.1, 'é', NULL)")
        .status()
        .unwrap();
    assert!(shell.success());
    let commit = hub.next_commit().await;
    let rows: Vec<_> = inline(&commit).iter().map(|c| c.new.clone().unwrap()).collect();
    assert_eq!(
        rows[0][1..],
        [
            SqlValue::Real(f64::INFINITY),
            SqlValue::Text("[1]".into()),
            SqlValue::BlobBytes(1)
        ]
    );
    assert_eq!(
        rows[1][1..],
        [SqlValue::Real(0.1), SqlValue::Text("é".into()), SqlValue::Null]
    );
}
