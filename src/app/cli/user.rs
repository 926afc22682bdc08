//! `comptoir user`: accounts, on the data directory, also beside a running server, which sees the change
//! within a second and closes the sockets concerned.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    path::Path,
};

use super::{
    Failure,
    output::{say, say_json},
};
use crate::{
    auth::password,
    domain::Roles,
    hub::accounts::{
        UserPatch,
        acts::{self, By, Creation},
        directory, rules,
    },
    store::hub::{self, HubStore, users},
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make an account
    Add {
        name: String,
        /// A role of the app
        #[arg(long)]
        role: String,
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// fr, en or ar
        #[arg(long)]
        lang: Option<String>,
        /// Read the password from the first line of the standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the accounts
    List {
        #[arg(long)]
        json: bool,
    },
    /// Set a password; ends the account's logins
    Passwd {
        name: String,
        /// Read the password from the first line of the standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account another role; closes its sockets
    Role { name: String, role: String },
    /// Keep somebody from logging in; ends the account's logins
    Disable { name: String },
    /// Let somebody log in again
    Enable { name: String },
    /// Remove an account; what it wrote stays
    Remove { name: String },
}

/// `roles`: those that accounts may have ([`crate::hub::accounts::role_set::effective`] of the remembered pack).
///
/// # Errors
/// What a person can act on.
pub fn run(command: Command, data_dir: &Path, roles: &Roles, bcrypt_cost: u32) -> Result<(), Failure> {
    let store = HubStore::open_in(data_dir).map_err(Failure::failed)?;
    let by = By::console();
    match command {
        Command::Add {
            name,
            role,
            display_name,
            lang,
            password_stdin,
        } => {
            // Before anybody types a password in vain.
            rules::check_username(&name).map_err(|refusal| Failure::failed(refusal.message))?;
            check_role(&role, roles)?;
            let password_hash = read_and_hash(password_stdin, bcrypt_cost)?;
            let new = Creation {
                username: name,
                display_name,
                role,
                lang,
                password_hash,
                must_change_password: false,
            };
            let user = store
                .write(|conn| acts::create_user(conn, &by, roles, &new))
                .map_err(explain)?;
            say(format_args!("{} may log in as {}.", user.username, user.role))
        }
        Command::List { json } => list(&store, json),
        Command::Passwd { name, password_stdin } => {
            let id = id_of(&store, &name)?;
            let hash = read_and_hash(password_stdin, bcrypt_cost)?;
            let patch = UserPatch::default();
            store
                .write(|conn| acts::update_user(conn, &by, roles, id, &patch, Some(&hash)))
                .map_err(explain)?;
            say(format_args!("The password of {name} is set; its logins ended."))
        }
        Command::Role { name, role } => {
            check_role(&role, roles)?;
            let said = format!("{name} is {role} now.");
            let patch = UserPatch {
                role: Some(role),
                ..UserPatch::default()
            };
            update(&store, &by, roles, &name, &patch)?;
            say(said)
        }
        Command::Disable { name } => {
            update(&store, &by, roles, &name, &active(false))?;
            say(format_args!("{name} may not log in any more; its logins ended."))
        }
        Command::Enable { name } => {
            update(&store, &by, roles, &name, &active(true))?;
            say(format_args!("{name} may log in again."))
        }
        Command::Remove { name } => {
            let id = id_of(&store, &name)?;
            store
                .write(|conn| acts::remove_user(conn, &by, roles, id))
                .map_err(explain)?;
            say(format_args!("{name} is removed."))
        }
    }
}

fn active(active: bool) -> UserPatch {
    UserPatch {
        active: Some(active),
        ..UserPatch::default()
    }
}

fn update(store: &HubStore, by: &By, roles: &Roles, name: &str, patch: &UserPatch) -> Result<(), Failure> {
    let id = id_of(store, name)?;
    store
        .write(|conn| acts::update_user(conn, by, roles, id, patch, None))
        .map(drop)
        .map_err(explain)
}

fn list(store: &HubStore, json: bool) -> Result<(), Failure> {
    let users = store.read(users::all).map_err(Failure::failed)?;
    if json {
        let records: Vec<_> = users.iter().map(directory::record).collect();
        return say_json(&records);
    }
    if users.is_empty() {
        return say("There are no accounts yet: `comptoir user add NAME --role ROLE` makes one.");
    }
    for user in users {
        let state = match (user.active, user.must_change_password) {
            (false, _) => "disabled",
            (true, true) => "must change the password",
            (true, false) => "",
        };
        let line = format!(
            "{:<20} {:<16} {:<24} {state}",
            user.username, user.role, user.display_name
        );
        say(line.trim_end())?;
    }
    Ok(())
}

fn id_of(store: &HubStore, name: &str) -> Result<i64, Failure> {
    let found = store
        .read(|conn| users::by_name(conn, name))
        .map_err(Failure::failed)?;
    found
        .map(|user| user.id)
        .ok_or_else(|| Failure::failed(format_args!("there is no user {name}; see `comptoir user list`")))
}

fn check_role(role: &str, roles: &Roles) -> Result<(), Failure> {
    if roles.get(role).is_some() {
        return Ok(());
    }
    let known: Vec<&str> = roles.iter().map(|role| &*role.name).collect();
    Err(Failure::failed(format_args!(
        "there is no role {role}; this app has: {}",
        known.join(", ")
    )))
}

fn read_and_hash(from_stdin: bool, bcrypt_cost: u32) -> Result<String, Failure> {
    let password = if from_stdin { read_line()? } else { ask()? };
    password::check_new(&password)
        .and_then(|()| password::hash(&password, bcrypt_cost))
        .map_err(|refusal| Failure::failed(refusal.message))
}

fn read_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn ask() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "there is no terminal to ask for the password on; give it on the standard input with --password-stdin",
        ));
    }
    let first = rpassword::prompt_password("New password: ")?;
    if first == rpassword::prompt_password("Again: ")? {
        Ok(first)
    } else {
        Err(Failure::failed("the two passwords differ"))
    }
}

/// Refusals are sentences for a person; anything else says what is wrong with the machine.
fn explain(error: hub::Error) -> Failure {
    match error {
        hub::Error::Refused(refusal) => Failure::failed(refusal.message),
        other => Failure::failed(other),
    }
}
