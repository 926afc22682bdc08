//! What others hold of the accounts.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Addr, SyncArbiter};
use parking_lot::{Mutex, RwLock};
use tokio::{sync::Semaphore, time::timeout};
use uuid::Uuid;

use super::{
    Callbacks,
    actor::{AccountsActor, Worker},
    acts::{By, Creation},
    directory::{self, Directory},
    jobs,
    messages::{Apply, Job, Poll},
    records::{Grant, LoginSession, NewUser, TerminalRecord, UserPatch, UserRecord},
    role_set,
};
use crate::{
    auth::{PasswordPool, Throttle, Tokens, password},
    config,
    domain::{
        Peer, Principal, Role, Roles,
        timestamp::{now_ms, rfc3339},
    },
    hub::audit::AuditHandle,
    protocol::{
        error::{Code, Error, Result},
        event::UserInfo,
    },
    store::hub::{HubStore, events::Viewer},
    telemetry::Metrics,
};

/// Changes under way and waiting, over the whole hub.
const MOST_PENDING: usize = 256;
/// How long a change may take before the caller is told that it cannot be done now.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often other processes' changes are looked for: they take effect within a second.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// What the accounts need to start.
pub struct Setup {
    pub store: HubStore,
    /// From [`super::role_set::effective`].
    pub roles: Arc<Roles>,
    pub auth: config::Auth,
    /// From [`crate::auth::secret::load_or_create`].
    pub token_key: [u8; 32],
    pub audit: AuditHandle,
    pub metrics: Metrics,
    pub callbacks: Callbacks,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct AccountsHandle {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    addr: Addr<AccountsActor>,
    /// SyncArbiter's queue has no bound of its own: who sends holds one of these.
    permits: Semaphore,
    pub(super) directory: Arc<RwLock<Directory>>,
    roles: Arc<Roles>,
    pub(super) auth: config::Auth,
    pub(super) tokens: Tokens,
    pub(super) passwords: PasswordPool,
    pub(super) throttle: Mutex<Throttle>,
    /// What a password is compared with where there is no such user.
    pub(super) dummy_hash: String,
    pub(super) audit: AuditHandle,
    pub(super) metrics: Metrics,
    started: Instant,
}

impl AccountsHandle {
    /// Reads the accounts and starts the actor; within an actix system. The callbacks are first called
    /// before this returns, with the accounts as they are.
    pub fn start(setup: Setup) -> Result<Self> {
        let Setup {
            store,
            roles,
            auth,
            token_key,
            audit,
            metrics,
            callbacks,
        } = setup;
        let directory = Arc::new(RwLock::new(Directory::new(Arc::clone(&roles))));
        let callbacks = Arc::new(callbacks);
        let worker = Worker::new(&store, Arc::clone(&roles), Arc::clone(&directory), callbacks)?;
        let worker = Arc::new(Mutex::new(worker));
        let addr = SyncArbiter::start(1, move || AccountsActor(Arc::clone(&worker)));
        watch(&addr);
        Ok(Self {
            inner: Arc::new(Inner {
                addr,
                permits: Semaphore::new(MOST_PENDING),
                directory,
                roles,
                tokens: Tokens::new(&token_key, auth.token_ttl_s),
                passwords: PasswordPool::start()?,
                throttle: Mutex::new(Throttle::default()),
                dummy_hash: password::dummy_hash(auth.bcrypt_cost)?,
                auth,
                audit,
                metrics,
                started: Instant::now(),
            }),
        })
    }

    /// Everything the hub must know of the machine at `address`.
    pub fn peer(&self, address: IpAddr) -> Peer {
        self.inner.directory.read().peer(address)
    }

    /// Trades a refresh token for a new grant (PROTOCOL section 2).
    pub async fn refresh(&self, refresh_token: String, peer: Peer) -> Result<Grant> {
        let answer = self
            .apply(jobs::Refresh {
                token: refresh_token,
                peer,
                refresh_ttl_ms: self.refresh_ttl_ms(),
                anywhere: self.inner.auth.login_from_anywhere,
            })
            .await?;
        match answer {
            Ok(admitted) => self.grant(admitted),
            Err(jobs::Refused(answer)) => Err(answer),
        }
    }

    /// Ends the login session that asks.
    pub async fn logout(&self, who: &Principal, peer: Peer) -> Result<()> {
        self.apply(jobs::End {
            by: By::user(who, peer),
            user_id: who.user_id,
            sid: who.sid,
            detail: "logged out",
        })
        .await
    }

