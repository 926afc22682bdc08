//! `comptoir terminal`: machines that count as clients, wherever they are.

use std::{net::IpAddr, path::Path};

use super::{
    Failure,
    output::{say, say_json},
};
use crate::{
    hub::accounts::{
        acts::{self, By},
        directory,
    },
    store::hub::{self, HubStore, terminals},
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Answer as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

impl Args {
    /// Whether there may be nothing yet to work on.
    pub fn adds(&self) -> bool {
        matches!(self.command, Command::Add { .. })
    }
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Register a terminal, so that roles of clients may log in there
    Add {
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// List the registered terminals
    List,
    /// Forget a terminal
    Remove { name: String },
}

/// Where a terminal is.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// The hub's own machine
    #[arg(long)]
    here: bool,
    /// The machine at this address
    #[arg(long, value_name = "IP")]
    address: Option<IpAddr>,
}

/// # Errors
/// What a person can act on.
pub fn run(args: Args, data_dir: &Path) -> Result<(), Failure> {
    let Args { json, command } = args;
    let store = HubStore::open_in(data_dir).map_err(Failure::failed)?;
    let by = By::console();
    match command {
        Command::Add { name, place } => {
            let terminal = store
                .write(|conn| acts::add_terminal(conn, &by, &name, place.address))
                .map_err(explain)?;
            if json {
                return say_json(&directory::terminal_record(&terminal));
            }
            say(format_args!(
                "{} is a terminal at {}.",
                terminal.name, terminal.address
            ))
        }
        Command::List => {
            let found = store.read(terminals::all).map_err(Failure::failed)?;
            if json {
                let records: Vec<_> = found.iter().map(directory::terminal_record).collect();
                return say_json(&records);
            }
            for terminal in found {
                say(format_args!("{:<20} {}", terminal.name, terminal.address))?;
            }
            Ok(())
        }
        Command::Remove { name } => {
            store
                .write(|conn| acts::remove_terminal(conn, &by, &name))
                .map_err(explain)?;
            if json {
                return say_json(&serde_json::json!({ "removed": name }));
            }
            say(format_args!("{name} is no terminal any more."))
        }
    }
}

fn explain(error: hub::Error) -> Failure {
    match error {
        hub::Error::Refused(refusal) => Failure::failed(refusal.message),
        other => Failure::failed(other),
    }
}
