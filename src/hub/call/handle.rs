//! What others hold of the calls.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::JoinCode,
    config,
    domain::{
        Principal,
        call::{Call, Kind, Opening, Person, Socket},
        timestamp,
    },
    executor::ledger::LedgerHandle,
    hub::{accounts::AccountsHandle, feed::FeedHandle, registry::RegistryHandle},
    protocol::{
        call::Act,
        error::{Code, Error, Result},
    },
    store::hub::calls::{self, CallRecord, NewCall, Participant},
    telemetry::Metrics,
};

use super::{
    actor::CallActor,
    ice,
    messages::{Describe, Gone, Opened as SocketOpened, Party, Perform, Removed},
    rooms::Rooms,
    shared::{Live, Shared},
};

/// How long an act in a call may wait.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// Calls that one user may have opened at one time.
const MOST_OF_ONE_HOST: usize = 10;
/// Of larger rooms only who is connected is rung, and nobody where these are more too.
const MOST_RUNG: usize = 100;

/// What calls need to start.
pub struct Setup {
    pub config: config::Calls,
    pub token_key: [u8; 32],
    pub feed: FeedHandle,
    pub ledger: LedgerHandle,
    pub accounts: AccountsHandle,
    pub registry: RegistryHandle,
    pub metrics: Metrics,
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct CallsHandle {
    pub(super) shared: Arc<Shared>,
    rooms: Rooms,
    pub(super) started: Instant,
}

/// How guests come in.
#[derive(Debug, Clone)]
pub struct Link {
    pub code: String,
}

/// A call that was just opened.
#[derive(Debug)]
pub struct Opened {
    pub id: i64,
    pub expires_ms: i64,
    pub link: Option<Link>,
    pub ice_servers: Value,
    /// The answer for the host's seat, where he opened it from a socket.
    pub seat: Option<Value>,
}

/// A call as a member of its room may look it up.
#[derive(Debug)]
pub enum Described {
    Live {
        room: i64,
        state: Value,
        expires_ms: i64,
        ice_servers: Value,
        /// For the host alone.
        link: Option<Link>,
    },
    Over(Box<CallRecord>, Vec<Participant>),
}

impl CallsHandle {
    /// Closes the records of calls that an earlier hub left open.
    ///
    /// # Errors
    /// Where `hub.db` cannot be written.
    pub async fn start(setup: Setup) -> Result<Self> {
        let Setup {
            config,
            token_key,
            feed,
            ledger,
            accounts,
            registry,
            metrics,
        } = setup;
        let reason = crate::domain::call::Reason::HubRestarted.as_str();
        let closed = ledger
            .write(move |tx| calls::close_open(tx.conn, tx.now_ms, reason))
            .await?;
        if closed > 0 {
            tracing::info!(closed, "calls ended with the hub that had them");
        }
        Ok(Self {
            rooms: Rooms::new(ledger.clone(), accounts, registry),
            shared: Arc::new(Shared::new(config, &token_key, feed, ledger, metrics)),
            started: Instant::now(),
        })
    }

    /// Opens a call in a room and rings its users. `socket`: where the host sits down at once.
    pub async fn open(
        &self,
        who: &Principal,
        room: i64,
        kind: Kind,
        with_code: bool,
        socket: Option<Socket>,
    ) -> Result<Opened> {
        if !who.role.open_calls {
            return Err(Error::forbidden("This role may not open calls."));
        }
        let others = self.rooms.to_ring(who, room, MOST_RUNG).await?;
        let opening = self
            .shared
            .begin(who.user_id, MOST_OF_ONE_HOST)
            .ok_or_else(|| Error::of(Code::Busy).with("limit", "calls").retry_after_ms(5_000))?;
        let host = person(who);
        let bounds = self.shared.bounds;
        let now_ms = timestamp::now_ms();
        let new = NewCall {
            room_id: room,
            host_id: host.id,
            host_name: host.name.to_string(),
            media: kind.as_str().to_owned(),
            has_code: with_code,
            state: "initiating".to_owned(),
            created_at_ms: now_ms,
            expires_at_ms: now_ms + bounds.lifetime_ms,
        };
        let id = self
            .shared
            .ledger
            .write(move |tx| calls::open(tx.conn, &new))
            .await?;
        let call = Call::open(
            Opening {
                id,
                room,
                host: host.clone(),
                kind,
                has_code: with_code,
                others,
                bounds,
            },
            now_ms,
        );
        let expires_ms = call.expires_ms;
        let code = with_code.then(JoinCode::generate);
        let link = code.as_ref().map(link);
        let live = Live {
            addr: CallActor::new(call, self.shared.clone()).start(),
            room,
            host: host.id,
            code,
            expires_ms,
        };
        // Before it can end, which takes it out again: its actor runs on this very thread.
        self.shared.live.write().insert(id, live);
        drop(opening);
        self.shared.metrics.calls.inc();
        let seat = match socket {
            None => None,
            Some(socket) => {
                let party = Party::User {
                    person: host,
                    socket: Some(socket),
                };
                Some(self.send(id, party, Act::Accept { participant: None }).await?)
            }
        };
        Ok(Opened {
            id,
            expires_ms,
            link,
            ice_servers: self.ice_servers(id, who, expires_ms),
            seat,
        })
    }

