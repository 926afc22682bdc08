//! `comptoir app check`: everything in a pack, run and undone.

use std::path::PathBuf;

use serde_json::json;

use super::{
    Failure, Global,
    output::{say, say_json},
};
use crate::{
    pack::{Pack, PackError},
    store::data::pack_check::{self, Outcome, Trial},
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pack's directory, or the name of one that ships
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// The database that the pack is for, where its migrations do not make the tables; only its schema is read
    /// [default: `database` in app.toml]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
    #[arg(long)]
    json: bool,
}

/// # Errors
/// Every fault of the pack with file, line and reason.
pub fn run(args: Args, _: &Global) -> Result<(), Failure> {
    let checked = Pack::named(&args.dir).and_then(|mut pack| {
        let database = args.database.or_else(|| pack.database.clone());
        let trials = pack_check::run_everything(&mut pack, database.as_deref())?;
        Ok((pack, trials))
    });
    match checked {
        Ok((pack, trials)) if args.json => say_json(&good(&pack, &trials)),
        Ok((pack, trials)) => report(&pack, &trials),
        Err(error) if args.json => {
            say_json(&bad(&error))?;
            Err(Failure::Reported)
        }
        Err(error) => Err(Failure::failed(format_args!("the pack is not good:\n{error}"))),
    }
}

fn report(pack: &Pack, trials: &[Trial]) -> Result<(), Failure> {
    for trial in trials {
        let how = match &trial.outcome {
            Outcome::Rows(1) => "1 row".to_owned(),
            Outcome::Rows(n) => format!("{n} rows"),
            Outcome::Refused(reason) => format!("refused: {reason}"),
        };
        let ms = trial.elapsed.as_secs_f64() * 1000.0;
        say(format_args!("  {:<28} {ms:>7.1} ms  {how}", trial.function))?;
    }
    say(format_args!(
        "{}: {} roles, {} migrations, {} functions, {} rules: all good",
        pack.name,
        pack.roles.0.len(),
        pack.migrations.len(),
        pack.functions.len(),
        pack.rules.len()
    ))
}

fn good(pack: &Pack, trials: &[Trial]) -> serde_json::Value {
    let functions: Vec<_> = trials
        .iter()
        .map(|trial| {
            let (rows, refused) = match &trial.outcome {
                Outcome::Rows(n) => (Some(*n), None),
                Outcome::Refused(reason) => (None, Some(reason)),
            };
            json!({
                "name": trial.function,
                "read_only": pack.functions.get(&trial.function).is_some_and(|f| f.read_only),
                "rows": rows,
                "refused": refused,
                "elapsed_ms": trial.elapsed.as_secs_f64() * 1000.0,
            })
        })
        .collect();
    json!({
        "ok": true,
        "name": pack.name,
        "roles": pack.roles.0.len(),
        "migrations": pack.migrations.len(),
        "functions": functions,
        "problems": [],
    })
}

fn bad(error: &PackError) -> serde_json::Value {
    let problems: Vec<_> = error
        .problems
        .iter()
        .map(|problem| json!({ "file": problem.file, "line": problem.line, "reason": problem.reason }))
        .collect();
    json!({ "ok": false, "problems": problems })
}
