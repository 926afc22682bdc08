//! The files of a pack: from a directory, or from the copy inside the binary.

use std::{collections::BTreeMap, fs, path::Path};

use include_dir::{Dir, include_dir};

use super::{PackError, Source, error::Problems};

/// The packs that ship, so that `serve --demo` works from anywhere.
static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/apps");

/// Larger files are a mistake: a pack is text that people write.
const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Texts by path relative to the pack, with `/` between folders.
#[derive(Debug, Default)]
pub struct Files(BTreeMap<String, String>);

impl Files {
    /// Reads `app.toml`, `notifications.toml`, `labels.toml`, `seed.sql` and the `.sql` files of `migrations` and `functions`.
    pub fn read(dir: &Path) -> Result<Self, PackError> {
        if !dir.is_dir() {
            let reason = "this is not a directory: a pack is a directory with an app.toml";
            return Err(PackError::one(dir.display().to_string(), 0, reason));
        }
        let mut files = Self::default();
        let mut problems = Problems::default();
        for name in ["app.toml", "notifications.toml", "labels.toml", "seed.sql"] {
            files.read_one(dir, name, &mut problems);
        }
        for folder in ["migrations", "functions"] {
            let path = dir.join(folder);
            if !path.exists() {
                continue;
            }
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(cause) => {
                    problems.add(folder, 0, format!("cannot be read: {cause}"));
                    continue;
                }
            };
            for entry in entries {
                match entry {
                    Ok(entry) => {
                        let name = entry.file_name().to_string_lossy().into_owned();
                        if name.ends_with(".sql") {
                            files.read_one(dir, &format!("{folder}/{name}"), &mut problems);
                        }
                    }
                    Err(cause) => problems.add(folder, 0, format!("cannot be read: {cause}")),
                }
            }
        }
        problems.into_result()?;
        Ok(files)
    }

    fn read_one(&mut self, dir: &Path, name: &str, problems: &mut Problems) {
        let path = dir.join(name);
        match fs::metadata(&path) {
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return,
            Err(cause) => return problems.add(name, 0, format!("cannot be read: {cause}")),
            Ok(metadata) if metadata.len() > MAX_FILE_BYTES => {
                return problems.add(name, 0, "is larger than 16 MiB");
            }
            Ok(_) => {}
        }
        match fs::read_to_string(&path) {
            Ok(text) => self.insert(name.to_owned(), &text),
            Err(cause) => problems.add(name, 0, format!("cannot be read: {cause}")),
        }
    }

    /// The files of a pack inside the binary; `None` where there is no such pack.
    pub fn embedded(name: &str) -> Option<Self> {
        let dir = EMBEDDED.get_dir(name)?;
        let mut files = Self::default();
        let mut folders = vec![dir];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            for file in folder.files() {
                let Ok(path) = file.path().strip_prefix(name) else {
                    continue;
                };
                let path = path.to_string_lossy().replace('\\', "/");
                if let Some(text) = file.contents_utf8() {
                    files.insert(path, text);
                }
            }
        }
        Some(files)
    }

    fn insert(&mut self, name: String, text: &str) {
        // Editors on Windows begin a file with a byte order mark, which is not SQL.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        self.0.insert(name, text.to_owned());
    }

    pub fn get(&self, name: &str) -> Option<Source> {
        self.0.get(name).map(|text| Source {
            file: name.to_owned(),
            text: text.clone(),
        })
    }

    /// The `.sql` files of a folder, by name.
    pub fn sql_in(&self, folder: &str) -> impl Iterator<Item = Source> {
        let prefix = format!("{folder}/");
        self.0
            .iter()
            .filter(move |(name, _)| name.starts_with(&prefix) && name.ends_with(".sql"))
            .map(|(name, text)| Source {
                file: name.clone(),
                text: text.clone(),
            })
    }
}

/// Names of the packs inside the binary.
pub fn embedded_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED
        .dirs()
        .filter_map(|dir| dir.path().file_name().and_then(|name| name.to_str()))
}
