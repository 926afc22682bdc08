//! The key that signs access tokens: made on first start, readable by the hub's account alone.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use rand::RngCore as _;

/// Name of the file in the data directory.
pub const FILE: &str = "token.key";
/// Bytes of the key.
pub const LEN: usize = 32;

/// Reads the key of a data directory, or makes it.
///
/// # Errors
/// A file of another length is refused rather than replaced: it may be somebody's mistake with a backup.
pub fn load_or_create(data_dir: &Path) -> io::Result<[u8; LEN]> {
    let path = data_dir.join(FILE);
    match fs::read(&path) {
        Ok(bytes) => {
            keep_private(&path)?;
            bytes.try_into().map_err(|_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{FILE} in the data directory is damaged; remove it to make a new one (everybody logs in again)"),
                )
            })
        }
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => create(data_dir, &path),
        Err(cause) => Err(cause),
    }
}

/// Written beside its place, then moved there: no crash leaves half a key.
fn create(data_dir: &Path, path: &Path) -> io::Result<[u8; LEN]> {
    let mut key = [0; LEN];
    rand::rng().fill_bytes(&mut key);
    let draft = data_dir.join(format!("{FILE}.new"));
    let _ = fs::remove_file(&draft); // what a crash left
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(&key)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    #[cfg(unix)]
    fs::File::open(data_dir)?.sync_all()?;
    Ok(key)
}

#[cfg(unix)]
fn keep_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!("{FILE} was readable by others; it is private again");
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let made = load_or_create(dir.path()).unwrap();
        assert_ne!(made, [0; LEN]);
        assert_eq!(load_or_create(dir.path()).unwrap(), made);
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_for_its_owner_alone_even_if_it_was_opened_up() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        load_or_create(dir.path()).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        load_or_create(dir.path()).unwrap();
        assert_eq!(mode(), 0o600);
    }

    #[test]
    fn a_damaged_key_is_not_replaced_silently() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE), b"short").unwrap();
        assert!(load_or_create(dir.path()).is_err());
    }
}
