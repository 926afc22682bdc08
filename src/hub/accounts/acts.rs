//! What an administrator does to accounts and terminals, over HTTP or on the command line: each act in the
//! caller's transaction, with its audit row in the same one.

use std::net::IpAddr;

use super::{records::UserPatch, role_set, rules};
use crate::{
    domain::{Peer, Principal, Roles, timestamp::now_ms},
    protocol::error::{Code, Error as Public},
    store::hub::{
        Connection, Result,
        audit::{self, NewRow},
        logins, rooms,
        terminals::{self, HERE, Terminal},
        users::{self, Changes, User},
    },
};

/// Who acts, for the audit.
#[derive(Debug, Clone)]
pub struct By {
    pub user_id: Option<i64>,
    pub username: Option<String>,
    pub address: String,
}

impl By {
    /// Somebody with a login.
    pub fn user(who: &Principal, peer: Peer) -> Self {
        Self {
            user_id: Some(who.user_id),
            username: Some(who.username.to_string()),
            address: rules::canonical(peer.address),
        }
    }

    /// Whoever may write in the data directory.
    pub fn console() -> Self {
        Self {
            user_id: None,
            username: None,
            address: "console".into(),
        }
    }

    /// An audit row of something that succeeded now.
    pub fn row(&self, action: &str, subject: &str, detail: Option<String>) -> NewRow {
        NewRow {
            at_ms: now_ms(),
            action: action.into(),
            user_id: self.user_id,
            username: self.username.clone(),
            address: Some(self.address.clone()),
            subject: Some(subject.into()),
            detail,
            outcome: "ok".into(),
            ..NewRow::default()
        }
    }
}

/// A new account, its password hashed already.
#[derive(Debug, Clone)]
pub struct Creation {
    pub username: String,
    pub display_name: Option<String>,
    pub role: String,
    pub lang: Option<String>,
    pub password_hash: String,
    pub must_change_password: bool,
}

pub fn create_user(conn: &mut Connection, by: &By, roles: &Roles, new: &Creation) -> Result<User> {
    rules::check_username(&new.username)?;
    rules::check_role(&new.role, roles)?;
    let display_name = new.display_name.as_deref().unwrap_or(&new.username);
    rules::check_display_name(display_name)?;
    let lang = new.lang.as_deref().unwrap_or(rules::DEFAULT_LANG);
    rules::check_lang(lang)?;
    let user = users::insert(
        conn,
        &users::NewUser {
            username: &new.username,
            display_name,
            role: &new.role,
            lang,
            password_hash: &new.password_hash,
            must_change_password: new.must_change_password,
            created_at_ms: now_ms(),
        },
    )?;
    let detail = format!("user created, role {}", user.role);
    audit::append(conn, &[by.row("admin", &user.username, Some(detail))])?;
    Ok(user)
}

/// Changes an account. `password_hash` stands for `patch.password`. A new password or `active: false` ends
/// the account's logins.
pub fn update_user(
    conn: &mut Connection,
    by: &By,
    roles: &Roles,
    id: i64,
    patch: &UserPatch,
    password_hash: Option<&str>,
) -> Result<User> {
    let before = users::by_id(conn, id)?.ok_or_else(no_such_user)?;
    if let Some(role) = &patch.role {
        rules::check_role(role, roles)?;
    }
    if let Some(name) = &patch.display_name {
        rules::check_display_name(name)?;
    }
    if let Some(lang) = &patch.lang {
        rules::check_lang(lang)?;
    }
    let keeps_administering = patch.active != Some(false)
        && patch
            .role
            .as_deref()
            .is_none_or(|role| roles.get(role).is_some_and(|role| role.admin));
    if !keeps_administering {
        keep_an_administrator(conn, roles, &before)?;
    }
    let changes = Changes {
        display_name: patch.display_name.as_deref(),
        role: patch.role.as_deref(),
        lang: patch.lang.as_deref(),
        password_hash,
        active: patch.active,
        must_change_password: patch.must_change_password.or(password_hash.map(|_| false)),
        last_login_at_ms: None,
    };
    let after = users::update(conn, id, &changes)?.ok_or_else(no_such_user)?;
    if after.role != before.role || (before.active && !after.active) {
        rooms::departed_everywhere(conn, id, &before.role)?;
    }
    if password_hash.is_some() || !after.active {
        logins::end_of_user(conn, id, None)?;
    }
    let detail = what_changed(&before, &after);
    audit::append(conn, &[by.row("admin", &after.username, Some(detail))])?;
    Ok(after)
}

/// Removes an account with its logins; what it wrote and its audit stay.
pub fn remove_user(conn: &mut Connection, by: &By, roles: &Roles, id: i64) -> Result<()> {
    let user = users::by_id(conn, id)?.ok_or_else(no_such_user)?;
    keep_an_administrator(conn, roles, &user)?;
    // While it is known which they are.
    rooms::departed_everywhere(conn, id, &user.role)?;
    users::remove(conn, id)?;
    audit::append(
        conn,
        &[by.row("admin", &user.username, Some("user removed".into()))],
    )?;
    Ok(())
}

/// `address`: `None` is the hub's own machine.
pub fn add_terminal(conn: &mut Connection, by: &By, name: &str, address: Option<IpAddr>) -> Result<Terminal> {
    rules::check_terminal_name(name)?;
    let terminal = Terminal {
        name: name.to_owned(),
        address: address.map_or_else(|| HERE.to_owned(), rules::canonical),
        created_at_ms: now_ms(),
    };
    terminals::insert(conn, &terminal)?;
    let detail = format!("terminal registered at {}", terminal.address);
    audit::append(conn, &[by.row("admin", name, Some(detail))])?;
    Ok(terminal)
}

pub fn remove_terminal(conn: &mut Connection, by: &By, name: &str) -> Result<()> {
    if !terminals::remove(conn, name)? {
        return Err(Public::new(Code::NotFound, "There is no such terminal.").into());
    }
    audit::append(conn, &[by.row("admin", name, Some("terminal removed".into()))])?;
    Ok(())
}

pub fn no_such_user() -> Public {
    Public::new(Code::NotFound, "There is no such user.")
}

fn keep_an_administrator(conn: &mut Connection, roles: &Roles, losing: &User) -> Result<()> {
    let administrators = role_set::administrators(roles);
    let counts = losing.active && administrators.contains(&losing.role.as_str());
    if counts && !users::another_active_with_role(conn, &administrators, losing.id)? {
        return Err(rules::last_administrator().into());
    }
    Ok(())
}

fn what_changed(before: &User, after: &User) -> String {
    let mut said = Vec::new();
    if before.role != after.role {
        said.push(format!("role {} instead of {}", after.role, before.role));
    }
    if before.active != after.active {
        said.push(if after.active {
            "enabled".into()
        } else {
            "disabled".into()
        });
    }
    if before.password_hash != after.password_hash {
        said.push("password set".into());
    }
    if !before.must_change_password && after.must_change_password {
        said.push("must change the password".into());
    }
    if before.display_name != after.display_name {
        said.push("display name".into());
    }
    if before.lang != after.lang {
        said.push("language".into());
    }
    if said.is_empty() {
        said.push("nothing changed".into());
    }
    format!("user changed: {}", said.join(", "))
}
