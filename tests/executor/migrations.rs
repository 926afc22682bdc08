//! Migrations: each once, in order, whole.

use comptoir::{
    executor::StartError,
    pack::Source,
    protocol::SqlValue,
    store::data::{
        migrate::MigrateError,
        open::{self, OpenError},
    },
};

use crate::hub::{Setup, inline, migration, start_new, try_start};

fn setup(migrations: Vec<comptoir::pack::Migration>) -> Setup {
    Setup {
        migrations,
        ..Setup::default()
    }
}

fn failure(started: Result<crate::hub::Hub, StartError>) -> MigrateError {
    match started.err().expect("it does not start") {
        StartError::Open(OpenError::Migrate(error)) => error,
        other => panic!("{other}"),
    }
}

#[actix::test]
async fn each_runs_once_and_a_later_one_changes_what_is_captured() {
    let one = migration(1, "CREATE TABLE t(id INTEGER PRIMARY KEY, a, b)");
    let mut hub = start_new(setup(vec![one.clone()]));
    assert_eq!(hub.started.1, 1);
    hub.sql("INSERT INTO t(a, b) VALUES (1, 2)").await;
    hub.next_commit().await;
    let two = migration(
        2,
        "ALTER TABLE t DROP COLUMN a; ALTER TABLE t RENAME COLUMN b TO c; UPDATE t SET c = 3",
    );
    assert_eq!(
        open::pending_migrations(&hub.path, &[one.clone(), two.clone()]).unwrap(),
        ["migrations/0002_test.sql"]
    );
    let mut hub = hub.restart(setup(vec![one, two])).await;
    assert_eq!(hub.started.1, 1);
    assert_eq!(hub.value("SELECT c FROM t").await, 3);
    hub.sql("UPDATE t SET c = 4").await;
    let commit = hub.next_commit().await;
    assert_eq!(inline(&commit)[0].new.as_ref().unwrap()[1], SqlValue::Integer(4));
    let page = hub.handle.read_log(1, 1 << 20).await.unwrap();
    assert!(
        page.oldest > 2,
        "who resumes from before the migration is told to fetch anew"
    );
}

#[actix::test]
async fn a_changed_missing_late_or_future_one_stops_the_start_with_its_name() {
    let one = migration(1, "CREATE TABLE a(x)");
    let three = migration(3, "CREATE TABLE c(x)");
    let hub = start_new(setup(vec![one.clone(), three.clone()]));
    hub.handle.shutdown().await;
    let start = |migrations| failure(try_start(hub.path.clone(), setup(migrations)));
    let changed = start(vec![migration(1, "CREATE TABLE a(y)"), three.clone()]);
    assert!(
        matches!(&changed, MigrateError::Changed { file } if file.contains("0001")),
        "{changed}"
    );
    let missing = start(vec![three.clone()]);
    assert!(
        matches!(&missing, MigrateError::Missing { file } if file.contains("0001")),
        "{missing}"
    );
    let newer = start(vec![one.clone()]);
    assert!(
        matches!(&newer, MigrateError::Newer { file } if file.contains("0003")),
        "{newer}"
    );
    let late = start(vec![one, migration(2, "CREATE TABLE b(x)"), three]);
    assert!(
        matches!(&late, MigrateError::OutOfOrder { file } if file.contains("0002")),
        "{late}"
    );
}

#[actix::test]
async fn one_that_fails_leaves_nothing_and_names_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.db");
    let broken = migration(
        1,
        "CREATE TABLE a(x);\n\nCREATE TABLE b(x); -- and\nINSERT INTO nowhere VALUES (1);\n",
    );
    let error = failure(try_start(path.clone(), setup(vec![broken])));
    assert!(
        error
            .to_string()
            .contains("0001_test.sql:4: no such table: nowhere"),
        "{error}"
    );
    let whole = migration(1, "CREATE TABLE a(x)");
    let hub = try_start(path, setup(vec![whole])).unwrap();
    assert_eq!(hub.started.1, 1);
}

#[actix::test]
async fn one_that_breaks_a_foreign_key_or_its_transaction_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let keys = migration(
        1,
        "CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id)); INSERT INTO c VALUES (1)",
    );
    failure(try_start(dir.path().join("a.db"), setup(vec![keys])));
    let commits = migration(1, "CREATE TABLE p(id); COMMIT");
    failure(try_start(dir.path().join("b.db"), setup(vec![commits])));
}

#[actix::test]
async fn the_seed_runs_once_and_makes_no_commit() {
    let make = || Setup {
        migrations: vec![migration(1, "CREATE TABLE t(x)")],
        seed: Some(Source {
            file: "seed.sql".into(),
            text: "INSERT INTO t VALUES (1), (2)".into(),
        }),
        ..Setup::default()
    };
    let hub = start_new(make());
    assert!(hub.started.2);
    assert_eq!(hub.value("SELECT count(*) FROM t").await, 2);
    assert_eq!(hub.handle.head(), 0);
    let hub = hub.restart(make()).await;
    assert!(!hub.started.2);
    assert_eq!(hub.value("SELECT count(*) FROM t").await, 2);
}
