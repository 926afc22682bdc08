//! The archive itself. What is read from one was perhaps made by somebody else: names and sizes are
//! checked before anything is written.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Component, Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{
    Error, Manifest,
    manifest::{Entry, FORMAT},
};

const MANIFEST: &str = "manifest.json";

/// More than any manifest, and little enough to hold in memory.
const MANIFEST_LIMIT: u64 = 256 << 20;

/// A file to be archived, under its name in the archive.
pub struct Member {
    pub name: String,
    pub path: PathBuf,
}

/// Size and checksum of `member` as it is now.
pub fn entry_of(member: &Member) -> io::Result<Entry> {
    let mut hash = Hashing::new(io::sink());
    let bytes = io::copy(&mut File::open(&member.path)?, &mut hash)?;
    Ok(Entry {
        name: member.name.clone(),
        bytes,
        sha256: hash.finish(),
    })
}

/// Writes the archive to the new file `to` and forces it to the disk.
pub fn write(to: &Path, manifest: &Manifest, members: &[Member]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut tar = tar::Builder::new(BufWriter::new(options.open(to)?));
    let text = serde_json::to_vec_pretty(manifest)?;
    tar.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice())?;
    for (member, entry) in members.iter().zip(&manifest.entries) {
        // Exactly the bytes that were counted; should the file have changed since, the checksum tells.
        let file = File::open(&member.path)?.take(entry.bytes);
        tar.append_data(&mut header(entry.bytes), &entry.name, file)?;
    }
    let file = tar
        .into_inner()?
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()
}

fn header(bytes: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_entry_type(tar::EntryType::Regular);
    header
}

/// Reads the whole archive and compares every checksum.
///
/// # Errors
/// [`Error::NotWhole`] says what is missing or differs.
pub fn verify(path: &Path) -> Result<Manifest, Error> {
    walk(path, |_| Ok(Box::new(io::sink())))
}

/// What a backup says of itself, without a look at the rest.
///
/// # Errors
/// [`Error::NotWhole`] where it does not begin as one.
pub fn read_first(path: &Path) -> Result<Manifest, Error> {
    let not_whole = |reason: String| Error::NotWhole {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(Error::io(path))?;
    let mut tar = tar::Archive::new(BufReader::new(file));
    let mut entries = tar.entries().map_err(|error| not_whole(error.to_string()))?;
    let first = entries
        .next()
        .ok_or_else(|| not_whole("it is empty".into()))?
        .map_err(|error| not_whole(error.to_string()))?;
    read_manifest(path, first)
}

/// [`verify`], writing the members below `into`, which must be empty.
pub fn unpack(path: &Path, into: &Path) -> Result<Manifest, Error> {
    walk(path, |name| {
        let target = into.join(name);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(Box::new(File::create_new(target)?))
    })
}

fn walk(path: &Path, mut sink: impl FnMut(&str) -> io::Result<Box<dyn Write>>) -> Result<Manifest, Error> {
    let not_whole = |reason: String| Error::NotWhole {
        path: path.to_owned(),
        reason,
    };
    let unreadable = |error: io::Error| not_whole(error.to_string());
    let file = File::open(path).map_err(Error::io(path))?;
    let mut tar = tar::Archive::new(BufReader::new(file));
    let mut entries = tar.entries().map_err(unreadable)?;
    let first = entries
        .next()
        .ok_or_else(|| not_whole("it is empty".into()))?
        .map_err(unreadable)?;
    let manifest = read_manifest(path, first)?;
    let mut expected: BTreeMap<&str, &Entry> = manifest
        .entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry))
        .collect();
    for found in entries {
        let mut found = found.map_err(unreadable)?;
        let name = String::from_utf8_lossy(&found.path_bytes()).into_owned();
        let entry = expected
            .remove(name.as_str())
            .filter(|_| is_safe(&name) && found.header().entry_type().is_file())
            .ok_or_else(|| not_whole(format!("`{name}` does not belong to it")))?;
        let mut target = Hashing::new(sink(&name).map_err(Error::io(path))?);
        let bytes = io::copy(&mut (&mut found).take(entry.bytes + 1), &mut target).map_err(|cause| {
            match cause.kind() {
                io::ErrorKind::StorageFull => Error::Full(path.to_owned()),
                _ => unreadable(cause),
            }
        })?;
        if bytes != entry.bytes || target.finish() != entry.sha256 {
            return Err(not_whole(format!("`{name}` differs from its checksum")));
        }
    }
    match expected.keys().next() {
        Some(name) => Err(not_whole(format!("`{name}` is missing"))),
        None => Ok(manifest),
    }
}

fn read_manifest(path: &Path, entry: impl Read) -> Result<Manifest, Error> {
    let not_whole = |reason: String| Error::NotWhole {
        path: path.to_owned(),
        reason,
    };
    let manifest: Manifest = serde_json::from_reader(BufReader::new(entry.take(MANIFEST_LIMIT)))
        .map_err(|_| not_whole("it does not begin with a manifest".into()))?;
    if manifest.format > FORMAT {
        return Err(Error::Newer {
            path: path.to_owned(),
            version: manifest.version,
        });
    }
    for needed in ["hub.db", "data.db"] {
        if !manifest.entries.iter().any(|entry| entry.name == needed) {
            return Err(not_whole(format!("`{needed}` is not in it")));
        }
    }
    Ok(manifest)
}

/// `hub.db`, `data.db`, or a plain path below `files/`.
fn is_safe(name: &str) -> bool {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    plain && (name == "hub.db" || name == "data.db" || path.starts_with("files"))
}

/// Hashes what passes through.
struct Hashing<W> {
    inner: W,
    hash: Sha256,
}

impl<W: Write> Hashing<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
        }
    }

    fn finish(self) -> String {
        self.hash
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_not_safe() {
        for name in ["hub.db", "data.db", "files/a", "files/ab/c"] {
            assert!(is_safe(name), "{name}");
        }
        for name in [
            "../hub.db",
            "/hub.db",
            "files/../../x",
            "token.key",
            "",
            "filesystem",
        ] {
            assert!(!is_safe(name), "{name}");
        }
    }
}
