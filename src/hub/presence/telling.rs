//! Frames of what changed, encoded once for all roles that may see the same.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use serde_json::value::RawValue;

use super::roster::Entry;
use crate::{
    domain::{Recipients, Role, Roles, Signal},
    hub::accounts::role_set::may_contact,
    protocol::frame,
};

/// Signals for `changed`, in order: later entries of a user stand for the earlier.
pub fn signals(changed: &[Entry], roles: &Roles) -> Vec<Signal> {
    let subjects: BTreeMap<&str, &Role> = changed
        .iter()
        .map(|entry| (&*entry.role.name, &*entry.role))
        .collect();
    // Who may see which of the roles that occur: an audience.
    let mut audiences: BTreeMap<Vec<&str>, HashSet<Arc<str>>> = BTreeMap::new();
    for role in roles.iter() {
        let visible: Vec<&str> = subjects
            .iter()
            .filter(|(_, subject)| may_contact(role, subject))
            .map(|(name, _)| *name)
            .collect();
        if !visible.is_empty() {
            audiences
                .entry(visible)
                .or_default()
                .insert(Arc::clone(&role.name));
        }
    }
    audiences
        .into_iter()
        .map(|(visible, roles)| {
            let users: Vec<&RawValue> = changed
                .iter()
                .filter(|entry| visible.contains(&&*entry.role.name))
                .map(|entry| &*entry.json)
                .collect();
            Signal {
                to: Recipients::Roles(Arc::new(roles)),
                except: None,
                frame: encode(&users),
            }
        })
        .collect()
}

fn encode(users: &[&RawValue]) -> bytes::Bytes {
    let length: usize = users.iter().map(|user| user.get().len() + 1).sum();
    frame::text_with(length + 32, |out| {
        out.extend_from_slice(b"{\"type\":\"presence\",\"users\":[");
        for (n, user) in users.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            out.extend_from_slice(user.get().as_bytes());
        }
        out.extend_from_slice(b"]}");
    })
}
