use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Attachments, Doer, Draft, Parts, Renderer, RoomsHandle, Target, actor::Panic};
use crate::{
    broker, config,
    domain::{About, Position, Principal, Recipients, Role, Roles, Signal},
    executor::ledger::{LedgerHandle, Seekers},
    hub::{
        accounts::{
            self, AccountsHandle, Callbacks,
            acts::{self, By, Creation},
        },
        audit::AuditHandle,
        call::{self, CallsHandle},
        feed::{self, Feed, Published},
        registry::Registry,
    },
    protocol::{
        error::{Code, Error},
        people::{MessageKind, Priority},
    },
    store::hub::{self, Connection, HubStore},
    telemetry::Metrics,
};

struct NoFiles;

impl Attachments for NoFiles {
    fn describe(&self, _: &mut Connection, _: i64) -> hub::Result<Option<Value>> {
        Ok(None)
    }

    fn claim(&self, _: &mut Connection, _: i64, _: i64) -> hub::Result<()> {
        Err(Error::of(Code::NotFound).into())
    }
}

/// Rooms without sockets: what they would be sent is looked at where the feed publishes it.
struct House {
    rooms: RoomsHandle,
    awa: Doer,
    binta: i64,
    published: mpsc::Receiver<Arc<Published>>,
    _dir: tempfile::TempDir,
}

impl House {
    async fn build() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = HubStore::open_in(dir.path()).unwrap();
        let role = Arc::new(Role {
            name: "vendeur".into(),
            ..Role::builtin_administrator()
        });
        let roles = Roles(BTreeMap::from([(Arc::clone(&role.name), Arc::clone(&role))]));
        let add = |name: &str| {
            let new = Creation {
                username: name.into(),
                display_name: None,
                role: "vendeur".into(),
                lang: None,
                password_hash: "no password".into(),
                must_change_password: false,
            };
            store
                .write(|conn| acts::create_user(conn, &By::console(), &roles, &new))
                .unwrap()
                .id
        };
        let (awa, binta) = (add("awa"), add("binta"));
        let metrics = Metrics::new().unwrap();
        let (feed, inbox) = feed::channel();
        let broker = broker::Memory::default();
        let published = broker.subscribe();
        Feed::start_with(broker, inbox, Position::START);
        let ledger = {
            let keep = config::Changes::default();
            LedgerHandle::start(store.clone(), keep, metrics.clone(), Box::new(|_| {})).unwrap()
        };
        let accounts = AccountsHandle::start(accounts::Setup {
            store: store.clone(),
            roles: Arc::new(roles),
            auth: config::Auth::default(),
            token_key: [7; 32],
            audit: AuditHandle::start(store.clone(), &metrics).unwrap(),
            metrics: metrics.clone(),
            callbacks: Callbacks {
                revoked: Box::new(|_| {}),
                users_changed: Box::new(|_| {}),
            },
        })
        .unwrap();
        let calls = CallsHandle::start(call::Setup {
            config: config::Calls::default(),
            token_key: [7; 32],
            feed: feed.clone(),
            ledger: ledger.clone(),
            accounts: accounts.clone(),
            registry: Registry::start_with(metrics.clone()),
            metrics,
        });
        let rooms = RoomsHandle::start(Parts {
            seekers: Seekers::new(store.path(), Duration::from_secs(5)),
            ledger,
            feed,
            renderer: Renderer::new(accounts.roles(), Arc::new(NoFiles)),
            accounts,
            attachments: Arc::new(NoFiles),
            messages: config::Messages::default(),
            calls: calls.await.unwrap(),
        });
        let who = Principal {
            user_id: awa,
            username: "awa".into(),
            display_name: "awa".into(),
            lang: "fr".into(),
            role,
            sid: Uuid::nil(),
            must_change_password: false,
        };
        Self {
            rooms,
            awa: Doer { who, session: None },
            binta,
            published,
            _dir: dir,
        }
    }

    async fn send(&self, room: i64, text: &str) -> i64 {
        let draft = Draft {
            kind: MessageKind::Text,
            content: text.into(),
            file: None,
            context: None,
            reply_to: None,
            priority: Priority::Normal,
            needs_ack: false,
            client_id: text.into(),
        };
        let sent = self.rooms.send(self.awa.clone(), Target::Room(room), draft);
        sent.await.unwrap().seq
    }

    /// Waits until binta is told these counts.
    async fn is_told(&mut self, room: i64, counts: &str) {
        let is_it = |signal: &Signal| {
            signal.about == Some(About::Unread { room })
                && match &signal.to {
                    Recipients::User(user) => *user == self.binta,
                    Recipients::Members(users) => users.contains(&self.binta),
                    _ => false,
                }
                && String::from_utf8_lossy(&signal.frame).contains(counts)
        };
        let told = async {
            while let Some(published) = self.published.recv().await {
                if matches!(&*published, Published::Signals(signals) | Published::Counts(signals) if signals.iter().any(is_it))
                {
                    return;
                }
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(30), told).await;
        assert!(in_time.is_ok(), "not told: {counts}");
    }
}

#[actix::test]
async fn a_room_that_panics_is_rebuilt_with_its_members_and_tells_again_what_is_unread() {
    let mut house = House::build().await;
    let made = house
        .rooms
        .create(house.awa.clone(), "Équipe".into(), vec![house.binta], false);
    let room = made.await.unwrap()["id"].as_i64().unwrap();
    assert_eq!(house.send(room, "un").await, 1);
    house.is_told(room, "\"unread\":1").await;

    let actor = house.rooms.if_awake(room).await.unwrap();
    assert!(actor.send(Panic).await.is_err());
    // Whoever comes next finds everything as it was; nobody has to write first for the counts to be told.
    let mut members = house.rooms.members(Some(house.awa.clone()), room).await.unwrap();
    members.sort_unstable();
    assert_eq!(members, [house.awa.who.user_id, house.binta]);
    house.is_told(room, "\"unread\":1").await;
    assert_eq!(house.send(room, "deux").await, 2);
    house.is_told(room, "\"unread\":2").await;
    assert_eq!(house.rooms.awake(), 1);
}
