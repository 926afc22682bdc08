//! What others hold of the notifier.

use std::{sync::Arc, time::Duration};

use actix::Addr;
use parking_lot::Mutex;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use super::{
    Notifier,
    messages::{ShipNow, Stop},
    tell::{show_unread, tell},
};
use crate::{
    config,
    domain::{Principal, text::Text},
    executor::{ExecutorHandle, ledger::LedgerHandle},
    protocol::{
        error::{Code, Error, Result},
        notification::{ListNotifications, NotificationList, Which},
    },
    store::hub::notifications::{self, From, News},
    telemetry::Metrics,
};

const PATIENCE: Duration = Duration::from_secs(5);
/// Acts of telling that the ledger is given at a time: each may be of thousands of users, and what others do waits for it.
const AT_ONCE: usize = 2;
/// Notifications in a list: where nothing is said, and at most.
const USUALLY_LISTED: i64 = 50;
const MOST_LISTED: i64 = 200;

/// Something to be told, by the hub itself or by a person.
#[derive(Debug, Clone)]
pub struct Posting {
    pub event: String,
    pub title: Text,
    pub body: Text,
    /// JSON.
    pub data: Option<String>,
    /// While a user has not read one with the same key, it is replaced. Begin it with what it is about (`urgent:12`).
    pub dedup_key: Option<String>,
}

