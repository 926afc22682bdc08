//! `comptoir backup DIR|FILE`.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::{
    DataDir, Failure, Global,
    output::{say, say_json, warn},
};
use crate::{
    app::backup,
    hub::accounts::acts::By,
    protocol::Code,
    store::hub::{HubStore, audit},
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A directory, in which the backup is named after its time, or the file to make (with an extension: `x.tar`)
    #[arg(value_name = "DIR|FILE")]
    target: PathBuf,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let (_, dir) = global.open()?;
    let taken = backup::take(&dir, &args.target, "comptoir");
    if dir.hub_db().is_file() {
        audit(&dir, &args.target, &taken);
    }
    let taken = taken?;
    let commit = taken.manifest.commit;
    if args.json {
        say_json(&json!({ "file": taken.path, "commit": commit, "at": taken.manifest.at }))
    } else {
        say(format_args!(
            "{}: whole, at commit {commit}",
            taken.path.display()
        ))
    }
}

/// Whoever copies all of the data is in the audit, as he is where he asks for it in the console. A backup that was made is
/// one all the same where this cannot be written.
fn audit(dir: &DataDir, target: &Path, taken: &Result<backup::Taken, backup::Error>) {
    let path = taken.as_ref().map_or(target, |taken| &taken.path);
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut row = By::console().row("admin", "backup", Some(path.display().to_string()));
    match taken {
        Ok(taken) => row.commit = i64::try_from(taken.manifest.commit).ok(),
        Err(_) => row.outcome = Code::Unavailable.as_str().into(),
    }
    let written =
        HubStore::open_existing(dir.root()).and_then(|store| store.write(|conn| audit::append(conn, &[row])));
    if let Err(cause) = written {
        warn(format_args!(
            "the backup could not be noted in the audit: {cause}"
        ));
    }
}
