//! The accounts in memory: who may be here, now. Answers every request without the database; rewritten by
//! the accounts actor alone.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use uuid::Uuid;

use super::{
    first,
    records::{Revoked, TerminalRecord, UserRecord},
    role_set,
};
use crate::{
    domain::{Peer, Principal, Role, Roles, timestamp::rfc3339},
    executor::MirrorUser,
    protocol::event::UserInfo,
    store::hub::{
        logins::Login,
        terminals::{HERE, Terminal},
        users::User,
    },
};

/// An account with its texts ready to be shared.
#[derive(Debug)]
pub struct Account {
    pub stored: User,
    pub username: Arc<str>,
    pub display_name: Arc<str>,
    pub lang: Arc<str>,
    /// `None`: its role is not in the pack; it may do nothing.
    pub role: Option<Arc<Role>>,
}

/// Everything in memory.
#[derive(Debug)]
pub struct Directory {
    roles: Arc<Roles>,
    users: HashMap<i64, Arc<Account>>,
    by_name: HashMap<String, i64>,
    logins: HashMap<Uuid, Login>,
    known_pairs: HashSet<(i64, IpAddr)>,
    terminals: Vec<Terminal>,
    own_addresses: HashSet<IpAddr>,
}

/// What is read of `hub.db` at once.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub users: Vec<User>,
    pub logins: Vec<Login>,
    pub known_pairs: Vec<(i64, String)>,
    pub terminals: Vec<Terminal>,
}

/// What is read of one user.
#[derive(Debug, Default)]
pub struct UserSnapshot {
    pub user: Option<User>,
    pub logins: Vec<Login>,
    /// From where he logged in before.
    pub addresses: Vec<String>,
}

/// What others must hear of after a change.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Consequences {
    /// Login sessions whose sockets close: they ended, or their user's role is another.
    pub closed: Vec<Uuid>,
    /// Whether the mirror of the accounts in the business database is out of date.
    pub users_changed: bool,
}

impl Directory {
    pub fn new(roles: Arc<Roles>) -> Self {
        Self {
            roles,
            users: HashMap::new(),
            by_name: HashMap::new(),
            logins: HashMap::new(),
            known_pairs: HashSet::new(),
            terminals: Vec::new(),
            own_addresses: HashSet::new(),
        }
    }

    /// Becomes what was read, and says what that means for others.
    pub fn replace(&mut self, snapshot: Snapshot) -> Consequences {
        let mut next = Self::new(Arc::clone(&self.roles));
        std::mem::swap(&mut next.own_addresses, &mut self.own_addresses);
        next.terminals = snapshot.terminals;
        next.known_pairs = snapshot
            .known_pairs
            .into_iter()
            .filter_map(|(user, address)| Some((user, address.parse().ok()?)))
            .collect();
        for user in snapshot.users {
            next.insert(user);
        }
        for login in snapshot.logins {
            next.logins.insert(login.sid, login);
        }
        let consequences = self.consequences_of(&next);
        *self = next;
        consequences
    }

    fn insert(&mut self, user: User) {
        self.by_name.insert(user.username.to_ascii_lowercase(), user.id);
        let account = Account {
            username: user.username.as_str().into(),
            display_name: user.display_name.as_str().into(),
            lang: user.lang.as_str().into(),
            role: self.roles.get(&user.role).cloned(),
            stored: user,
        };
        self.users.insert(account.stored.id, Arc::new(account));
    }

    fn consequences_of(&self, next: &Self) -> Consequences {
        let closed = self
            .logins
            .values()
            .filter(|login| {
                !next.logins.contains_key(&login.sid)
                    || !same_standing(self.users.get(&login.user_id), next.users.get(&login.user_id))
            })
            .map(|login| login.sid)
            .collect();
        Consequences {
            closed,
            users_changed: self.mirror() != next.mirror(),
        }
    }

    /// Takes over what was read of one user; the rest is as it was.
    pub fn replace_user(&mut self, id: i64, fresh: UserSnapshot) -> Consequences {
        let before = self.users.remove(&id);
        if let Some(before) = &before {
            self.by_name.remove(&before.stored.username.to_ascii_lowercase());
        }
        let old_logins: Vec<Uuid> = self.logins_of(id).map(|login| login.sid).collect();
        self.logins.retain(|_, login| login.user_id != id);
        self.known_pairs.retain(|(user, _)| *user != id);

        if let Some(user) = fresh.user {
            self.insert(user);
        }
        for login in fresh.logins {
            self.logins.insert(login.sid, login);
        }
        self.known_pairs
            .extend(fresh.addresses.iter().filter_map(|a| Some((id, a.parse().ok()?))));

        let after = self.users.get(&id);
        let same = same_standing(before.as_ref(), after);
        Consequences {
            closed: old_logins
                .into_iter()
                .filter(|sid| !same || !self.logins.contains_key(sid))
                .collect(),
            users_changed: before.as_deref().map(Account::mirror) != after.map(|a| a.mirror()),
        }
    }

    /// The accounts as the business database mirrors them, by id.
    pub fn mirror(&self) -> Vec<MirrorUser> {
        let mut users: Vec<MirrorUser> = self.users.values().map(|account| account.mirror()).collect();
        users.sort_by_key(|user| user.id);
        users
    }

    /// Logins that expired are nobody's already; this frees their memory.
    pub fn forget_expired(&mut self, now_ms: i64) {
        self.logins.retain(|_, login| login.expires_at_ms > now_ms);
    }

    pub fn set_own_addresses(&mut self, own: HashSet<IpAddr>) {
        self.own_addresses = own;
    }

