//! Puts a backup back. What was there is moved aside, never deleted.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    app::data_dir::{DataDir, Lock},
    domain::{Epoch, timestamp},
    store,
};

use super::{
    Error, Manifest, archive,
    staging::{Staging, sync_directory},
};

/// A backup that was put back.
#[derive(Debug)]
pub struct Restored {
    pub manifest: Manifest,
    /// The restored hub's identity: terminals fetch their state anew.
    pub epoch: Epoch,
    /// Where what was there before is now; `None` where there was nothing.
    pub moved_aside: Option<PathBuf>,
}

/// Restores `file` into `dir`, which the caller holds locked. Verified in full before anything is touched.
///
/// # Errors
/// Up to the first move nothing has changed. From there on, and where the process is killed, the directory is marked as
/// half restored: it is served again only once a restore has come to its end.
pub fn restore(dir: &DataDir, _claim: &Lock, file: &Path) -> Result<Restored, Error> {
    let staging = Staging::new(dir.root()).map_err(Error::io(dir.root()))?;
    let manifest = archive::unpack(file, staging.path())?;
    let (hub, data) = (staging.path().join("hub.db"), staging.path().join("data.db"));
    store::hub::check(&hub).map_err(in_database("hub.db"))?;
    let problems = store::data::check::check(&data).map_err(in_database("data.db"))?;
    if let Some(first) = problems.first() {
        return Err(in_database("data.db")(first));
    }
    let old_epoch = store::data::backup::epoch(&data).map_err(in_database("data.db"))?;
    let epoch = store::data::backup::renew_epoch(&data).map_err(in_database("data.db"))?;
    let ends = store::data::backup::outbox_ends(&data).map_err(in_database("data.db"))?;
    store::hub::rebase_shipped(&hub, &old_epoch.to_string(), &epoch.to_string(), ends)
        .map_err(in_database("hub.db"))?;

    let stamp: String = timestamp::rfc3339(timestamp::now_ms())
        .chars()
        .filter(|c| !matches!(c, '-' | ':'))
        .collect();
    let aside = format!("before-restore-{stamp}");
    // From here to the end neither the old state nor the new one is whole.
    dir.mark_restoring(Some(file)).map_err(Error::io(dir.root()))?;
    let mut moved = false;
    // The log of a database goes with it: left behind, SQLite would play it into the restored file.
    for database in [dir.hub_db().as_path(), dir.data_db()] {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            moved |= set_aside(&with_suffix(database, suffix), &aside)?;
        }
    }
    // Tokens of before must not open what is restored.
    moved |= set_aside(&dir.token_key(), &aside)?;
    moved |= set_aside(&dir.files(), &aside)?;

    // Before the databases: known passwords must not be without their mark, not for a moment.
    dir.mark_demo(manifest.demo).map_err(Error::io(dir.root()))?;
    place(&hub, &dir.hub_db())?;
    place(&data, dir.data_db())?;
    let files = staging.path().join("files");
    if files.is_dir() {
        sync_tree(&files).map_err(Error::io(dir.files()))?;
        fs::rename(&files, dir.files()).map_err(Error::io(dir.files()))?;
    }
    keep_private(&[dir.hub_db().as_path(), &dir.files()]).map_err(Error::io(dir.root()))?;
    sync_directory(dir.root()).map_err(Error::io(dir.root()))?;
    dir.mark_restoring(None).map_err(Error::io(dir.root()))?;
    sync_directory(dir.root()).map_err(Error::io(dir.root()))?;
    Ok(Restored {
        manifest,
        epoch,
        moved_aside: moved.then(|| dir.root().join(aside)),
    })
}

/// As the hub itself makes them: for its own account alone, whatever was unpacked.
#[cfg(unix)]
fn keep_private(paths: &[&Path]) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    for path in paths.iter().filter(|path| path.exists()) {
        let mode = if path.is_dir() { 0o700 } else { 0o600 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_private(_: &[&Path]) -> io::Result<()> {
    Ok(())
}

fn in_database<E: std::fmt::Display>(database: &'static str) -> impl FnOnce(E) -> Error {
    move |cause| Error::Database {
        database,
        cause: cause.to_string(),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Moves `path` into the directory `aside` beside it; beside it, so that it is a rename and not a copy.
fn set_aside(path: &Path, aside: &str) -> Result<bool, Error> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(false);
    };
    if !path.exists() {
        return Ok(false);
    }
    let directory = parent.join(aside);
    fs::create_dir_all(&directory).map_err(Error::io(&directory))?;
    fs::rename(path, directory.join(name)).map_err(Error::io(path))?;
    Ok(true)
}

/// Forces a directory and what is in it to the disk.
fn sync_tree(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_tree(&entry.path())?;
        } else {
            fs::File::open(entry.path())?.sync_all()?;
        }
    }
    sync_directory(directory)
}

/// Moves a staged file to its place, which may be on another disk (`data.path`).
fn place(staged: &Path, target: &Path) -> Result<(), Error> {
    fs::File::open(staged)
        .and_then(|file| file.sync_all())
        .map_err(Error::io(staged))?;
    match fs::rename(staged, target) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => fs::copy(staged, target)
            .and_then(|_| fs::File::open(target)?.sync_all())
            .map_err(Error::io(target)),
        done => done.map_err(Error::io(target)),
    }
}
