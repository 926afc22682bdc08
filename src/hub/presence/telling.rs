//! Frames of what changed, encoded once for all roles that may see the same.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use serde_json::value::RawValue;

use super::roster::Entry;
use crate::{
    domain::{Recipients, Role, Roles, Signal},
    hub::accounts::role_set::may_contact,
    protocol::frame,
};

/// What the contacts have not been told yet: of each user how he is in the end, and that he left roles which he had.
#[derive(Debug, Default)]
pub struct Untold(HashMap<i64, Vec<Entry>>);

impl Untold {
    /// However often a user changes within a second, one entry is kept.
    pub fn put(&mut self, user_id: i64, entry: Entry) {
        let of_user = self.0.entry(user_id).or_default();
        of_user.retain(|earlier| earlier.role.name != entry.role.name);
        of_user.push(entry);
    }

    pub fn clear(&mut self) {
        self.0 = HashMap::new(); // a storm leaves no memory behind
    }

    pub fn signals(&self, roles: &Roles) -> Vec<Signal> {
        let changed: Vec<&Entry> = self.0.values().flatten().collect();
        signals(&changed, roles)
    }
}

/// Signals for `changed`, in order: later entries of a user stand for the earlier.
fn signals(changed: &[&Entry], roles: &Roles) -> Vec<Signal> {
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
                about: None,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::presence::board::{Seen, Status, Who};

    fn entry(role: &str, status: Status) -> Entry {
        let who = Who {
            user_id: 1,
            username: "awa".into(),
            role: Arc::new(Role {
                name: role.into(),
                ..Role::builtin_administrator()
            }),
        };
        let seen = Seen {
            status,
            text: None,
            until_ms: None,
            connections: 1,
        };
        Entry::new(&who, seen, None).unwrap()
    }

    #[test]
    fn a_user_who_changes_a_thousand_times_takes_the_place_of_one_for_each_role_that_he_had() {
        let mut untold = Untold::default();
        untold.put(1, entry("vendeur", Status::Offline));
        for _ in 0..1_000 {
            untold.put(1, entry("caisse", Status::Busy));
            untold.put(1, entry("caisse", Status::Online));
        }
        let kept: Vec<_> = untold.0[&1].iter().map(|entry| entry.seen.status).collect();
        assert_eq!(kept, [Status::Offline, Status::Online]);
        untold.put(1, entry("vendeur", Status::Busy));
        let kept: Vec<_> = untold.0[&1].iter().map(|entry| &*entry.role.name).collect();
        assert_eq!(kept, ["caisse", "vendeur"]);
    }
}
