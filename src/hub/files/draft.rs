//! An upload on its way to the disk. Its hash is made while it is written; what is dropped before its end leaves nothing.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use super::kind;

/// See the module. Its methods wait for the disk: they are for blocking threads.
pub struct Draft {
    file: File,
    path: PathBuf,
    hash: Sha256,
    size: u64,
    head: Vec<u8>,
    /// Moved into its place, so that there is nothing to remove.
    kept: bool,
}

impl Draft {
    /// At the new file `path`, for the hub alone.
    pub(super) fn create(path: PathBuf) -> io::Result<Self> {
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self {
            file: options.open(&path)?,
            path,
            hash: Sha256::new(),
            size: 0,
            head: Vec::new(),
            kept: false,
        })
    }

    /// Appends.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        let missing = kind::HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The first bytes, which tell what it is.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    pub(super) fn sha256(&self) -> [u8; 32] {
        self.hash.clone().finalize().into()
    }

    /// Forces the bytes to the disk and gives them the name `target`; durable once that directory is synced.
    pub(super) fn place(mut self, target: &std::path::Path) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.path, target)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept
            && let Err(cause) = fs::remove_file(&self.path)
        {
            tracing::warn!(%cause, "an unfinished upload could not be removed; the next start does");
        }
    }
}