    fn ice_servers(&self, call: i64, who: &Principal, expires_ms: i64) -> Value {
        ice::servers(
            &self.shared.config,
            &format!("{call}-u{}", who.user_id),
            expires_ms,
        )
    }

    /// A user does something in a call.
    pub async fn act(&self, who: &Principal, socket: Option<Socket>, call: i64, act: Act) -> Result<Value> {
        if socket.is_none() && act.needs_a_socket() {
            return Err(Error::invalid("This request needs a socket."));
        }
        let party = Party::User {
            person: person(who),
            socket,
        };
        if matches!(act, Act::Accept { .. }) {
            let room = self.find(call)?.room;
            self.rooms.check_member(who, room).await?;
        }
        self.send(call, party, act).await
    }

    pub(super) async fn send(&self, call: i64, party: Party, act: Act) -> Result<Value> {
        let live = self.find(call)?;
        if let Some(socket) = party.socket() {
            self.shared.bind(socket, call);
        }
        let sent = live.addr.send(Perform { party, act }).timeout(DEADLINE).await;
        sent.map_err(gone)?
    }

    pub(super) fn find(&self, call: i64) -> Result<Live> {
        self.shared.find(call).ok_or_else(|| Error::of(Code::NotFound))
    }

    /// A user's session began: a call that waits for him hears of it. Costs a look into a map where none does.
    pub fn session_opened(&self, who: &Principal, socket: Socket, takes_requests: bool) {
        for call in self.shared.awaiting(who.user_id) {
            let Some(live) = self.shared.find(call) else {
                continue;
            };
            self.shared.bind(socket.id, call);
            let (shared, rooms, who) = (self.shared.clone(), self.rooms.clone(), who.clone());
            actix::spawn(async move {
                let user = who.user_id;
                // His role may be another than when he was rung, and with it his rooms.
                if rooms.check_member(&who, live.room).await.is_err() {
                    shared.unbind(socket.id, call);
                    return tell(&live, Removed(user));
                }
                let opened = SocketOpened {
                    user,
                    socket,
                    may_sit: takes_requests,
                };
                shared.while_bound(socket.id, call, || tell(&live, opened));
            });
        }
    }

    /// A session ended.
    pub fn session_gone(&self, socket: Uuid) {
        for call in self.shared.unbind_all(socket) {
            if let Some(live) = self.shared.find(call) {
                tell(&live, Gone(socket));
            }
        }
    }

    /// A room no longer has a user: nor do its calls.
    pub fn member_removed(&self, room: i64, user: i64) {
        let calls: Vec<Live> = self
            .shared
            .live
            .read()
            .values()
            .filter(|live| live.room == room)
            .cloned()
            .collect();
        for live in calls {
            tell(&live, Removed(user));
        }
    }

    /// A call, live or over, for a member of its room.
    pub async fn describe(&self, who: &Principal, call: i64) -> Result<Described> {
        if let Ok(live) = self.find(call) {
            self.rooms.check_member(who, live.room).await?;
            let asked = Describe { user: who.user_id };
            if let Ok(state) = live.addr.send(asked).timeout(DEADLINE).await {
                return Ok(Described::Live {
                    room: live.room,
                    state,
                    expires_ms: live.expires_ms,
                    ice_servers: self.ice_servers(call, who, live.expires_ms),
                    link: live.code.as_ref().filter(|_| live.host == who.user_id).map(link),
                });
            }
        }
        let (record, participants) = self
            .shared
            .ledger
            .read(move |conn| match calls::find(conn, call)? {
                Some(record) => Ok(Some((record, calls::participants(conn, call)?))),
                None => Ok(None),
            })
            .await?
            .ok_or_else(|| Error::of(Code::NotFound))?;
        self.rooms.check_member(who, record.room_id).await?;
        Ok(Described::Over(Box::new(record), participants))
    }
}

/// What a call must hear of and nobody repeats.
fn tell<M>(live: &Live, message: M)
where
    M: Message<Result = ()> + Send + 'static,
    CallActor: Handler<M>,
{
    // Bounded: one for each socket of somebody whom the call knows, or rarer.
    #[allow(clippy::disallowed_methods)]
    live.addr.do_send(message);
}

fn link(code: &JoinCode) -> Link {
    Link {
        code: code.as_str().to_owned(),
    }
}

fn person(who: &Principal) -> Person {
    let name = if who.display_name.is_empty() {
        &who.username
    } else {
        &who.display_name
    };
    Person {
        id: who.user_id,
        name: name.clone(),
    }
}

/// The call ended meanwhile, or does not answer.
pub(super) fn gone(cause: MailboxError) -> Error {
    match cause {
        MailboxError::Closed => Error::of(Code::NotFound),
        MailboxError::Timeout => Error::of(Code::Timeout),
    }
}
