use std::{fs, path::Path};

use rusqlite::Connection;

use super::*;
use crate::{
    app::data_dir::DataDir,
    config::{self, Config},
    store::{data::books, hub::HubStore},
    telemetry::Metrics,
};

/// A data directory with a sale, a user and a file.
fn shop(root: &Path) -> DataDir {
    let dir = DataDir::create(root, &Config::default()).unwrap();
    let data = Connection::open(dir.data_db()).unwrap();
    data.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE sale(id INTEGER PRIMARY KEY, total INTEGER);
         INSERT INTO sale VALUES (1, 500);",
    )
    .unwrap();
    books::create(&data).unwrap();
    drop(HubStore::open_in(root).unwrap());
    fs::create_dir_all(dir.files().join("ab")).unwrap();
    fs::write(dir.files().join("ab/photo"), b"pixels").unwrap();
    fs::write(dir.token_key(), b"secret").unwrap();
    dir
}

fn sales(dir: &DataDir) -> i64 {
    let data = Connection::open(dir.data_db()).unwrap();
    data.query_row("SELECT count(*) FROM sale", [], |row| row.get(0))
        .unwrap()
}

fn leftovers(dir: &Path) -> Vec<String> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".comptoir"))
        .collect()
}

#[test]
fn a_backup_beside_an_open_database_restores_what_was_there_and_keeps_what_came_after_aside() {
    let temp = tempfile::tempdir().unwrap();
    let dir = shop(&temp.path().join("data"));
    let open = Connection::open(dir.data_db()).unwrap();
    let out = temp.path().join("out");
    fs::create_dir(&out).unwrap();
    let taken = take(&dir, &out, "comptoir").unwrap();
    assert_eq!(taken.path.parent(), Some(out.as_path()));
    assert_eq!(verify(&taken.path).unwrap(), taken.manifest);
    assert!(leftovers(&out).is_empty());

    open.execute("INSERT INTO sale VALUES (2, 700)", []).unwrap();
    drop(open);
    fs::remove_file(dir.files().join("ab/photo")).unwrap();

    let epoch = || crate::store::data::backup::epoch(dir.data_db()).unwrap();
    let before = epoch();
    let restored = restore(&dir, &dir.lock().unwrap(), &taken.path).unwrap();
    assert_eq!(sales(&dir), 1);
    assert_eq!(restored.epoch, epoch());
    assert_ne!(restored.epoch, before);
    assert_eq!(fs::read(dir.files().join("ab/photo")).unwrap(), b"pixels");
    assert!(
        !dir.token_key().exists(),
        "old tokens must not open the restored hub"
    );
    let aside = restored.moved_aside.unwrap();
    let before = Connection::open(aside.join("data.db")).unwrap();
    let kept: i64 = before
        .query_row("SELECT count(*) FROM sale", [], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 2);
    assert!(aside.join("token.key").exists());
    assert!(leftovers(dir.root()).is_empty());
}

#[test]
fn the_key_of_the_tokens_is_in_no_backup() {
    let temp = tempfile::tempdir().unwrap();
    let dir = shop(&temp.path().join("data"));
    let taken = take(&dir, &temp.path().join("b.tar"), "comptoir").unwrap();
    let names: Vec<_> = taken
        .manifest
        .entries
        .iter()
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(names, ["hub.db", "data.db", "files/ab/photo"]);
    let bytes = fs::read(&taken.path).unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"secret"));
}

#[test]
fn a_restored_demo_is_still_known_as_one() {
    let temp = tempfile::tempdir().unwrap();
    let dir = shop(&temp.path().join("data"));
    dir.mark_demo(true).unwrap();
    let taken = take(&dir, &temp.path().join("b.tar"), "x").unwrap();
    let other = DataDir::create(&temp.path().join("other"), &Config::default()).unwrap();
    let restored = restore(&other, &other.lock().unwrap(), &taken.path).unwrap();
    assert!(other.is_demo());
    assert_eq!(restored.moved_aside, None);
    assert_eq!(sales(&other), 1);
}

#[test]
fn a_backup_never_replaces_a_file() {
    let temp = tempfile::tempdir().unwrap();
    let dir = shop(&temp.path().join("data"));
    let target = temp.path().join("b.tar");
    fs::write(&target, "precious").unwrap();
    assert!(matches!(take(&dir, &target, "x"), Err(Error::Exists(_))));
    assert_eq!(fs::read_to_string(&target).unwrap(), "precious");
}

