//! The data directory: everything that a hub keeps, in one place, owned by one server at a time.
//!
//! ```text
//! hub.db  data.db        the databases (with -wal and -shm while open)
//! token.key             key of the access tokens, mode 0600, made on first start, never in a backup
//! files/                 what people sent each other
//! backups/               scheduled backups, unless `backup.dir` says elsewhere
//! comptoir.toml          configuration, if there is one
//! demo                   present: made by `serve --demo`
//! lock                   held by the running server
//! ```

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use crate::config::Config;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot use the data directory {path}: {cause}")]
    Io { path: PathBuf, cause: io::Error },
    #[error("there is no data directory {0}; name it with --data, or make it with `comptoir serve`")]
    Missing(PathBuf),
    #[error("the data directory {path} is in use by a running server{}; stop that one first, or choose another with --data", .pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    InUse { path: PathBuf, pid: Option<u32> },
    #[error(
        "the data directory {0} was not made by --demo; a demo adds users with known passwords, so give it a directory of its own with --data"
    )]
    NotDemo(PathBuf),
    #[error(
        "the data directory {0} was made by --demo and holds users with known passwords, so it is served on loopback only; add --demo, or choose another with --data"
    )]
    DemoInPublic(PathBuf),
    #[error(
        "a restore was cut short and {root} is half restored; run it again: comptoir restore {backup} --data {root} (what was there before is in {root}/before-restore-…)"
    )]
    HalfRestored { root: PathBuf, backup: String },
}

/// Where a `restore` notes what it puts back, while neither the old state nor the new one is whole.
const RESTORING: &str = "restoring";

/// A data directory, by path. Holding one gives no claim on it: see [`DataDir::lock`].
#[derive(Debug, Clone)]
pub struct DataDir {
    root: PathBuf,
    data_db: PathBuf,
    backups: PathBuf,
}

/// The claim of one server (or one `restore`) on a data directory; given up when dropped or when the
/// process ends in any way.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Notes where the server listens, for whoever asks beside it ([`DataDir::listening`]).
    ///
    /// # Errors
    /// Where the directory cannot be written.
    pub fn note_listening(&mut self, address: SocketAddr) -> io::Result<()> {
        writeln!(self.file, "{address}")
    }
}

impl DataDir {
    /// The directory at `root`, which must exist.
    ///
    /// # Errors
    /// [`Error::Missing`].
    pub fn open(root: &Path, config: &Config) -> Result<Self, Error> {
        if !root.is_dir() {
            return Err(Error::Missing(root.to_owned()));
        }
        Ok(Self::at(root, config))
    }

    /// The directory at `root`, made (readable by its owner alone) where it is absent.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be made or read.
    pub fn create(root: &Path, config: &Config) -> Result<Self, Error> {
        let io = |cause| Error::Io {
            path: root.to_owned(),
            cause,
        };
        if !root.exists() {
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(root).map_err(io)?;
        }
        fs::read_dir(root).map_err(io)?;
        Ok(Self::at(root, config))
    }

