//! `comptoir backup DIR|FILE`.

use std::path::PathBuf;

use serde_json::json;

use super::{
    Failure, Global,
    output::{say, say_json},
};
use crate::app::backup;

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
    let taken = backup::take(&dir, &args.target, "comptoir")?;
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
