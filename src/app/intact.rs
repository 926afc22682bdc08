//! Whether a data directory still holds what a hub left in it: a database that is gone or empty is damage,
//! not a fresh start. SQLite would make a new one without a word.

use std::path::{Path, PathBuf};

use crate::{
    app::data_dir::DataDir,
    store::hub::{self, HubStore, audit},
};

/// Why a data directory is not to be served as it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{} is missing or empty, though this data directory has had one; a hub that is to begin anew needs a directory of its own (--data)", .0.display()
    )]
    Lost(PathBuf),
    #[error(transparent)]
    Store(#[from] hub::Error),
}

impl Error {
    /// Whether a backup is the way on.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Store(hub::Error::Damaged(_)))
    }
}

/// Opens `hub.db`, after a look for what is lost or damaged.
///
/// # Errors
/// [`Error::Lost`]; those of [`HubStore::open_in`] and [`HubStore::look_for_damage`].
pub fn open(dir: &DataDir) -> Result<HubStore, Error> {
    // The key is made once `hub.db` is there, and goes with it when a backup is put back.
    if dir.token_key().exists() && is_lost(&dir.hub_db()) {
        return Err(Error::Lost(dir.hub_db()));
    }
    let store = HubStore::open_in(dir.root())?;
    store.look_for_damage()?;
    if is_lost(dir.data_db()) && store.read(audit::has_shipped)? {
        return Err(Error::Lost(dir.data_db().to_owned()));
    }
    Ok(store)
}

fn is_lost(path: &Path) -> bool {
    std::fs::metadata(path).map_or(true, |file| file.len() == 0)
}
