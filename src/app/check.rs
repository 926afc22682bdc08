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
        path => match store::data::check::check(path) {
            Ok(problems) if problems.is_empty() => Ok("whole".to_owned()),
            Ok(problems) => Err(problems.join("; ")),
            Err(error) => Err(error.to_string()),
        },
    };
    let hub_db = dir.hub_db();
    let (hub, audit) = if hub_db.is_file() {
        (
            store::hub::check(&hub_db)
                .map(|()| "whole".to_owned())
                .map_err(|error| error.to_string()),
            store::hub::verify_audit(&hub_db)
                .map(|entries| format!("{entries} entries, none edited, removed or moved"))
                .map_err(|error| error.to_string()),
        )
    } else {
        (absent(&hub_db), Err("there is no hub.db to look into".to_owned()))
    };
    vec![item("data.db", data), item("hub.db", hub), item("audit", audit)]
}

fn item(what: &'static str, found: Finding) -> Item {
    let ok = found.is_ok();
    let (Ok(detail) | Err(detail)) = found;
    Item { what, ok, detail }
}
