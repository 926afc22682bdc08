//! Which pack a data directory is served with: the one named, else the one it remembers, else the one that
//! the set-up page chose of those in the binary, else, in a demo, the shop, else none.

use std::path::Path;

use crate::{
    app::{cli::Failure, data_dir::DataDir},
    pack::Pack,
    store::hub::{HubStore, settings},
};

/// The pack of `--demo`, inside the binary.
const DEMO: &str = "shop";

/// The pack to serve; `named` is `--app`, a directory or the name of a pack that ships.
///
/// # Errors
/// A bad pack, with file, line and reason; a remembered one that is gone.
pub fn choose(dir: &DataDir, named: Option<&Path>) -> Result<Pack, Failure> {
    if let Some(path) = named {
        return Pack::named(path).map_err(Failure::failed);
    }
    let builtin = builtin(dir)?;
    match remembered(dir)? {
        Some(path) => Pack::load(Path::new(&path)).map_err(|error| {
            Failure::failed(format_args!(
                "{error}\nthis is the pack that the data directory remembers, {path}; name another with --app"
            ))
        }),
        None => match builtin.as_deref().or(dir.is_demo().then_some(DEMO)) {
            Some(name) => Pack::embedded(name).map_err(Failure::failed),
            None => Ok(Pack::none()),
        },
    }
}

/// Notes which pack it is, for later starts and the command line. Call once the pack turned out good.
///
/// # Errors
/// Where `hub.db` cannot be written.
pub fn remember(dir: &DataDir, pack: &Pack) -> Result<(), Failure> {
    if pack.is_none() {
        return Ok(());
    }
    // A later start may be from another working directory.
    let path = pack.dir.as_ref().map(std::path::absolute).transpose()?;
    HubStore::open_in(dir.root())
        .and_then(|store| {
            store.write(|conn| match &path {
                Some(path) => settings::set(conn, settings::PACK_DIR, &path.to_string_lossy()),
                None => {
                    settings::remove(conn, settings::PACK_DIR)?;
                    settings::set(conn, settings::PACK_BUILTIN, &pack.name)
                }
            })
        })
        .map_err(Failure::failed)
}

/// The pack that the directory was served with before, where that is not this one.
pub fn another(dir: &DataDir, pack: &Pack) -> Option<String> {
    let name = match (remembered(dir).ok()?, builtin(dir).ok()?) {
        (Some(path), _) => Pack::load(Path::new(&path)).ok()?.name,
        (None, Some(name)) => name,
        (None, None) => dir.is_demo().then(|| DEMO.to_owned())?,
    };
    (name != pack.name).then_some(name)
}

/// Which pack inside the binary was named, or chosen on the set-up page.
fn builtin(dir: &DataDir) -> Result<Option<String>, Failure> {
    setting(dir, settings::PACK_BUILTIN)
}

/// Whether a pack was named for this directory before, so that it is not the set-up page's to choose.
pub fn is_settled(dir: &DataDir) -> Result<bool, Failure> {
    Ok(remembered(dir)?.is_some() || builtin(dir)?.is_some())
}

fn remembered(dir: &DataDir) -> Result<Option<String>, Failure> {
    setting(dir, settings::PACK_DIR)
}

fn setting(dir: &DataDir, name: &str) -> Result<Option<String>, Failure> {
    if !dir.hub_db().is_file() {
        return Ok(None);
    }
    HubStore::open_in(dir.root())
        .and_then(|store| store.read(|conn| settings::get(conn, name)))
        .map_err(Failure::failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn a_demo_has_the_shop_and_a_new_hub_has_none() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(temp.path(), &Config::default()).unwrap();
        assert!(choose(&dir, None).unwrap().is_none());
        dir.mark_demo(true).unwrap();
        assert_eq!(choose(&dir, None).unwrap().name, "shop");
    }

    #[test]
    fn the_pack_that_was_served_is_remembered() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(temp.path(), &Config::default()).unwrap();
        let mine = temp.path().join("mine");
        std::fs::create_dir(&mine).unwrap();
        std::fs::write(mine.join("app.toml"), "name = \"mine\"\n").unwrap();
        remember(&dir, &choose(&dir, Some(&mine)).unwrap()).unwrap();
        let again = choose(&dir, None).unwrap();
        assert_eq!(again.name, "mine");
        assert_eq!(again.dir, Some(mine));
    }

    #[test]
    fn a_pack_that_ships_goes_by_its_name_and_is_remembered() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(temp.path(), &Config::default()).unwrap();
        let clinic = choose(&dir, Some(Path::new("clinic"))).unwrap();
        assert_eq!((clinic.name.as_str(), &clinic.dir), ("clinic", &None));
        remember(&dir, &clinic).unwrap();
        assert_eq!(choose(&dir, None).unwrap().name, "clinic");
        assert!(choose(&dir, Some(Path::new("no-such-pack"))).is_err());
    }

    #[test]
    fn a_remembered_pack_that_is_gone_is_said_to_be() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(temp.path(), &Config::default()).unwrap();
        let gone = Pack {
            dir: Some(temp.path().join("gone")),
            name: "gone".into(),
            ..Pack::none()
        };
        remember(&dir, &gone).unwrap();
        let Err(Failure::Failed(message)) = choose(&dir, None) else {
            panic!("it was found")
        };
        assert!(message.contains("name another with --app"), "{message}");
    }
}
