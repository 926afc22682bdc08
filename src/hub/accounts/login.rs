//! Logging in and changing one's password: the throttle first, then the password, then the place. The order
//! matters: who does not know the password learns nothing of the account, not even where it may be used.

use super::{acts::By, handle::AccountsHandle, jobs, records::Grant, rules};
use crate::{
    auth::{password, throttle::Attempt},
    domain::{Peer, Principal, timestamp::now_ms},
    hub::audit::Entry,
    protocol::error::{Code, Error, Result},
};

/// Longer names are nobody's, and are not copied into counters and the audit.
const MOST_NAME_BYTES: usize = 256;

impl AccountsHandle {
    /// Begins a login session (PROTOCOL section 2). Every attempt is audited.
    ///
    /// # Errors
    /// `rate_limited`, `invalid_credentials`, `login_not_allowed_here`, `busy`.
    pub async fn login(
        &self,
        username: String,
        password: String,
        peer: Peer,
        user_agent: String,
    ) -> Result<Grant> {
        let mut username = username;
        truncate(&mut username, MOST_NAME_BYTES);
        let answer = self.try_login(&username, password, peer, user_agent).await;
        let outcome = answer.as_ref().map_or_else(|error| error.code.as_str(), |_| "ok");
        self.inner.metrics.logins.with_label_values(&[outcome]).inc();
        if let Err(error) = &answer {
            self.audit_failure(&username, peer, error).await;
        }
        answer
    }

    async fn try_login(
        &self,
        username: &str,
        password: String,
        peer: Peer,
        user_agent: String,
    ) -> Result<Grant> {
        // An account made or changed a moment ago from the command line counts already.
        self.poll_now().await?;
        let attempt = self.attempt(username, peer);
        if !self.verify(username, password.clone(), &attempt).await? {
            return Err(Error::of(Code::InvalidCredentials));
        }
        let account = self.inner.directory.read().user_by_name(username).cloned();
        let account = account.ok_or_else(|| Error::of(Code::InvalidCredentials))?;
        let role = account
            .role
            .as_ref()
            .ok_or_else(|| Error::forbidden("The role of this account does not exist any more."))?;
        if !self.inner.auth.login_from_anywhere && !peer.allows(role.login_from) {
            return Err(Error::of(Code::LoginNotAllowedHere));
        }
        let outdated = password::is_outdated(&account.stored.password_hash, self.inner.auth.bcrypt_cost);
        let renewed_hash = if outdated {
            Some(self.hash(password).await?)
        } else {
            None
        };
        let admitted = self
            .apply(jobs::LogIn {
                user_id: account.stored.id,
                verified_hash: account.stored.password_hash.clone(),
                renewed_hash,
                address: rules::canonical(peer.address),
                user_agent,
                refresh_ttl_ms: self.refresh_ttl_ms(),
            })
            .await?;
        self.grant(admitted)
    }

    /// Sets the caller's password and ends his other login sessions.
    ///
    /// # Errors
    /// `invalid_request` for a password that cannot be set, `invalid_credentials` where `current` is wrong.
    pub async fn change_password(
        &self,
        who: &Principal,
        peer: Peer,
        current: String,
        new: String,
    ) -> Result<()> {
        password::check_new(&new)?;
        if current == new {
            return Err(Error::invalid("The new password is the old one."));
        }
        let attempt = self.attempt(&who.username, peer);
        let stored = self.inner.directory.read().user(who.user_id).cloned();
        let verified_hash = stored
            .map(|account| account.stored.password_hash.clone())
            .ok_or_else(|| Error::of(Code::Unauthorized))?;
        if !self.verify(&who.username, current, &attempt).await? {
            let error = Error::of(Code::InvalidCredentials);
            self.audit_password_failure(who, peer, &error).await;
            return Err(error);
        }
        let new_hash = self.hash(new).await?;
        self.apply(jobs::ChangePassword {
            by: By::user(who, peer),
            user_id: who.user_id,
            keep: who.sid,
            verified_hash,
            new_hash,
        })
        .await
    }

    fn attempt(&self, username: &str, peer: Peer) -> Attempt {
        let address = peer.address.to_canonical();
        let directory = self.inner.directory.read();
        let known = directory
            .user_by_name(username)
            .is_some_and(|account| directory.is_known(account.stored.id, address));
        Attempt::new(username, address, known)
    }

    /// Whether the password is the active user's: the same work, and the same answer, where there is no such
    /// user, he is disabled, or the password is longer than any can be.
    async fn verify(&self, username: &str, password: String, attempt: &Attempt) -> Result<bool> {
        self.check_throttle(attempt)?;
        let slot = self.inner.passwords.slot().await?;
        // Again: others of a burst may have failed while this one waited.
        self.check_throttle(attempt)?;
        let (hash, may) = {
            let directory = self.inner.directory.read();
            match directory.user_by_name(username) {
                Some(account) => (account.stored.password_hash.clone(), account.stored.active),
                None => (self.inner.dummy_hash.clone(), false),
            }
        };
        let right = slot.verify(password, hash).await? && may;
        let mut throttle = self.inner.throttle.lock();
        if right {
            throttle.succeeded(attempt);
        } else {
            throttle.failed(attempt, self.monotonic_ms());
        }
        Ok(right)
    }

    fn check_throttle(&self, attempt: &Attempt) -> Result<()> {
        let now = self.monotonic_ms();
        self.inner
            .throttle
            .lock()
            .check(attempt, now)
            .map_err(|wait| Error::of(Code::RateLimited).retry_after_ms(wait))
    }

    async fn audit_failure(&self, username: &str, peer: Peer, error: &Error) {
        let user = self.inner.directory.read().user_by_name(username).cloned();
        let entry = Entry {
            at_ms: now_ms(),
            action: "login_failed".into(),
            user_id: user.map(|account| account.stored.id),
            username: Some(username.to_owned()),
            address: Some(rules::canonical(peer.address)),
            subject: Some(username.to_owned()),
            outcome: error.code.as_str().into(),
            ..Entry::default()
        };
        self.store(entry, error).await;
    }

    async fn audit_password_failure(&self, who: &Principal, peer: Peer, error: &Error) {
        let mut entry = Entry {
            at_ms: now_ms(),
            action: "password_change".into(),
            user_id: Some(who.user_id),
            username: Some(who.username.to_string()),
            address: Some(rules::canonical(peer.address)),
            outcome: error.code.as_str().into(),
            ..Entry::default()
        };
        entry.session = Some(who.sid.to_string());
        self.store(entry, error).await;
    }

    /// A refusal by the throttle costs an attacker nothing: it must not cost the hub a wait for the disk.
    async fn store(&self, entry: Entry, error: &Error) {
        if error.code == Code::RateLimited {
            self.inner.audit.record(entry);
        } else if let Err(cause) = self.inner.audit.record_durably(entry).await {
            tracing::error!(error = %cause, "a refused login could not be audited");
        }
    }
}

fn truncate(text: &mut String, most: usize) {
    if text.len() > most {
        let mut end = most;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
}
