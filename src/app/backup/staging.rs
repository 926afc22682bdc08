//! A directory for work in progress, beside where its result will be, gone when dropped.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

pub struct Staging(PathBuf);

impl Staging {
    /// Makes a new one in `parent`, for its owner alone.
    pub fn new(parent: &Path) -> io::Result<Self> {
        let path = parent.join(format!(".comptoir-{}", Uuid::new_v4().simple()));
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "a directory of work in progress could not be removed");
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
