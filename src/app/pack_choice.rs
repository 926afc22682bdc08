//! Which pack a hub serves: the one named now, else the one its data directory remembers, else none.

use std::path::{Path, PathBuf};

use crate::{
    pack::Pack,
    store::{
        data::pack_check,
        hub::{HubStore, settings},
    },
};

use super::cli::Failure;

/// How a pack inside the binary is remembered.
const EMBEDDED: &str = "embedded:";

/// The pack that a demo without `--app` shows.
const DEMO: &str = "shop";

/// Chooses, reads and checks the pack, and remembers the choice.
pub fn choose(store: &HubStore, named: Option<&Path>, demo: bool, data_db: &Path) -> Result<Pack, Failure> {
    let mut pack = match (named, remembered(store)?) {
        (Some(dir), _) => {
            // Remembered in full: the next start may be in another directory.
            let dir = dir.canonicalize().map_err(|cause| Failure::failed(format!("{}: {cause}", dir.display())))?;
            remember(store, &dir.to_string_lossy())?;
            Pack::load(&dir)
        }
        (None, Some(known)) => read(&known),
        (None, None) if demo => {
            remember(store, &format!("{EMBEDDED}{DEMO}"))?;
            Pack::embedded(DEMO)
        }
        (None, None) => Ok(Pack::none()),
    }
    .map_err(Failure::failed)?;
    if !pack.is_none() {
        // Without migrations the pack is for a database that is there already.
        let existing = Some(data_db).filter(|path| pack.migrations.is_empty() && path.is_file());
        pack_check::check_against(&mut pack, existing).map_err(Failure::failed)?;
    }
    Ok(pack)
}

/// The pack that the data directory remembers, read but not checked against a database.
pub fn known(store: &HubStore) -> Result<Pack, Failure> {
    match remembered(store)? {
        Some(known) => read(&known).map_err(Failure::failed),
        None => Ok(Pack::none()),
    }
}

fn read(known: &str) -> Result<Pack, crate::pack::error::PackError> {
    match known.strip_prefix(EMBEDDED) {
        Some(name) => Pack::embedded(name),
        None => Pack::load(&PathBuf::from(known)),
    }
}

fn remembered(store: &HubStore) -> Result<Option<String>, Failure> {
    store.read(|conn| settings::get(conn, settings::PACK_DIR)).map_err(Failure::failed)
}

fn remember(store: &HubStore, known: &str) -> Result<(), Failure> {
    store.write(|conn| settings::set(conn, settings::PACK_DIR, known)).map_err(Failure::failed)
}