    /// Verifies an access token and looks its login session up; from memory. Answers the principal and
    /// the token's expiry in milliseconds since 1970. Does not check `login_from`.
    pub fn authenticate(&self, token: &str) -> Result<(Principal, i64)> {
        let claims = self.inner.tokens.check(token)?;
        self.current(claims.sid)
            .filter(|who| claims.sub.parse() == Ok(who.user_id))
            .map(|who| (who, claims.exp.saturating_mul(1_000)))
            .ok_or_else(|| Error::of(Code::Unauthorized))
    }

    /// `login_not_allowed_here` unless the role may be used from there (lifted by `auth.login_from_anywhere`).
    pub fn check_place(&self, who: &Principal, peer: Peer) -> Result<()> {
        if self.inner.auth.login_from_anywhere || peer.allows(who.role.login_from) {
            Ok(())
        } else {
            Err(Error::of(Code::LoginNotAllowedHere))
        }
    }

    /// The principal of a login session as it is now; `None` where it ended.
    pub fn current(&self, sid: Uuid) -> Option<Principal> {
        self.inner.directory.read().principal(sid, now_ms())
    }

    /// The caller's login sessions, the latest first.
    pub async fn my_sessions(&self, who: &Principal) -> Result<Vec<LoginSession>> {
        let directory = self.inner.directory.read();
        let mut logins: Vec<_> = directory.logins_of(who.user_id).collect();
        logins.sort_by_key(|login| std::cmp::Reverse(login.last_used_at_ms));
        Ok(logins
            .into_iter()
            .map(|login| LoginSession {
                id: login.sid,
                address: login.address.clone(),
                user_agent: login.user_agent.clone(),
                created_at: rfc3339(login.created_at_ms),
                last_used_at: rfc3339(login.last_used_at_ms),
                current: login.sid == who.sid,
            })
            .collect())
    }

    /// Ends one of the caller's own login sessions; `not_found` where it is not his.
    pub async fn end_my_session(&self, who: &Principal, peer: Peer, sid: Uuid) -> Result<()> {
        self.apply(jobs::End {
            by: By::user(who, peer),
            user_id: who.user_id,
            sid,
            detail: "logged out from another device",
        })
        .await
    }

    /// Ends any login session, for administrators: its sockets close with 4403.
    pub async fn disconnect(&self, by: &Principal, peer: Peer, sid: Uuid) -> Result<()> {
        let by = By::user(by, peer);
        self.apply(jobs::Disconnect { by, sid }).await
    }

    /// All accounts, by name.
    pub async fn users(&self) -> Result<Vec<UserRecord>> {
        Ok(self.inner.directory.read().user_records())
    }

    /// `constraint_violation` where the name is taken.
    pub async fn create_user(&self, by: &Principal, peer: Peer, user: NewUser) -> Result<UserRecord> {
        password::check_new(&user.password)?;
        let password_hash = self.hash(user.password).await?;
        let new = Creation {
            username: user.username,
            display_name: user.display_name,
            role: user.role,
            lang: user.lang,
            password_hash,
            must_change_password: user.must_change_password,
        };
        let by = By::user(by, peer);
        let user = self.apply(jobs::CreateUser { by, new }).await?;
        Ok(directory::record(&user))
    }

    /// Changes an account; `precondition_failed` where the hub would be left without an administrator.
    pub async fn update_user(
        &self,
        by: &Principal,
        peer: Peer,
        id: i64,
        mut patch: UserPatch,
    ) -> Result<UserRecord> {
        let password_hash = match patch.password.take() {
            Some(new) => {
                password::check_new(&new)?;
                Some(self.hash(new).await?)
            }
            None => None,
        };
        let by = By::user(by, peer);
        let user = self
            .apply(jobs::UpdateUser {
                by,
                id,
                patch,
                password_hash,
            })
            .await?;
        Ok(directory::record(&user))
    }

    /// All registered terminals, by name.
    pub async fn terminals(&self) -> Result<Vec<TerminalRecord>> {
        Ok(self.inner.directory.read().terminal_records())
    }

    /// `address`: `None` is the hub's own machine.
    pub async fn add_terminal(
        &self,
        by: &Principal,
        peer: Peer,
        name: String,
        address: Option<IpAddr>,
    ) -> Result<TerminalRecord> {
        let by = By::user(by, peer);
        let terminal = self.apply(jobs::AddTerminal { by, name, address }).await?;
        Ok(directory::terminal_record(&terminal))
    }

    /// `not_found` where there is none of this name.
    pub async fn remove_terminal(&self, by: &Principal, peer: Peer, name: String) -> Result<()> {
        let by = By::user(by, peer);
        self.apply(jobs::RemoveTerminal { by, name }).await
    }

    /// The roles that accounts may have.
    pub fn roles(&self) -> Arc<Roles> {
        Arc::clone(&self.inner.roles)
    }

