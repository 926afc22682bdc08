//! Makes a backup, also beside a running server.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{app::data_dir::DataDir, domain::timestamp, hub::files::Shelf, store};

use super::{
    Error, Manifest,
    archive::{self, Member},
    manifest::FORMAT,
    staging::{Staging, sync_directory},
};

/// A backup that was made and read back.
#[derive(Debug)]
pub struct Taken {
    pub path: PathBuf,
    pub manifest: Manifest,
}

/// Whether a path that does not exist yet is meant as a directory.
fn names_a_directory(path: &Path) -> bool {
    path.extension().is_none() || path.as_os_str().to_string_lossy().ends_with(['/', '\\'])
}

/// Backs `dir` up to `target`: a file that does not exist yet, or a directory, in which the backup is
/// named after `prefix`, time and commit. What does not exist is a file where its name has an extension. The file appears whole or not at all.
///
/// # Errors
/// Nothing is left behind by a failure.
pub fn take(dir: &DataDir, target: &Path, prefix: &str) -> Result<Taken, Error> {
    for database in [dir.hub_db().as_path(), dir.data_db()] {
        if !database.is_file() {
            return Err(Error::NoDatabase(database.to_owned()));
        }
    }
    let into_directory = target.is_dir() || (!target.exists() && names_a_directory(target));
    let parent = if into_directory {
        target
    } else if target.exists() {
        return Err(Error::Exists(target.to_owned()));
    } else {
        target
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    };
    fs::create_dir_all(parent).map_err(Error::io(parent))?;
    let staging = Staging::new(parent).map_err(Error::io(parent))?;

    // Files never change and are there before their row: whatever hub.db is copied with is on the disk, as long as
    // nothing is removed meanwhile.
    let _hold = Shelf::hold(&dir.files()).map_err(Error::io(dir.files()))?;
    // The business database first: write audits leave it only once hub.db has them, so the later copy of
    // hub.db lacks none. What it has beyond the copy of data.db is history of writes that a restore undoes.
    let data_copy = staging.path().join("data.db");
    let commit = store::data::backup::copy(dir.data_db(), &data_copy).map_err(|cause| Error::Database {
        database: "data.db",
        cause: cause.to_string(),
    })?;
    let hub_copy = staging.path().join("hub.db");
    store::hub::backup_to(&dir.hub_db(), &hub_copy).map_err(|cause| Error::Database {
        database: "hub.db",
        cause: cause.to_string(),
    })?;

    let mut members = vec![
        Member {
            name: "hub.db".into(),
            path: hub_copy,
        },
        Member {
            name: "data.db".into(),
            path: data_copy,
        },
    ];
    collect(&dir.files(), "files", &mut members).map_err(Error::io(dir.files()))?;
    let mut entries = Vec::with_capacity(members.len());
    for member in &members {
        entries.push(archive::entry_of(member).map_err(Error::io(&member.path))?);
    }
    let at_ms = timestamp::now_ms();
    let manifest = Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").into(),
        at: timestamp::rfc3339(at_ms),
        commit,
        demo: dir.is_demo(),
        entries,
    };
    let unfinished = staging.path().join("backup.tar");
    archive::write(&unfinished, &manifest, &members).map_err(Error::io(parent))?;
    archive::verify(&unfinished)?;

    let path = if into_directory {
        target.join(file_name(prefix, &manifest))
    } else {
        target.to_owned()
    };
    // Not `rename`, which would replace a file that came in between.
    fs::hard_link(&unfinished, &path)
        .or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Err(error),
            // File systems without links (FAT on a memory stick).
            _ => fs::rename(&unfinished, &path),
        })
        .map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(path.clone()),
            _ => Error::io(&path)(cause),
        })?;
    sync_directory(parent).map_err(Error::io(parent))?;
    Ok(Taken { path, manifest })
}

/// `PREFIX-20251207T093000.000Z-c1234.tar`: sorts by time, and no colon for the sake of Windows.
fn file_name(prefix: &str, manifest: &Manifest) -> String {
    let time: String = manifest.at.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{prefix}-{time}-c{}.tar", manifest.commit)
}

/// Every file below `directory`, which need not exist.
fn collect(directory: &Path, name: &str, members: &mut Vec<Member>) -> io::Result<()> {
    let mut found = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        listing => listing?.collect::<io::Result<Vec<_>>>()?,
    };
    found.sort_by_key(fs::DirEntry::file_name);
    for entry in found {
        let file_name = entry.file_name();
        let file_name = file_name.to_string_lossy();
        if !Shelf::is_content(&file_name) {
            continue;
        }
        let name = format!("{name}/{file_name}");
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(&entry.path(), &name, members)?;
        } else if kind.is_file() {
            members.push(Member {
                name,
                path: entry.path(),
            });
        }
    }
    Ok(())
}
