//! `comptoir config show|check|default`.

use serde_json::json;

use super::{
    Failure, Global,
    output::{say, say_json},
};
use crate::config::{Config, DEFAULT_TOML, masked, to_toml};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print what is in force, secrets masked
    Show {
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say whether the configuration can be used
    Check {
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every setting with its default and its meaning
    Default {
        /// Answer as JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(command: Command, global: &Global) -> Result<(), Failure> {
    match command {
        Command::Show { json: true } => say_json(&masked(&global.load()?.config)),
        Command::Show { json: false } => {
            let loaded = global.load()?;
            for (key, source) in &loaded.sources {
                say(format_args!("# {key}: from {source}"))?;
            }
            say(to_toml(&loaded.config).map_err(Failure::failed)?.trim_end())
        }
        Command::Check { json: true } => match global.load() {
            Ok(loaded) => say_json(&json!({ "ok": true, "file": loaded.file })),
            Err(Failure::Failed(message) | Failure::Usage(message)) => {
                say_json(&json!({ "ok": false, "error": message }))?;
                Err(Failure::Reported)
            }
            Err(other) => Err(other),
        },
        Command::Check { json: false } => match global.load()?.file {
            Some(file) => say(format_args!("ok: {}", file.display())),
            None => say("ok: no configuration file, the defaults and the environment apply"),
        },
        Command::Default { json: true } => say_json(&Config::default()),
        Command::Default { json: false } => say(DEFAULT_TOML.trim_end()),
    }
}