    fn at(root: &Path, config: &Config) -> Self {
        Self {
            root: root.to_owned(),
            data_db: config.data.path.clone().unwrap_or_else(|| root.join("data.db")),
            backups: config.backup.dir.clone().unwrap_or_else(|| root.join("backups")),
        }
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The hub's own database.
    pub fn hub_db(&self) -> PathBuf {
        self.root.join(crate::store::hub::FILE)
    }

    /// The business database: `data.path`, or `data.db` here.
    pub fn data_db(&self) -> &Path {
        &self.data_db
    }

    /// The key of the access tokens.
    pub fn token_key(&self) -> PathBuf {
        self.root.join(crate::auth::secret::FILE)
    }

    /// Keeps the business database to the owner of the process, where it was made just now.
    ///
    /// # Errors
    /// Where its mode cannot be set.
    #[cfg(unix)]
    pub fn make_data_private(&self) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        for beside in ["", "-wal", "-shm"] {
            let mut path = self.data_db.clone().into_os_string();
            path.push(beside);
            match fs::set_permissions(&path, fs::Permissions::from_mode(0o600)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Elsewhere the directory's rights are the file's.
    #[cfg(not(unix))]
    pub fn make_data_private(&self) -> io::Result<()> {
        Ok(())
    }

    /// What people sent each other.
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// Where scheduled backups, and those before migrations, go.
    pub fn backups(&self) -> &Path {
        &self.backups
    }

    /// Claims the directory as [`DataDir::lock`] does, and gives a server that is ending `patience` to let go of it:
    /// whoever kills a hub and starts the next at once need not wait in between.
    ///
    /// # Errors
    /// [`Error::InUse`] beside a server that goes on running.
    #[allow(clippy::disallowed_methods)] // nothing tells of a lock that another process lets go of
    pub fn lock_within(&self, patience: Duration) -> Result<Lock, Error> {
        let deadline = Instant::now() + patience;
        loop {
            match self.lock() {
                Err(Error::InUse { .. }) if Instant::now() < deadline => {
                    thread::sleep(Duration::from_millis(10))
                }
                claimed => return claimed,
            }
        }
    }

    /// Claims the directory for this process.
    ///
    /// # Errors
    /// [`Error::InUse`] beside a running server.
    pub fn lock(&self) -> Result<Lock, Error> {
        let io = |cause| Error::Io {
            path: self.root.clone(),
            cause,
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.root.join("lock"))
            .map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only for the message: the holder may not have written it yet.
                let pid = file
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.lines().next()?.trim().parse().ok());
                return Err(Error::InUse {
                    path: self.root.clone(),
                    pid,
                });
            }
            Err(TryLockError::Error(cause)) => return Err(io(cause)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(io)?;
        Ok(Lock { file })
    }

    /// Where the server that holds the directory listens, as far as it has said so.
    pub fn listening(&self) -> Option<SocketAddr> {
        let noted = fs::read_to_string(self.root.join("lock")).ok()?;
        noted.lines().nth(1)?.trim().parse().ok()
    }

    /// Marks the directory as half restored from `backup`, durably, or takes the mark away.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    pub fn mark_restoring(&self, backup: Option<&Path>) -> io::Result<()> {
        let marker = self.root.join(RESTORING);
        let Some(backup) = backup else {
            return fs::remove_file(marker);
        };
        let mut file = File::create(marker)?;
        write!(file, "{}", std::path::absolute(backup)?.display())?;
        file.sync_all()?;
        if cfg!(unix) {
            File::open(&self.root)?.sync_all()?;
        }
        Ok(())
    }

    /// Refuses a directory in which a restore did not come to its end: its databases may be of two states, or missing.
    ///
    /// # Errors
    /// [`Error::HalfRestored`].
    pub fn ensure_not_half_restored(&self) -> Result<(), Error> {
        match fs::read_to_string(self.root.join(RESTORING)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            noted => Err(Error::HalfRestored {
                root: self.root.clone(),
                backup: noted
                    .ok()
                    .filter(|path| !path.is_empty())
                    .unwrap_or_else(|| "FILE".into()),
            }),
        }
    }

    /// Whether it was made by `serve --demo`.
    pub fn is_demo(&self) -> bool {
        self.demo_marker().exists()
    }

    /// Marks the directory as a demo, or takes the mark away.
    ///
    /// # Errors
    /// Where the directory cannot be written.
    pub fn mark_demo(&self, demo: bool) -> io::Result<()> {
        if demo {
            return fs::write(self.demo_marker(), "made by comptoir serve --demo\n");
        }
        match fs::remove_file(self.demo_marker()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Settles whether this start is a demo. Call under the [`Lock`], before any database is made.
    /// A fresh directory takes the marker; the known passwords of a demo never meet real data, and are
    /// never served beyond this machine.
    ///
    /// # Errors
    /// [`Error::NotDemo`], [`Error::DemoInPublic`].
    pub fn settle_demo(&self, demo: bool, loopback_only: bool) -> Result<(), Error> {
        match (demo, self.is_demo()) {
            (true, false) if self.hub_db().exists() || self.root.join("data.db").exists() => {
                Err(Error::NotDemo(self.root.clone()))
            }
            (true, false) => self.mark_demo(true).map_err(|cause| Error::Io {
                path: self.root.clone(),
                cause,
            }),
            (false, true) if !loopback_only => Err(Error::DemoInPublic(self.root.clone())),
            _ => Ok(()),
        }
    }

    fn demo_marker(&self) -> PathBuf {
        self.root.join("demo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh() -> (tempfile::TempDir, DataDir) {
        let parent = tempfile::tempdir().unwrap();
        let dir = DataDir::create(&parent.path().join("a/data"), &Config::default()).unwrap();
        (parent, dir)
    }

    #[cfg(unix)]
    #[test]
    fn a_new_directory_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_parent, dir) = fresh();
        assert_eq!(
            fs::metadata(dir.root()).unwrap().permissions().mode() & 0o777,
            0o700
        );
    }

    #[test]
    fn two_servers_never_share_a_directory() {
        let (_parent, dir) = fresh();
        let lock = dir.lock().unwrap();
        let error = dir.lock().unwrap_err();
        let own = std::process::id();
        assert!(
            matches!(error, Error::InUse { pid: Some(pid), .. } if pid == own),
            "{error}"
        );
        drop(lock);
        dir.lock().unwrap();
    }

    #[test]
    fn a_server_that_is_ending_is_waited_for() {
        let (_parent, dir) = fresh();
        let lock = dir.lock().unwrap();
        assert!(matches!(
            dir.lock_within(Duration::from_millis(20)),
            Err(Error::InUse { .. })
        ));
        let next = thread::spawn(move || dir.lock_within(Duration::from_secs(30)).map(drop));
        drop(lock);
        next.join().unwrap().unwrap();
    }

    #[test]
    fn a_demo_does_not_take_a_directory_that_holds_real_data() {
        let (_parent, dir) = fresh();
        fs::write(dir.hub_db(), "").unwrap();
        assert!(matches!(dir.settle_demo(true, true), Err(Error::NotDemo(_))));
        assert!(!dir.is_demo());
        dir.settle_demo(false, false).unwrap();
    }

    #[test]
    fn demo_data_stays_on_loopback() {
        let (_parent, dir) = fresh();
        dir.settle_demo(true, true).unwrap();
        fs::write(dir.hub_db(), "").unwrap();
        dir.settle_demo(true, true).unwrap();
        dir.settle_demo(false, true).unwrap();
        assert!(matches!(
            dir.settle_demo(false, false),
            Err(Error::DemoInPublic(_))
        ));
    }
}
