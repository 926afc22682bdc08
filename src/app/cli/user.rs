//! `comptoir user`: accounts, on the data directory, also beside a running server, which sees the change
//! within a second and closes the sockets concerned.

use std::{
    io::{self, BufRead as _, IsTerminal as _},
    path::Path,
    sync::Arc,
};

use super::{
    Failure,
    output::{say, say_json, warn},
};
use crate::{
    auth::password,
    domain::{Role, Roles},
    hub::accounts::{
        UserPatch,
        acts::{self, By, Creation},
        directory, rules,
    },
    store::hub::{self, HubStore, users},
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
    List,
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

/// The roles that accounts may have.
pub struct Known {
    /// [`crate::hub::accounts::role_set::effective`] of the remembered pack.
    pub roles: Roles,
    /// Whether no pack was served from here yet: then a role may be named that is still to come.
    pub open: bool,
}

impl Known {
    /// The roles with `name` among them, or a refusal that says which there are.
    fn with(mut self, name: &str) -> Result<Roles, Failure> {
        if self.roles.get(name).is_some() {
            return Ok(self.roles);
        }
        if !self.open {
            let known: Vec<&str> = self.roles.iter().map(|role| &*role.name).collect();
            return Err(Failure::failed(format_args!(
                "there is no role {name}; this app has: {}",
                known.join(", ")
            )));
        }
        // On the error output: what a script reads stays as it is.
        warn(format_args!(
            "no app was served from this data directory yet, so nobody knows whether it has a role {name}"
        ));
        // Only its name is stored; what it may do is read from the pack when there is one.
        let role = Role {
            name: name.into(),
            admin: false,
            ..Role::builtin_administrator()
        };
        self.roles.0.insert(name.into(), Arc::new(role));
        Ok(self.roles)
    }
}

/// # Errors
/// What a person can act on.
pub fn run(args: Args, data_dir: &Path, known: Known, bcrypt_cost: u32) -> Result<(), Failure> {
    let Args { json, command } = args;
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
            let roles = known.with(&role)?;
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
                .write(|conn| acts::create_user(conn, &by, &roles, &new))
                .map_err(explain)?;
            let said = format!("{} may log in as {}.", user.username, user.role);
            tell(&store, json, &user.username, &said)
        }
        Command::List => list(&store, json),
        Command::Passwd { name, password_stdin } => {
            let id = id_of(&store, &name)?;
            let hash = read_and_hash(password_stdin, bcrypt_cost)?;
            let patch = UserPatch::default();
            store
                .write(|conn| acts::update_user(conn, &by, &known.roles, id, &patch, Some(&hash)))
                .map_err(explain)?;
            let said = format!("The password of {name} is set; its logins ended.");
            tell(&store, json, &name, &said)
        }
        Command::Role { name, role } => {
            let roles = known.with(&role)?;
            let said = format!("{name} is {role} now.");
            let patch = UserPatch {
                role: Some(role),
                ..UserPatch::default()
            };
            update(&store, &by, &roles, &name, &patch)?;
            tell(&store, json, &name, &said)
        }
        Command::Disable { name } => {
            update(&store, &by, &known.roles, &name, &active(false))?;
            let said = format!("{name} may not log in any more; its logins ended.");
            tell(&store, json, &name, &said)
        }
        Command::Enable { name } => {
            update(&store, &by, &known.roles, &name, &active(true))?;
            tell(&store, json, &name, &format!("{name} may log in again."))
        }
        Command::Remove { name } => {
            let id = id_of(&store, &name)?;
            store
                .write(|conn| acts::remove_user(conn, &by, &known.roles, id))
                .map_err(explain)?;
            if json {
                return say_json(&serde_json::json!({ "removed": name }));
            }
            say(format_args!("{name} is removed."))
        }
    }
}

/// The account as it is now, or the sentence.
fn tell(store: &HubStore, json: bool, name: &str, said: &str) -> Result<(), Failure> {
    if !json {
        return say(said);
    }
    let user = store
        .read(|conn| users::by_name(conn, name))
        .map_err(Failure::failed)?;
    say_json(&user.as_ref().map(directory::record))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::accounts::{ensure_administrator, role_set};

    fn roles() -> Roles {
        role_set::effective(&Roles::default())
    }

    fn known(open: bool) -> Known {
        Known { roles: roles(), open }
    }

    fn run_in(dir: &tempfile::TempDir, command: Command) -> Result<(), Failure> {
        let args = Args { json: false, command };
        run(args, dir.path(), known(false), 4)
    }

    fn said(result: Result<(), Failure>) -> String {
        match result {
            Err(Failure::Failed(message)) => message,
            other => panic!("expected a failure, not {other:?}"),
        }
    }

    #[test]
    fn who_does_not_exist_and_what_role_does_not_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let name = || "nobody".to_owned();
        assert!(said(run_in(&dir, Command::Disable { name: name() })).contains("nobody"));
        let role = Command::Role {
            name: name(),
            role: "king".into(),
        };
        let message = said(run_in(&dir, role));
        assert!(
            message.contains("king") && message.contains("administrator"),
            "{message}"
        );
    }

    #[test]
    fn the_last_administrator_is_not_removed() {
        let dir = tempfile::tempdir().unwrap();
        let store = HubStore::open_in(dir.path()).unwrap();
        ensure_administrator(&store, &roles(), 4).unwrap();
        let remove = Command::Remove { name: "admin".into() };
        assert!(said(run_in(&dir, remove)).contains("last active administrator"));
        assert!(run_in(&dir, Command::List).is_ok());
    }

    #[test]
    fn a_role_is_taken_on_trust_only_until_an_app_was_served() {
        assert!(known(false).with("vendeur").is_err());
        assert!(known(true).with("vendeur").unwrap().get("vendeur").is_some());
        assert!(known(false).with("administrator").is_ok());
    }
}
