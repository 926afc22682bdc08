//! Where backups go, decided on the set-up page: tried, then written into the data directory's configuration,
//! where a person finds and changes it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    config::{self, Loaded},
    protocol::{Code, Error, error::Result},
};

/// The longest time between backups, seconds: a year is a mistake.
const MOST_S: u64 = 31 * 24 * 3_600;

/// The file to add to: that of the data directory, as long as nothing says already where backups go.
pub fn file(loaded: &Loaded, data_dir: &Path) -> Option<PathBuf> {
    let own = data_dir.join(config::FILE_NAME);
    let is_settled = ["backup.dir", "backup.every_s", "backup.keep"]
        .iter()
        .any(|key| loaded.is_set(key));
    let another = loaded.file.as_ref().is_some_and(|file| *file != own);
    (!is_settled && !another && !has_section(&own)).then_some(own)
}

/// A section may stand there with nothing in it; TOML takes it only once.
fn has_section(file: &Path) -> bool {
    fs::read_to_string(file).is_ok_and(|text| {
        text.parse::<toml::Table>()
            .map_or(true, |table| table.contains_key("backup"))
    })
}

/// Tries the place and notes it.
///
/// # Errors
/// `invalid_request` where it is no place for backups.
pub fn settle(file: &Path, dir: &Path, every_s: u64) -> Result<()> {
    if !dir.is_absolute() || dir.to_str().is_none_or(|dir| dir.chars().any(char::is_control)) {
        return Err(Error::invalid(
            "The place of backups is a whole path, such as /media/disk/backups.",
        ));
    }
    if every_s > MOST_S {
        return Err(Error::invalid(
            "Backups are made at least once in 31 days, or not at all (0).",
        ));
    }
    try_out(dir).map_err(|cause| {
        Error::invalid("Nothing can be written in the place of backups.").caused_by(cause)
    })?;
    write(file, dir, every_s).map_err(|cause| {
        Error::new(Code::Unavailable, "The configuration file cannot be written.").caused_by(cause)
    })
}

fn try_out(dir: &Path) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let probe = dir.join(format!(".comptoir-{}", uuid::Uuid::new_v4().simple()));
    fs::write(&probe, b"")?;
    fs::remove_file(&probe)
}

/// Adds the section; written beside its place, then moved there: no crash leaves half a file.
fn write(file: &Path, dir: &Path, every_s: u64) -> io::Result<()> {
    let before = match fs::read_to_string(file) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let gap = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let dir = toml::Value::String(dir.to_string_lossy().into_owned());
    let text =
        format!("{before}{gap}\n# Written by the set-up page.\n[backup]\ndir = {dir}\nevery_s = {every_s}\n");
    let draft = file.with_extension("toml.new");
    fs::write(&draft, text)?;
    fs::File::open(&draft)?.sync_all()?;
    fs::rename(&draft, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_tried_and_noted_beside_what_was_there() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("comptoir.toml");
        fs::write(&file, "[log]\nlevel = \"warn\"").unwrap();
        let place = temp.path().join("ailleurs/\"l'été\"");
        settle(&file, &place, 86_400).unwrap();
        let loaded = config::load(Some(&file), []).unwrap();
        assert_eq!(loaded.config.backup.dir, Some(place));
        assert_eq!(loaded.config.backup.every_s, 86_400);
        assert_eq!(loaded.config.log.level, "warn");
        assert_eq!(super::file(&loaded, temp.path()), None, "it is settled now");
    }

    #[test]
    fn a_place_that_cannot_be_is_refused_before_anything_is_written() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("comptoir.toml");
        let occupied = temp.path().join("occupied");
        fs::write(&occupied, "").unwrap();
        for (dir, every_s) in [
            (Path::new("relative"), 0),
            (occupied.as_path(), 0),
            (temp.path(), MOST_S + 1),
        ] {
            assert!(settle(&file, dir, every_s).is_err(), "{}", dir.display());
        }
        assert!(!file.exists());
    }

    #[test]
    fn what_is_set_elsewhere_is_not_the_pages_to_change() {
        let temp = tempfile::tempdir().unwrap();
        let own = temp.path().join(config::FILE_NAME);
        assert_eq!(super::file(&Loaded::default(), temp.path()), Some(own.clone()));
        let another = Loaded {
            file: Some(temp.path().join("other.toml")),
            ..Loaded::default()
        };
        assert_eq!(super::file(&another, temp.path()), None);
        fs::write(&own, "[backup]\n").unwrap();
        assert_eq!(super::file(&Loaded::default(), temp.path()), None);
    }
}