    /// The users this principal may contact, itself excluded.
    pub fn contacts(&self, who: &Principal) -> Vec<UserInfo> {
        self.inner.directory.read().contacts(who)
    }

    /// Name and role of an active user.
    pub fn person(&self, user_id: i64) -> Option<(Arc<str>, Arc<Role>)> {
        let directory = self.inner.directory.read();
        let account = directory.user(user_id).filter(|account| account.stored.active)?;
        Some((Arc::clone(&account.username), account.role.clone()?))
    }

    /// Active users whose role is such.
    pub fn users_in(&self, is_such: impl Fn(&Role) -> bool) -> Vec<i64> {
        self.inner.directory.read().users_in(is_such)
    }

    /// The role of an active user.
    pub fn role_of(&self, id: i64) -> Option<Arc<str>> {
        let directory = self.inner.directory.read();
        let account = directory.user(id).filter(|account| account.stored.active)?;
        Some(account.role.as_ref()?.name.clone())
    }

    /// The active users of these names.
    pub fn ids_of(&self, names: &[&str]) -> Vec<i64> {
        let directory = self.inner.directory.read();
        let named = names.iter().filter_map(|name| directory.user_by_name(name));
        named
            .filter(|account| account.stored.active)
            .map(|account| account.stored.id)
            .collect()
    }

    /// `not_found` where there is no such active user, `forbidden` where the principal may not write to him.
    pub fn check_contact(&self, who: &Principal, other: i64) -> Result<()> {
        let directory = self.inner.directory.read();
        let role = directory
            .user(other)
            .filter(|account| account.stored.active)
            .and_then(|account| account.role.clone())
            .ok_or_else(|| Error::of(Code::NotFound))?;
        if role_set::may_contact(&who.role, &role) {
            Ok(())
        } else {
            Err(Error::forbidden("This role may not write to this user."))
        }
    }

    /// Whose eyes queries of `hub.db` look through.
    pub fn viewer(&self, who: &Principal) -> Viewer {
        Viewer {
            user_id: who.user_id,
            role: who.role.name.to_string(),
            internal: !who.role.external,
        }
    }

    /// Looks at once whether `hub.db` was changed from another side, instead of at the next tick.
    pub async fn poll_now(&self) -> Result<()> {
        let sent = timeout(PATIENCE, self.inner.addr.send(Poll)).await;
        sent.map_err(|_| unavailable())?
            .map_err(Error::internal)?
            .map(drop)
    }

    /// Hands a change to the actor and waits until it is durable.
    pub(super) async fn apply<J: Job>(&self, job: J) -> Result<J::Output> {
        let _permit = self
            .inner
            .permits
            .try_acquire()
            .map_err(|_| Error::of(Code::Busy).retry_after_ms(500))?;
        timeout(PATIENCE, self.inner.addr.send(Apply(job)))
            .await
            .map_err(|_| unavailable())?
            .map_err(Error::internal)?
    }

    pub(super) fn grant(&self, admitted: jobs::Admitted) -> Result<Grant> {
        let jobs::Admitted {
            user,
            sid,
            refresh_token,
        } = admitted;
        Ok(Grant {
            token: self.inner.tokens.issue(user.id, sid, &user.role, now_ms())?,
            token_type: "Bearer",
            expires_in: self.inner.tokens.ttl_s(),
            refresh_token,
            password_change_required: user.must_change_password,
            user: UserInfo {
                id: user.id,
                username: user.username,
                display_name: user.display_name,
                role: user.role,
                lang: user.lang,
            },
        })
    }

    pub(super) async fn hash(&self, password: String) -> Result<String> {
        self.inner
            .passwords
            .hash(password, self.inner.auth.bcrypt_cost)
            .await
    }

    pub(super) fn refresh_ttl_ms(&self) -> i64 {
        i64::try_from(self.inner.auth.refresh_ttl_s.saturating_mul(1_000)).unwrap_or(i64::MAX)
    }

    /// Milliseconds of a clock that never goes back, for the throttle.
    pub(super) fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.inner.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Sends [`Poll`] again and again, one at a time, until the last handle is gone.
fn watch(addr: &Addr<AccountsActor>) {
    let addr = addr.downgrade();
    actix::spawn(async move {
        loop {
            tokio::time::sleep(POLL_EVERY).await;
            let Some(addr) = addr.upgrade() else { break };
            match addr.send(Poll).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!(%error, "hub.db cannot be looked at"),
                Err(_) => break,
            }
        }
    });
}

fn unavailable() -> Error {
    Error::of(Code::Unavailable).retry_after_ms(1_000)
}
