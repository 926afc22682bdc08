//! Whether both databases, the audit's chain and the files are whole. Reads only; also beside a running server.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader},
    path::Path,
};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

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
    let absent = |path: &Path| Err(format!("{} does not exist", path.display()));
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
    vec![
        item("data.db", data),
        item("hub.db", hub),
        item("audit", audit),
        item("files", files(dir)),
    ]
}

/// Reads every file: each that has a row is there, as it was uploaded.
fn files(dir: &DataDir) -> Finding {
    let hub_db = dir.hub_db();
    if !hub_db.is_file() {
        return Err("there is no hub.db to look into".to_owned());
    }
    let recorded = store::hub::recorded_files(&hub_db).map_err(|error| error.to_string())?;
    let mut wrong = Vec::new();
    for file in &recorded {
        match hash_of(&dir.files().join(&file.stored)) {
            Ok((bytes, hash)) if bytes == file.bytes && hash[..] == file.sha256[..] => {}
            Ok(_) => wrong.push(format!("{} is not what was uploaded", file.stored)),
            Err(cause) => wrong.push(format!("{}: {cause}", file.stored)),
        }
    }
    match wrong.as_slice() {
        [] => Ok(format!("{} files, each as it was uploaded", recorded.len())),
        [first, ..] => Err(format!("{} of {} files: {first}", wrong.len(), recorded.len())),
    }
}

fn hash_of(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    loop {
        let block = file.fill_buf()?;
        if block.is_empty() {
            return Ok((bytes, hash.finalize().into()));
        }
        hash.update(block);
        let read = block.len();
        bytes += read as u64;
        file.consume(read);
    }
}

fn item(what: &'static str, found: Finding) -> Item {
    let ok = found.is_ok();
    let (Ok(detail) | Err(detail)) = found;
    Item { what, ok, detail }
}