/// Whom a person tells something.
#[derive(Debug, Clone)]
pub enum Audience {
    User(i64),
    Role(String),
    /// Must be a room of his.
    Room(i64),
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct NotifierHandle {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: LedgerHandle,
    keep: config::Notifications,
    /// The roles whose users are in the room of everyone.
    internal_roles: Vec<Arc<str>>,
    telling: Semaphore,
    metrics: Metrics,
    copier: Mutex<Option<Addr<Notifier>>>,
}

impl NotifierHandle {
    pub fn new(
        ledger: LedgerHandle,
        keep: config::Notifications,
        internal_roles: Vec<Arc<str>>,
        metrics: Metrics,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                ledger,
                keep,
                internal_roles,
                telling: Semaphore::new(AT_ONCE),
                metrics,
                copier: Mutex::new(None),
            }),
        }
    }

    /// Begins to copy what the rules say in the business database; within an actix system.
    pub fn ship_from(&self, executor: ExecutorHandle) {
        let copier = Notifier::start_with(executor, self.inner.ledger.clone(), self.clone());
        *self.inner.copier.lock() = Some(copier);
    }

    pub(super) fn keep(&self) -> &config::Notifications {
        &self.inner.keep
    }

    pub(super) fn internal_roles(&self) -> Vec<Arc<str>> {
        self.inner.internal_roles.clone()
    }

    /// Tells these users; answers how many there were. In a transaction of its own: see [`tell`] for one's own.
    pub async fn post(&self, user_ids: Vec<i64>, posting: Posting) -> Result<usize> {
        let ready = Ready::new(&posting)?;
        let _turn = self.turn().await?;
        let told = self
            .inner
            .ledger
            .write(move |tx| tell(tx, &user_ids, &ready.news(tx.now_ms)))
            .await?;
        self.count(told);
        Ok(told)
    }

    /// A person tells others; answers how many. Rights are the caller's to check, but for the room: `not_found` where
    /// he is not in it.
    pub async fn notify(&self, who: &Principal, to: Audience, posting: Posting) -> Result<usize> {
        let ready = Ready::new(&posting)?;
        let everyone = self.internal_roles();
        let sender = who.user_id;
        let _turn = self.turn().await?;
        let told = self
            .inner
            .ledger
            .write(move |tx| {
                let users = match &to {
                    Audience::User(id) => vec![*id],
                    Audience::Role(role) => notifications::users_of(tx.conn, &[role.as_str()])?,
                    Audience::Room(id) => {
                        let members = notifications::members(tx.conn, *id, &as_strs(&everyone))?;
                        if !members.contains(&sender) {
                            return Err(Error::of(Code::NotFound).into());
                        }
                        members
                    }
                };
                let told = tell(tx, &users, &ready.news(tx.now_ms))?;
                if told == 0 && matches!(to, Audience::User(_)) {
                    return Err(Error::of(Code::NotFound).into());
                }
                Ok(told)
            })
            .await?;
        self.count(told);
        Ok(told)
    }

    /// A user's own, in his language.
    pub async fn list(&self, who: &Principal, asked: ListNotifications) -> Result<NotificationList> {
        let from = match (asked.after, asked.before) {
            (None, None) => From::Newest,
            (Some(id), None) => From::After(id),
            (None, Some(id)) => From::Before(id),
            (Some(_), Some(_)) => {
                return Err(Error::invalid("after and before exclude each other."));
            }
        };
        let limit = asked.limit.unwrap_or(USUALLY_LISTED);
        if limit < 1 {
            return Err(Error::invalid("limit is at least 1."));
        }
        let limit = limit.min(MOST_LISTED);
        let (user_id, lang) = (who.user_id, who.lang.clone());
        self.inner
            .ledger
            .read(move |conn| {
                let (notifications, has_more) = notifications::list(conn, user_id, from, limit, &lang)?;
                Ok(NotificationList {
                    notifications,
                    unread: notifications::unread(conn, user_id)?,
                    has_more,
                })
            })
            .await
    }

    /// Marks a user's own as read; answers how many are still unread, and shows it on all his sockets.
    pub async fn mark_read(&self, who: &Principal, which: Which) -> Result<i64> {
        let user_id = who.user_id;
        let marked = self.inner.ledger.write(move |tx| {
            notifications::mark_read(tx.conn, user_id, &which, tx.now_ms)?;
            show_unread(tx, user_id)
        });
        marked.await
    }

    /// May be held up to five seconds.
    async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        timeout(PATIENCE, self.inner.telling.acquire())
            .await
            .map_err(|_| Error::of(Code::Busy).retry_after_ms(1_000))?
            .map_err(|_| Error::of(Code::Unavailable))
    }

    pub(super) fn count(&self, told: usize) {
        self.inner.metrics.notifications.inc_by(told as u64);
    }

    /// Copies what the rules said and what is not copied yet; answers when it is stored.
    pub async fn ship_now(&self) -> Result<()> {
        let copier = self.inner.copier.lock().clone();
        match copier {
            Some(copier) => timeout(PATIENCE, copier.send(ShipNow))
                .await
                .map_err(|_| Error::of(Code::Unavailable))?
                .map_err(Error::internal)?,
            None => Ok(()),
        }
    }

    /// Copies what is left (the executor and the ledger must still answer) and stops. What is not copied now is after the
    /// next start.
    pub async fn shutdown(&self) {
        if let Err(error) = self.ship_now().await {
            tracing::warn!(%error, "the last notifications are told at the next start");
        }
        let copier = self.inner.copier.lock().take();
        if let Some(copier) = copier {
            let _ = copier.send(Stop).await; // it may be gone already
        }
    }
}

pub(super) fn as_strs(names: &[Arc<str>]) -> Vec<&str> {
    names.iter().map(|name| &**name).collect()
}

/// A posting with its texts as they are stored.
struct Ready {
    event: String,
    title: String,
    body: String,
    data: Option<String>,
    dedup_key: Option<String>,
}

impl Ready {
    fn new(posting: &Posting) -> Result<Self> {
        let text = |text: &Text| serde_json::to_string(text).map_err(Error::internal);
        Ok(Self {
            event: posting.event.clone(),
            title: text(&posting.title)?,
            body: text(&posting.body)?,
            data: posting.data.clone(),
            dedup_key: posting.dedup_key.clone(),
        })
    }

    fn news(&self, at_ms: i64) -> News<'_> {
        News {
            event: &self.event,
            title: &self.title,
            body: &self.body,
            data: self.data.as_deref(),
            dedup_key: self.dedup_key.as_deref(),
            at_ms,
        }
    }
}
