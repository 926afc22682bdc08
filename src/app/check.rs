//! Whether both databases and the audit's chain are whole. Reads only; also beside a running server.

use serde::Serialize;

use crate::{app::data_dir::DataDir, store};

/// What was found, in words; `Err` is what is wrong.
pub type Finding = Result<String, String>;

/// One line of the report.
#[derive(Debug, Serialize)]
pub struct Item {
    pub what: &'static str,
    pub ok: bool,
    pub detail: String,
}

/// Checks everything; all items are reported, also after the first bad one.
pub fn check(dir: &DataDir) -> Vec<Item> {
    let absent = |path: &std::path::Path| Err(format!("{} does not exist", path.display()));
    let data = match dir.data_db() {
        path if !path.is_file() => absent(path),
        path => check_data(path).map(|()| "whole, and the hub's books in it agree".to_owned()),
    };
    let hub_db = dir.hub_db();
    let (hub, audit) = if hub_db.is_file() {
        (
            store::hub::backup::check(&hub_db)
                .map(|()| "whole".to_owned())
                .map_err(|error| error.to_string()),
            store::hub::backup::verify_audit(&hub_db)
                .map(|entries| format!("{entries} entries, none edited, removed or moved"))
                .map_err(|error| error.to_string()),
        )
    } else {
        (absent(&hub_db), Err("there is no hub.db to look into".to_owned()))
    };
    vec![item("data.db", data), item("hub.db", hub), item("audit", audit)]
}

/// Says the first thing that is wrong with the business database.
pub fn check_data(path: &std::path::Path) -> Result<(), String> {
    let problems = store::data::check::check(path).map_err(|error| error.to_string())?;
    match problems.into_iter().next() {
        None => Ok(()),
        Some(first) => Err(first),
    }
}

fn item(what: &'static str, found: Finding) -> Item {
    let ok = found.is_ok();
    let (Ok(detail) | Err(detail)) = found;
    Item { what, ok, detail }
}
