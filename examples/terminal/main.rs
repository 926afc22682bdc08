//! A terminal of the shop: log in, type SQL or a function call, see every change as it comes.
//! Kill the hub, start it again: this comes back by itself, misses nothing and does nothing twice.
//!
//!     cargo run --release --example terminal -- --user awa
//!
//! Written against the wire contract alone, with none of the hub's own code.

mod account;
mod client;
mod command;
mod link;
mod screen;
mod show;
mod words;

use std::{io::IsTerminal, process::ExitCode, time::Duration};

use clap::Parser;

use account::{Account, Refusal};
use client::{Client, Manner};
use screen::Screen;

/// How often a hub that is not there yet is asked again before giving up.
const LOGIN_ATTEMPTS: u32 = 8;

#[derive(Debug, Parser)]
struct Options {
    /// Who logs in.
    #[arg(long)]
    user: String,
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Asked for when missing; demo users have `demo`. Seen by others in the process list: for trials.
    #[arg(long, env = "COMPTOIR_PASSWORD", hide_env_values = true)]
    password: Option<String>,
    /// Raw frames on standard output, one a line; everything else on standard error.
    #[arg(long)]
    json: bool,
    /// Go on listening after the end of the input.
    #[arg(long)]
    stay: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("terminal: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: Options) -> Result<(), String> {
    if !options.server.starts_with("http://") {
        return Err("--server is http://ADDRESS:PORT".into());
    }
    let password = match options.password {
        Some(password) => password,
        None if std::io::stdin().is_terminal() => {
            rpassword::prompt_password("password: ").map_err(|cause| cause.to_string())?
        }
        None => return Err("no terminal to ask for the password: --password, or COMPTOIR_PASSWORD".into()),
    };
    let words = words::chosen();
    let mut account = Account::new(&options.server, &options.user, &password);
    log_in(&mut account)?;
    eprintln!("{} {}", words.logged_in, options.user);
    let (screen, lines) = Screen::start(format!("{}> ", options.user));
    Client::new(
        account,
        screen,
        lines,
        Manner {
            json: options.json,
            stay: options.stay,
            words,
        },
    )
    .run()
}

/// The first login: a hub that is just starting is waited for, a refusal is final.
fn log_in(account: &mut Account) -> Result<(), String> {
    let mut failures = 0;
    loop {
        match account.log_in() {
            Ok(()) => return Ok(()),
            Err(Refusal::Later(_)) if failures < LOGIN_ATTEMPTS => {
                #[expect(clippy::disallowed_methods, reason = "it waits before it comes back")]
                std::thread::sleep(link::backoff(failures) + Duration::from_millis(100));
                failures += 1;
            }
            Err(Refusal::Said(why) | Refusal::Later(why)) => return Err(why),
        }
    }
}
