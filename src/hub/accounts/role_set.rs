//! Questions about the roles of a hub as a whole.

use std::sync::Arc;

use crate::domain::{Role, Roles};

/// The roles that accounts may have: those of the pack, and the builtin administrator where no role of the
/// pack administers (a hub that nobody can administer would be lost).
pub fn effective(pack: &Roles) -> Roles {
    let mut roles = pack.clone();
    if !roles.iter().any(|role| role.admin) {
        let builtin = Role::builtin_administrator();
        roles.0.insert(Arc::clone(&builtin.name), Arc::new(builtin));
    }
    roles
}

/// The names of the roles that administer.
pub fn administrators(roles: &Roles) -> Vec<&str> {
    roles
        .iter()
        .filter(|role| role.admin)
        .map(|role| &*role.name)
        .collect()
}

/// The roles whose users are in the room of everyone: all but external ones.
pub fn internal(pack: &Roles) -> Vec<Arc<str>> {
    effective(pack)
        .iter()
        .filter(|role| !role.external)
        .map(|role| Arc::clone(&role.name))
        .collect()
}

/// Whether users of role `from` may see and write to users of role `to` (PROTOCOL section 5, `contacts`).
pub fn may_contact(from: &Role, to: &Role) -> bool {
    match &from.contacts {
        Some(listed) => listed.iter().any(|name| **name == *to.name),
        None => !from.external && !to.external,
    }
}
