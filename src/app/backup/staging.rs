//! A directory for work in progress, beside where its result will be, gone when dropped. What a killed
//! process left is cleared away by the next one: each holds a lock in its own, which ends with the process.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

const PREFIX: &str = ".comptoir-";
const LOCK: &str = "lock";
/// A directory that has no lock for this long was left by a process that was killed as it made it.
const UNLOCKED: Duration = Duration::from_secs(3600);

pub struct Staging {
    path: PathBuf,
    /// Given up before the directory is removed.
    lock: Option<File>,
}

impl Staging {
    /// Makes a new one in `parent`, for its owner alone.
    pub fn new(parent: &Path) -> io::Result<Self> {
        clear_abandoned(parent);
        let path = parent.join(format!("{PREFIX}{}", Uuid::new_v4().simple()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        let mut staging = Self { path, lock: None };
        // Locked before it has its name: one without a lock is never taken for abandoned.
        let unnamed = staging.path.join("unlocked");
        let lock = File::create(&unnamed)?;
        // File systems without locks (some network shares): then what a killed process leaves, stays.
        if lock.try_lock().is_ok() {
            fs::rename(&unnamed, staging.path.join(LOCK))?;
            staging.lock = Some(lock);
        }
        Ok(staging)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        self.lock = None;
        if let Err(error) = fs::remove_dir_all(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a directory of work in progress could not be removed");
        }
    }
}

/// Removes the directories in `parent` whose process has ended. A failure is not this one's: it is tried again.
fn clear_abandoned(parent: &Path) {
    let Ok(listing) = fs::read_dir(parent) else { return };
    for entry in listing.flatten() {
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        // Killed before its lock had a name: nobody works in it any more after so long.
        let is_old = || {
            let modified = entry.metadata().and_then(|it| it.modified()).ok();
            modified.is_some_and(|at| at.elapsed().is_ok_and(|age| age > UNLOCKED))
        };
        let abandoned = match File::open(entry.path().join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => is_old(),
        };
        if abandoned {
            match fs::remove_dir_all(entry.path()) {
                Ok(()) => {
                    tracing::info!(path = %entry.path().display(), "cleared away what a killed process left")
                }
                Err(error) => tracing::warn!(%error, "what a killed process left could not be removed"),
            }
        }
    }
}

/// Makes a rename in `directory` survive a loss of power.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    // Windows has no such call, and its renames are journalled.
    if cfg!(unix) {
        fs::File::open(directory)?.sync_all()?;
    }
    Ok(())
}
