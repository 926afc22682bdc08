//! The first accounts of a data directory. Slow (bcrypt): before the server takes connections.

use super::{
    acts::{self, By, Creation},
    directory, role_set,
};
use crate::{
    auth::{initial_password, password},
    domain::Roles,
    executor::MirrorUser,
    pack::Pack,
    protocol::error::Result,
    store::hub::{HubStore, settings, users},
};

/// The account that a fresh data directory begins with. No `Debug`: to be printed once on the console.
pub struct InitialAdministrator {
    pub username: String,
    /// Must be changed at first login.
    pub password: String,
}

/// Where there is no account yet, makes `admin` with a random password, in the pack's first role that
/// administers. `roles`: from [`role_set::effective`].
pub fn ensure_administrator(
    store: &HubStore,
    roles: &Roles,
    bcrypt_cost: u32,
) -> Result<Option<InitialAdministrator>> {
    if store.read(users::count)? > 0 {
        return Ok(None);
    }
    let Some(role) = role_set::administrators(roles)
        .first()
        .map(|name| (*name).to_owned())
    else {
        return Ok(None);
    };
    let first = InitialAdministrator {
        username: "admin".into(),
        password: initial_password::generate(),
    };
    let new = Creation {
        username: first.username.clone(),
        display_name: None,
        role,
        lang: None,
        password_hash: password::hash(&first.password, bcrypt_cost)?,
        must_change_password: true,
    };
    store.write(|conn| {
        let user = acts::create_user(conn, &By::console(), roles, &new)?;
        settings::set(conn, settings::SETUP, &user.id.to_string())
    })?;
    Ok(Some(first))
}

/// Makes the pack's demo users that do not exist yet; for `--demo` alone, which listens on loopback.
/// Answers how many were made.
pub fn ensure_demo_users(store: &HubStore, pack: &Pack, roles: &Roles, bcrypt_cost: u32) -> Result<usize> {
    let mut made = 0;
    for demo in &pack.demo_users {
        if store.read(|conn| users::by_name(conn, &demo.username))?.is_some() {
            continue;
        }
        let new = Creation {
            username: demo.username.clone(),
            display_name: demo.display_name.clone(),
            role: demo.role.clone(),
            lang: demo.lang.clone(),
            password_hash: password::hash(&demo.password, bcrypt_cost)?,
            must_change_password: false,
        };
        store.write(|conn| acts::create_user(conn, &By::console(), roles, &new))?;
        made += 1;
    }
    Ok(made)
}

/// All accounts as the business database mirrors them, by id: for its start, before anything reads it.
pub fn mirror(store: &HubStore) -> Result<Vec<MirrorUser>> {
    let mut users: Vec<MirrorUser> = store.read(users::all)?.iter().map(directory::mirror_of).collect();
    users.sort_by_key(|user| user.id);
    Ok(users)
}
