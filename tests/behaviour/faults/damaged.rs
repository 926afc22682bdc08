//! Files that are not as they were left.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rand::RngCore;
use serde_json::json;
use tempfile::TempDir;

use super::books::{everything_is_in_order, line, lines};
use crate::support::{
    Hub, cli,
    isolated::{ran, with_own_mounts},
};

/// A stopped hub's directory, with enough in both databases to have a middle, and the whole backup in it.
struct Stopped {
    home: TempDir,
    backup: PathBuf,
}

impl Stopped {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let data = home.path().join("data");
        let mut hub = Hub::with().unthrottled().data(&data).start();
        let (mut awa, mut admin) = (hub.socket("awa"), hub.socket("admin"));
        for n in 0..200 {
            line(&mut awa, &format!("{n}"));
        }
        let filling = "INSERT INTO pieces(contenu) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n \
                       LIMIT 200) SELECT randomblob(3000) FROM n";
        admin.query(filling, json!([])).unwrap();
        everything_is_in_order(&hub);
        let client = hub.as_user("admin");
        let good = client.post("/api/admin/backup", &json!({})).ok()["file"].clone();
        let bad = client.post("/api/admin/backup", &json!({})).ok()["file"].clone();
        hub.stop();
        let backups = data.join("backups");
        fs::write(backups.join(bad.as_str().unwrap()), "damaged too").unwrap();
        Self {
            backup: backups.join(good.as_str().unwrap()),
            home,
        }
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// What a start says to the file `name` once `damage` was done to it; the file is put back as it was.
    fn refusal(&self, name: &str, damage: &dyn Fn(&Path)) -> String {
        let path = self.data().join(name);
        let whole = fs::read(&path).unwrap();
        damage(&path);
        let (code, said) = Hub::with().data(self.data()).start_and_fail();
        assert_eq!(code, 1, "{said}");
        assert!(!said.contains("panicked"), "{said}");
        for side in ["-wal", "-shm"] {
            let _ = fs::remove_file(self.data().join(format!("{name}{side}")));
        }
        fs::write(&path, whole).unwrap();
        said
    }
}

fn overwrite(path: &Path, from: usize, to: usize) {
    let mut bytes = fs::read(path).unwrap();
    let end = to.min(bytes.len());
    rand::rng().fill_bytes(&mut bytes[from..end]);
    fs::write(path, bytes).unwrap();
}

fn cut(path: &Path, part: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let len = file.metadata().unwrap().len();
    file.set_len(len * part / 10).unwrap();
}

#[test]
fn a_damaged_database_is_refused_at_the_start_with_the_newest_good_backup() {
    let stopped = Stopped::new();
    let middle = |path: &Path| {
        let len = fs::metadata(path).unwrap().len() as usize;
        overwrite(path, len / 3 / 4096 * 4096, len * 2 / 3 / 4096 * 4096);
    };
    type Damage<'a> = (&'a str, &'a dyn Fn(&Path));
    let damages: [Damage<'_>; 6] = [
        ("its header", &|path| overwrite(path, 0, 100)),
        ("its first page", &|path| overwrite(path, 100, 4096)),
        ("pages in its middle", &middle),
        ("cut in half", &|path| cut(path, 5)),
        ("cut to nothing", &|path| cut(path, 0)),
        ("gone", &|path| fs::remove_file(path).unwrap()),
    ];
    for name in ["data.db", "hub.db"] {
        for (what, damage) in &damages {
            let said = stopped.refusal(name, damage);
            assert!(said.contains(name), "{name}, {what}: {said}");
            assert!(
                said.contains(stopped.backup.to_str().unwrap()),
                "{name}, {what}: the newest good backup is named: {said}"
            );
        }
    }
    // And whole again it starts; as it does from the backup that was named.
    let mut hub = Hub::with().data(stopped.data()).start();
    everything_is_in_order(&hub);
    hub.stop();
    overwrite(&stopped.data().join("data.db"), 0, 8192);
    hub.cli(&["restore", stopped.backup.to_str().unwrap()])
        .succeeded();
    hub.restart();
    assert_eq!(lines(&hub).len(), 200);
}

#[test]
fn what_a_kill_left_in_the_logs_is_there_after_the_start_and_rubbish_behind_it_is_not() {
    let mut hub = Hub::with().unthrottled().start();
    let mut awa = hub.socket("awa");
    for n in 0..30 {
        line(&mut awa, &format!("{n}"));
    }
    hub.kill();
    for name in ["data.db-wal", "hub.db-wal"] {
        let path = hub.data_dir().join(name);
        let mut log = fs::read(&path).unwrap();
        assert!(!log.is_empty(), "{name}");
        // A frame that was being written when the power went.
        let mut torn = vec![0; 3000];
        rand::rng().fill_bytes(&mut torn);
        log.extend(torn);
        fs::write(&path, log).unwrap();
    }
    hub.restart();
    assert_eq!(
        hub.socket("awa").value("SELECT count(*) FROM lignes", json!([])),
        30
    );
    everything_is_in_order(&hub);
}

/// Made read-only by a mount, which binds root too.
fn read_only(path: &Path) {
    let path = path.to_str().unwrap();
    assert!(ran(&["mount", "--bind", path, path]));
    assert!(ran(&["mount", "-o", "remount,bind,ro", path]));
}

#[test]
fn a_read_only_directory_or_file_is_named_at_the_start() {
    with_own_mounts(|| {
        for name in ["", "data.db", "hub.db"] {
            let home = TempDir::new().unwrap();
            let data = home.path().join("data");
            let mut hub = Hub::with().data(&data).start();
            hub.stop();
            let target = if name.is_empty() {
                data.clone()
            } else {
                data.join(name)
            };
            read_only(&target);
            let (code, said) = Hub::with().data(&data).start_and_fail();
            assert_eq!(code, 1, "{said}");
            assert!(said.contains(target.to_str().unwrap()), "{name}: {said}");
            assert!(
                said.to_lowercase().contains("read") || said.contains("write"),
                "{name}: {said}"
            );
            // Looking is still allowed.
            if name == "data.db" {
                let text = data.to_str().unwrap();
                cli::run(&["audit", "verify", "--data", text], "", &[]).succeeded();
            }
            assert!(ran(&["umount", target.to_str().unwrap()]));
            hub.restart();
        }
    });
}
