//! The directory of the files. Flat: one file each under a random name, thumbnails beside; `incoming` holds uploads
//! that are not whole yet.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use uuid::Uuid;

use super::Draft;

const INCOMING: &str = "incoming";
const LOCK: &str = "lock";
const THUMBNAIL: &str = ".thumb";

/// Left free for the databases, bytes: uploads alone never fill the disk.
const RESERVE: u64 = 4 << 20;

/// See the module.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
    opened: SystemTime,
}

/// While it is held, nothing is removed from the shelf.
#[derive(Debug)]
pub struct Hold {
    _lock: File,
}

impl Shelf {
    /// Makes the directories, and clears away uploads that a killed process left. For the holder of the data directory.
    pub fn open(root: &Path) -> io::Result<Self> {
        let incoming = root.join(INCOMING);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&incoming)?;
        for left in fs::read_dir(&incoming)? {
            fs::remove_file(left?.path())?;
        }
        Ok(Self {
            root: root.to_owned(),
            opened: SystemTime::now(),
        })
    }

    /// Whether this name below the directory is of a file that people uploaded, or its thumbnail.
    pub fn is_content(name: &str) -> bool {
        name != INCOMING && name != LOCK
    }

    /// Keeps whoever removes files away, in this process or another: for copies of the whole directory. `None`: there
    /// is no such directory.
    pub fn hold(root: &Path) -> io::Result<Option<Hold>> {
        if !root.is_dir() {
            return Ok(None);
        }
        let lock = open_lock(root)?;
        lock.lock_shared()?;
        Ok(Some(Hold { _lock: lock }))
    }

    pub(super) fn draft(&self) -> io::Result<Draft> {
        Draft::create(self.root.join(INCOMING).join(new_name()))
    }

    /// Gives a draft, and its thumbnail if there is one, their place for good. Answers its name.
    pub(super) fn keep(&self, draft: Draft, thumbnail: Option<&[u8]>) -> io::Result<String> {
        let name = new_name();
        if let Some(bytes) = thumbnail {
            let mut small = self.draft()?;
            small.write(bytes)?;
            small.place(&self.thumbnail(&name))?;
        }
        let placed = draft.place(&self.content(&name)).and_then(|()| self.sync());
        if placed.is_err() {
            self.remove(&name);
        }
        placed.map(|()| name)
    }

    pub(super) fn content(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(super) fn thumbnail(&self, name: &str) -> PathBuf {
        self.root.join(format!("{name}{THUMBNAIL}"))
    }

    /// Removes a file with its thumbnail. What cannot be removed has no row, and the next start tries again.
    pub(super) fn remove(&self, name: &str) {
        for path in [self.content(name), self.thumbnail(name)] {
            if let Err(cause) = fs::remove_file(path)
                && cause.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%cause, "a file could not be removed; the next start does");
            }
        }
    }

    /// Removes what lay here before this start and is not `known`: left by a crash between the disk and the row, or
    /// between the row and the disk.
    pub(super) fn remove_unknown(&self, known: &HashSet<String>) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.root)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let stem = name.strip_suffix(THUMBNAIL).unwrap_or(&name);
            let meta = entry.metadata()?;
            let is_old = meta.modified().is_ok_and(|at| at < self.opened);
            if meta.is_file() && is_old && Self::is_content(&name) && !known.contains(stem) {
                fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// The right to remove files; `None` while somebody copies them.
    pub(super) fn begin_removing(&self) -> io::Result<Option<File>> {
        let lock = open_lock(&self.root)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(lock)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(cause)) => Err(cause),
        }
    }

    /// Refuses where so many more bytes would leave the databases no room.
    pub(super) fn has_room_for(&self, bytes: u64) -> io::Result<()> {
        #[cfg(unix)]
        {
            let space = rustix::fs::statvfs(&self.root)?;
            if space.f_bavail.saturating_mul(space.f_frsize) < bytes.saturating_add(RESERVE) {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        #[cfg(not(unix))]
        let _ = (bytes, RESERVE);
        Ok(())
    }

    /// Makes the renames durable. Windows has no such call, and its renames are journalled.
    fn sync(&self) -> io::Result<()> {
        if cfg!(unix) {
            File::open(&self.root)?.sync_all()?;
        }
        Ok(())
    }
}

fn open_lock(root: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(root.join(LOCK))
}

fn new_name() -> String {
    Uuid::new_v4().simple().to_string()
}
