//! `comptoir check`.

use super::{
    Failure, Global,
    output::{say, say_json},
};
use crate::app::{backup, check};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Answer as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: &Args, global: &Global) -> Result<(), Failure> {
    let (_, dir) = global.open()?;
    let report = check::check(&dir);
    let good = report.iter().all(|item| item.ok);
    if args.json {
        say_json(&report)?;
    } else {
        for item in &report {
            let mark = if item.ok { "ok " } else { "BAD" };
            say(format_args!("{mark}  {:<8} {}", item.what, item.detail))?;
        }
        if !good && let Some(newest) = backup::newest_good(&dir) {
            say(format_args!("the newest good backup is {}", newest.display()))?;
        }
    }
    if good { Ok(()) } else { Err(Failure::Reported) }
}
