//! A small disk that a test can fill. Within [`super::isolated::with_own_mounts`].

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::isolated::ran;

pub struct SmallDisk {
    place: TempDir,
}

impl SmallDisk {
    #[track_caller]
    pub fn new(megabytes: u32) -> Self {
        let place = TempDir::new().unwrap();
        let size = format!("size={megabytes}m,mode=0700");
        let target = place.path().to_str().unwrap();
        assert!(ran(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", target]));
        Self { place }
    }

    pub fn path(&self) -> &Path {
        self.place.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Leaves not a byte.
    pub fn fill(&self) {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.ballast())
            .unwrap();
        let mut block = vec![0x5a_u8; 1 << 16];
        while !block.is_empty() {
            match file.write(&block) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::StorageFull => block.truncate(block.len() / 2),
                Err(e) => panic!("{e}"),
            }
        }
    }

    /// Gives back what [`fill`](Self::fill) took.
    pub fn relieve(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let target = self.path().to_string_lossy().into_owned();
        ran(&["umount", "-l", &target]);
    }
}
