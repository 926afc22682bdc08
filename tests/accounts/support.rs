//! A hub's accounts without the rest of the hub.

use std::{
    collections::BTreeMap,
    future::Future,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use comptoir::{
    config,
    domain::{LoginFrom, Peer, Principal, Role, Roles},
    executor::MirrorUser,
    hub::{
        accounts::{
            AccountsHandle, Callbacks, Grant, Revoked, Setup,
            acts::{self, By, Creation},
        },
        audit::{AuditFilter, AuditHandle, AuditRecord},
    },
    protocol::error::{Code, Result},
    store::hub::{HubStore, users::User},
    telemetry::Metrics,
};
use tokio::sync::mpsc;

pub const PASSWORD: &str = "a good password";
pub const COST: u32 = 4;

pub struct House {
    pub dir: tempfile::TempDir,
    pub store: HubStore,
    pub accounts: AccountsHandle,
    pub audit: AuditHandle,
    pub revoked: mpsc::Receiver<Revoked>,
    pub mirrored: Arc<Mutex<Vec<MirrorUser>>>,
}

/// `chef` (administers, server only), `caisse` (clients only), `vendeur` (anywhere).
pub fn roles() -> Roles {
    let role = |name: &str, login_from, admin| {
        Arc::new(Role {
            name: name.into(),
            login_from,
            admin,
            ..Role::builtin_administrator()
        })
    };
    let all = [
        role("chef", LoginFrom::Server, true),
        role("caisse", LoginFrom::Client, false),
        role("vendeur", LoginFrom::Anywhere, false),
    ];
    Roles(
        all.into_iter()
            .map(|role| (Arc::clone(&role.name), role))
            .collect::<BTreeMap<_, _>>(),
    )
}

impl House {
    /// With the users `chef`, `caisse` and `awa` (a vendeur).
    pub fn build() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = HubStore::open_in(dir.path()).unwrap();
        for (name, role) in [("chef", "chef"), ("caisse", "caisse"), ("awa", "vendeur")] {
            add_user(&store, name, role);
        }
        let audit = AuditHandle::start(store.clone(), &Metrics::new().unwrap()).unwrap();
        let (told, revoked) = mpsc::channel(64);
        let mirrored = Arc::new(Mutex::new(Vec::new()));
        let mirror = Arc::clone(&mirrored);
        let accounts = AccountsHandle::start(Setup {
            store: store.clone(),
            roles: Arc::new(roles()),
            auth: config::Auth {
                bcrypt_cost: COST,
                ..config::Auth::default()
            },
            token_key: [7; 32],
            audit: audit.clone(),
            metrics: Metrics::new().unwrap(),
            callbacks: Callbacks {
                revoked: Box::new(move |revoked| drop(told.try_send(revoked))),
                users_changed: Box::new(move |users| *mirror.lock().unwrap() = users),
            },
        })
        .unwrap();
        Self {
            dir,
            store,
            accounts,
            audit,
            revoked,
            mirrored,
        }
    }

    pub fn hub_db(&self) -> PathBuf {
        self.dir.path().join("hub.db")
    }

    /// Somebody at a terminal.
    pub fn at(&self, address: &str) -> Peer {
        self.accounts.peer(address.parse().unwrap())
    }

    pub fn terminal(&self) -> Peer {
        self.at("203.0.113.20")
    }

    pub async fn try_login(&self, name: &str, password: &str, peer: Peer) -> Result<Grant> {
        self.accounts
            .login(name.into(), password.into(), peer, "test".into())
            .await
    }

    pub async fn login(&self, name: &str) -> (Grant, Principal) {
        let peer = if name == "chef" {
            self.at("127.0.0.1")
        } else {
            self.terminal()
        };
        let grant = self
            .try_login(name, PASSWORD, peer)
            .await
            .unwrap_or_else(|e| panic!("{e}"));
        let (who, _) = self.accounts.authenticate(&grant.token).unwrap();
        (grant, who)
    }

    pub async fn refresh(&self, token: &str) -> Result<Grant> {
        self.accounts.refresh(token.into(), self.terminal()).await
    }

    /// The next notice of revoked logins.
    pub async fn next_revoked(&mut self) -> Revoked {
        within(self.revoked.recv()).await.unwrap()
    }

    pub fn nothing_revoked(&mut self) -> bool {
        self.revoked.try_recv().is_err()
    }

    pub fn is_in(&self, grant: &Grant) -> bool {
        self.accounts.authenticate(&grant.token).is_ok()
    }

    pub async fn audited(&self, action: &str) -> Vec<AuditRecord> {
        let filter = AuditFilter {
            action: Some(action.into()),
            limit: 100,
            ..AuditFilter::default()
        };
        self.audit.list(filter).await.unwrap()
    }

    /// A raw connection, for what no part of the program would do.
    pub fn sqlite(&self) -> rusqlite::Connection {
        let conn = rusqlite::Connection::open(self.hub_db()).unwrap();
        conn.busy_timeout(Duration::from_secs(5)).unwrap();
        conn
    }
}

pub fn add_user(store: &HubStore, name: &str, role: &str) -> User {
    let new = Creation {
        username: name.into(),
        display_name: None,
        role: role.into(),
        lang: None,
        password_hash: comptoir::auth::password::hash(PASSWORD, COST).unwrap(),
        must_change_password: false,
    };
    store
        .write(|conn| acts::create_user(conn, &By::console(), &roles(), &new))
        .unwrap()
}

pub fn code<T>(result: Result<T>) -> Code {
    match result {
        Ok(_) => panic!("this should have been refused"),
        Err(error) => error.code,
    }
}

/// Waits for an event, not longer than it may take on a busy machine.
pub async fn within<F: Future>(event: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), event)
        .await
        .expect("it did not happen in time")
}
