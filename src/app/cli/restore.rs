//! `comptoir restore FILE`.

use std::path::PathBuf;

use serde_json::json;

use super::{
    DataDir, Failure, Global,
    output::{say, say_json},
};
use crate::app::backup;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The backup; of a directory, the newest that is whole
    file: PathBuf,
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let loaded = global.load()?;
    let file = if args.file.is_dir() {
        backup::newest_good_in(&args.file).ok_or_else(|| {
            Failure::failed(format_args!(
                "there is no whole backup in {}",
                args.file.display()
            ))
        })?
    } else if args.file.is_file() {
        args.file.clone()
    } else {
        return Err(Failure::failed(format_args!(
            "there is no file {}",
            args.file.display()
        )));
    };
    let dir = DataDir::create(&global.data, &loaded.config)?;
    let claim = dir.lock()?;
    let restored = backup::restore(&dir, &claim, &file)?;
    let manifest = &restored.manifest;
    if args.json {
        return say_json(&json!({
            "file": file,
            "commit": manifest.commit,
            "at": manifest.at,
            "epoch": restored.epoch,
            "moved_aside": restored.moved_aside,
        }));
    }
    say(format_args!(
        "restored from {}: the state of {}, commit {}",
        file.display(),
        manifest.at,
        manifest.commit
    ))?;
    say(format_args!(
        "new epoch {}: everybody logs in again, and terminals fetch their data anew",
        restored.epoch
    ))?;
    match &restored.moved_aside {
        Some(path) => say(format_args!("what was here before is in {}", path.display())),
        None => Ok(()),
    }
}