    pub fn peer(&self, address: IpAddr) -> Peer {
        // A socket that listens on both families shows IPv4 peers as ::ffff:a.b.c.d.
        let address = address.to_canonical();
        let is_server = address.is_loopback() || self.own_addresses.contains(&address);
        let is_terminal = self.terminals.iter().any(|terminal| {
            if terminal.address == HERE {
                is_server
            } else {
                terminal.address.parse() == Ok(address)
            }
        });
        Peer {
            address,
            is_server,
            is_terminal,
        }
    }

    pub fn user(&self, id: i64) -> Option<&Arc<Account>> {
        self.users.get(&id)
    }

    pub fn user_by_name(&self, username: &str) -> Option<&Arc<Account>> {
        self.users.get(self.by_name.get(&username.to_ascii_lowercase())?)
    }

    /// Whether this is the only account there ever was, and nobody used it yet.
    pub fn is_untouched(&self, id: i64) -> bool {
        self.users.len() == 1
            && self
                .users
                .get(&id)
                .is_some_and(|account| first::is_untouched(&account.stored))
    }

    /// Whether the account logged in from there before.
    pub fn is_known(&self, user_id: i64, address: IpAddr) -> bool {
        self.known_pairs.contains(&(user_id, address))
    }

    pub fn login(&self, sid: Uuid) -> Option<&Login> {
        self.logins.get(&sid)
    }

    pub fn logins_of(&self, user_id: i64) -> impl Iterator<Item = &Login> {
        self.logins.values().filter(move |login| login.user_id == user_id)
    }

    /// Who the login session acts as; `None` where it ended or its user may not act.
    pub fn principal(&self, sid: Uuid, now_ms: i64) -> Option<Principal> {
        let login = self
            .logins
            .get(&sid)
            .filter(|login| login.expires_at_ms > now_ms)?;
        let account = self.users.get(&login.user_id).filter(|a| a.stored.active)?;
        Some(Principal {
            user_id: account.stored.id,
            username: Arc::clone(&account.username),
            display_name: Arc::clone(&account.display_name),
            lang: Arc::clone(&account.lang),
            role: Arc::clone(account.role.as_ref()?),
            sid,
            must_change_password: account.stored.must_change_password,
        })
    }

    /// Active users whom the principal may see and write to, by name.
    pub fn contacts(&self, who: &Principal) -> Vec<UserInfo> {
        let mut found: Vec<UserInfo> = self
            .users
            .values()
            .filter(|account| account.stored.active && account.stored.id != who.user_id)
            .filter(|account| {
                account
                    .role
                    .as_ref()
                    .is_some_and(|role| role_set::may_contact(&who.role, role))
            })
            .map(|account| account.info())
            .collect();
        found.sort_by(|a, b| a.username.cmp(&b.username));
        found
    }

    /// Active users whose role is such.
    pub fn users_in(&self, is_such: impl Fn(&Role) -> bool) -> Vec<i64> {
        self.users
            .values()
            .filter(|account| account.stored.active && account.role.as_deref().is_some_and(&is_such))
            .map(|account| account.stored.id)
            .collect()
    }

    pub fn user_records(&self) -> Vec<UserRecord> {
        let mut records: Vec<UserRecord> = self.users.values().map(|a| record(&a.stored)).collect();
        records.sort_by(|a, b| a.username.cmp(&b.username));
        records
    }

    pub fn terminal_records(&self) -> Vec<TerminalRecord> {
        self.terminals.iter().map(terminal_record).collect()
    }
}

/// An account as the business database mirrors it.
pub fn mirror_of(user: &User) -> MirrorUser {
    MirrorUser {
        id: user.id,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        role: user.role.clone(),
        active: user.active,
    }
}

/// Whether the sockets of a user may stay: still active, in the same role.
fn same_standing(before: Option<&Arc<Account>>, after: Option<&Arc<Account>>) -> bool {
    matches!(
        (before, after),
        (Some(before), Some(after)) if after.stored.active && before.stored.role == after.stored.role
    )
}

impl Account {
    fn mirror(&self) -> MirrorUser {
        mirror_of(&self.stored)
    }

    pub fn info(&self) -> UserInfo {
        UserInfo {
            id: self.stored.id,
            username: self.stored.username.clone(),
            display_name: self.stored.display_name.clone(),
            role: self.stored.role.clone(),
            lang: self.stored.lang.clone(),
        }
    }
}

impl Consequences {
    /// One notice for those that `by_administrator` names, one for the rest; none where there are none.
    pub fn revocations(&self, by_administrator: Option<Uuid>) -> Vec<Revoked> {
        let (forced, other): (Vec<Uuid>, Vec<Uuid>) = self
            .closed
            .iter()
            .partition(|sid| Some(**sid) == by_administrator);
        [(forced, true), (other, false)]
            .into_iter()
            .filter(|(sids, _)| !sids.is_empty())
            .map(|(sids, by_administrator)| Revoked {
                sids,
                by_administrator,
            })
            .collect()
    }
}

/// An account as administrators see it.
pub fn record(user: &User) -> UserRecord {
    UserRecord {
        id: user.id,
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        role: user.role.clone(),
        lang: user.lang.clone(),
        active: user.active,
        must_change_password: user.must_change_password,
        created_at: rfc3339(user.created_at_ms),
        last_login_at: user.last_login_at_ms.map(rfc3339),
    }
}

/// A terminal as administrators see it.
pub fn terminal_record(terminal: &Terminal) -> TerminalRecord {
    TerminalRecord {
        name: terminal.name.clone(),
        address: terminal.address.clone(),
        created_at: rfc3339(terminal.created_at_ms),
    }
}
