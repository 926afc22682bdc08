//! The command line: one file per command. Each has its arguments as a clap type and a `run`.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage. What a command answers goes to the standard output,
//! everything else to the error output.

mod audit;
mod backup;
mod app_check;
mod app_new;
mod check;
mod config;
mod doctor;
mod output;
mod restore;
mod serve;
mod terminal;
mod types;
mod user;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

use crate::{
    app::{data_dir::DataDir, packs},
    config::{self as settings, Loaded},
    hub::accounts::role_set,
};

pub use output::Failure;

#[derive(Parser)]
#[command(
    name = "comptoir",
    version,
    about,
    propagate_version = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The data directory
    #[arg(long, global = true, value_name = "DIR", default_value = "data")]
    pub data: PathBuf,
    /// The configuration file [default: comptoir.toml in the data directory, else here]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl Global {
    /// The configuration in force for this command.
    ///
    /// # Errors
    /// Names the file and line, or the variable, that is wrong.
    pub fn load(&self) -> Result<Loaded, Failure> {
        let found;
        let file: Option<&Path> = match &self.config {
            Some(file) => Some(file),
            None => {
                found = settings::find_file(&self.data);
                found.as_deref()
            }
        };
        // Names and values that are not text cannot be ours.
        let vars = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Ok(settings::load(file, vars)?)
    }

    /// The data directory of a command that needs one to exist.
    ///
    /// # Errors
    /// As [`Global::load`]; or where there is none.
    pub fn open(&self) -> Result<(Loaded, DataDir), Failure> {
        let loaded = self.load()?;
        let dir = DataDir::open(&self.data, &loaded.config)?;
        dir.ensure_not_half_restored()?;
        Ok((loaded, dir))
    }
}

#[derive(Subcommand)]
enum Command {
    /// Run the hub
    Serve(serve::Args),
    /// Accounts: add, list, passwd, role, disable, enable, remove (also beside a running server)
    User(user::Args),
    /// Registered terminals: add, list, remove
    Terminal(terminal::Args),
    /// Back up both databases and the files, also beside a running server
    Backup(backup::Args),
    /// Put a backup back; what was there is moved aside
    Restore(restore::Args),
    /// Check that both databases and the audit are whole
    Check(check::Args),
    /// The audit: verify, export
    #[command(subcommand)]
    Audit(audit::Command),
    /// App packs: new, check
    #[command(subcommand)]
    App(AppCommand),
    /// Print TypeScript types of the app's tables and functions
    Types(types::Args),
    /// The configuration: show, check, default
    #[command(subcommand)]
    Config(config::Command),
    /// Look for what would keep the hub from working here
    Doctor(doctor::Args),
}

#[derive(Subcommand)]
enum AppCommand {
    /// Make a new pack
    New(app_new::Args),
    /// Run everything in a pack, rolled back
    Check(app_check::Args),
}

/// Reads the arguments, runs the command, and reports what went wrong.
pub fn main() -> ExitCode {
    // On wrong usage clap prints why and exits with 2 by itself.
    let Cli { global, command } = Cli::parse();
    let done = match command {
        Command::Serve(args) => serve::run(args, &global),
        Command::User(args) => manage_users(args, &global),
        Command::Terminal(args) => manage_terminals(args, &global),
        Command::Backup(args) => backup::run(&args, &global),
        Command::Restore(args) => restore::run(&args, &global),
        Command::Check(args) => check::run(&args, &global),
        Command::Audit(command) => global.open().and_then(|(_, dir)| audit::run(command, dir.root())),
        Command::App(AppCommand::New(args)) => app_new::run(args, &global),
        Command::App(AppCommand::Check(args)) => app_check::run(args, &global),
        Command::Types(args) => types::run(args, &global),
        Command::Config(command) => config::run(command, &global),
        Command::Doctor(args) => doctor::run(&args, &global),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// Accounts may be made before the first start, so `add` makes the data directory where it is missing.
fn manage_users(args: user::Args, global: &Global) -> Result<(), Failure> {
    let config = global.load()?.config;
    let dir = data_dir(global, &config, args.adds())?;
    let pack = packs::choose(&dir, None)?;
    let known = user::Known {
        roles: role_set::effective(&pack.roles),
        open: pack.is_none() && !dir.data_db().is_file(),
    };
    user::run(args, dir.root(), known, config.auth.bcrypt_cost)
}

/// As [`manage_users`].
fn manage_terminals(args: terminal::Args, global: &Global) -> Result<(), Failure> {
    let config = global.load()?.config;
    let dir = data_dir(global, &config, args.adds())?;
    terminal::run(args, dir.root())
}

fn data_dir(global: &Global, config: &settings::Config, may_be_new: bool) -> Result<DataDir, Failure> {
    let dir = match may_be_new {
        true => DataDir::create(&global.data, config)?,
        false => DataDir::open(&global.data, config)?,
    };
    dir.ensure_not_half_restored()?;
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_takes_data_and_config() {
        for words in [
            &["comptoir", "check", "--data", "d", "--config", "c"][..],
            &["comptoir", "config", "show", "--data", "d", "--config", "c"],
            &["comptoir", "--data", "d", "--config", "c", "backup", "out"],
        ] {
            let cli = Cli::try_parse_from(words).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(cli.global.data, Path::new("d"));
            assert_eq!(cli.global.config.as_deref(), Some(Path::new("c")));
        }
    }
}