#[test]
fn a_damaged_backup_is_refused_before_anything_is_touched() {
    let temp = tempfile::tempdir().unwrap();
    let dir = shop(&temp.path().join("data"));
    let target = temp.path().join("b.tar");
    take(&dir, &target, "x").unwrap();
    let whole = fs::read(&target).unwrap();
    let mut flipped = whole.clone();
    let middle = whole.len() / 2;
    flipped[middle] ^= 0xff;
    for (what, bytes) in [
        ("a flipped byte", flipped),
        ("cut short", whole[..middle].to_vec()),
        ("empty", Vec::new()),
        ("not an archive", b"hello".to_vec()),
    ] {
        fs::write(&target, bytes).unwrap();
        let error = restore(&dir, &dir.lock().unwrap(), &target).unwrap_err();
        assert!(matches!(error, Error::NotWhole { .. }), "{what}: {error}");
        assert_eq!(sales(&dir), 1, "{what}");
        assert!(dir.token_key().exists(), "{what}");
        assert!(leftovers(dir.root()).is_empty(), "{what}");
    }
}

#[test]
fn a_database_that_is_damaged_fails_the_backup_and_leaves_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let dir = shop(&temp.path().join("data"));
    fs::write(dir.hub_db(), vec![7; 8192]).unwrap();
    let out = temp.path().join("out");
    fs::create_dir(&out).unwrap();
    assert!(matches!(
        take(&dir, &out, "x"),
        Err(Error::Database {
            database: "hub.db",
            ..
        })
    ));
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

fn scheduled(temp: &Path, keep: usize) -> (DataDir, Schedule) {
    let dir = shop(&temp.join("data"));
    let backup = config::Backup {
        dir: None,
        every_s: 1,
        keep,
    };
    let schedule = Schedule::new(&dir, &backup).unwrap();
    (dir, schedule)
}

#[test]
fn rotation_keeps_the_newest_scheduled_backups_and_never_a_persons_own() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, schedule) = scheduled(temp.path(), 2);
    fs::create_dir_all(dir.backups()).unwrap();
    let own = dir.backups().join("before-the-move.tar");
    take(&dir, &own, "x").unwrap();
    let made: Vec<_> = (0..4).map(|_| schedule.once().unwrap().path).collect();
    let kept: Vec<bool> = made.iter().map(|path| path.exists()).collect();
    assert_eq!(kept, [false, false, true, true]);
    assert!(own.exists());
    assert_eq!(newest_good(&dir).as_ref(), made.last());
    fs::write(&made[3], "damaged").unwrap();
    assert_eq!(newest_good(&dir).as_ref(), Some(&made[2]));
}

#[test]
fn after_a_clock_was_set_back_the_backup_just_made_is_kept() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, schedule) = scheduled(temp.path(), 1);
    fs::create_dir_all(dir.backups()).unwrap();
    let of_the_future = dir.backups().join("scheduled-29990101T000000.000Z-c7.tar");
    take(&dir, &of_the_future, "x").unwrap();
    let made = schedule.once().unwrap().path;
    assert!(made.exists());
    assert!(!of_the_future.exists());
    let far = std::time::SystemTime::UNIX_EPOCH;
    assert!(
        schedule.until_next(far) <= std::time::Duration::from_secs(1),
        "a clock far back does not stop them"
    );
}

#[tokio::test]
async fn a_failed_scheduled_backup_alerts_and_is_counted_and_removes_nothing() {
    let temp = tempfile::tempdir().unwrap();
    let (dir, schedule) = scheduled(temp.path(), 1);
    let good = schedule.once().unwrap().path;
    fs::write(dir.data_db(), vec![7; 8192]).unwrap();
    let metrics = Metrics::new().unwrap();
    let (told, mut alerts) = tokio::sync::mpsc::channel(1);
    tokio::select! {
        () = schedule.run(metrics.clone(), |error| _ = told.try_send(error.to_string())) => {}
        () = tokio::time::sleep(std::time::Duration::from_secs(20)) => panic!("nobody was told"),
        alert = alerts.recv() => assert!(alert.unwrap().starts_with("data.db")),
    }
    assert_eq!(metrics.backup_failures.get(), 1);
    assert!(good.exists());
}
