//! What others hold of the rooms.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use actix::Arbiter;
use parking_lot::RwLock;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::{
    Doer, Parts,
    awake::Awake,
    list::Listed,
    messages::{Draft, Mark, Movement, Populate, Post, Posted, Revise, Revision, Typing, Who},
    populate,
};
use crate::{
    domain::{
        Principal,
        room::{RoomKind, direct_key},
    },
    protocol::error::{Code, Error, Result},
    store::hub::{
        events,
        messages::{self, Window},
        notifications,
        rooms::{self, NewRoom},
    },
};

/// Rooms that may be woken at the same time.
pub(super) const WAKING: usize = 16;

/// To whom something is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Room(i64),
    /// The direct room with this user.
    User(i64),
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct RoomsHandle {
    pub(super) parts: Arc<Parts>,
    pub(super) awake: Arc<RwLock<HashMap<i64, Awake>>>,
    /// Held while a room is woken, one for some of them: there is never more than one actor of a room.
    pub(super) waking: Arc<[Mutex<()>; WAKING]>,
    pub(super) arbiter: Arc<Arbiter>,
}

impl RoomsHandle {
    /// Rooms live on a thread of their own, and start when they are used.
    pub fn start(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            awake: Arc::default(),
            waking: Arc::default(),
            arbiter: Arc::new(Arbiter::new()),
        }
    }

    /// Makes the rooms that there must be: of everyone, and of these roles.
    pub async fn ensure(&self, roles: Vec<String>) -> Result<()> {
        let made = self.parts.ledger.write(move |tx| {
            let names: Vec<&str> = roles.iter().map(String::as_str).collect();
            rooms::ensure(tx.conn, &names, tx.now_ms)
        });
        made.await
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The rooms of a user as `welcome` lists them, from the `offset`th on.
    pub async fn rooms(&self, who: &Principal, offset: i64) -> Result<Listed> {
        let (renderer, lang) = (self.parts.renderer.clone(), who.lang.clone());
        let viewer = self.parts.accounts.viewer(who);
        let listed = self
            .parts
            .ledger
            .read(move |conn| renderer.rooms(conn, &viewer, &lang, offset));
        listed.await
    }

    /// The rooms of a user, how many notifications he has not read, and the last event of people that both show.
    pub async fn picture(&self, who: &Principal) -> Result<(Listed, u64, u64)> {
        let (renderer, lang) = (self.parts.renderer.clone(), who.lang.clone());
        let viewer = self.parts.accounts.viewer(who);
        let read = move |conn: &mut crate::store::hub::Connection| {
            let shown = renderer.rooms(conn, &viewer, &lang, 0)?;
            let unread = notifications::unread(conn, viewer.user_id)?.unsigned_abs();
            Ok((shown, unread, events::head(conn)?))
        };
        self.parts.ledger.read(read).await
    }

    /// A new group of the doer and others whom he may contact.
    pub async fn create(&self, doer: Doer, name: String, others: Vec<i64>, open: bool) -> Result<Value> {
        for other in &others {
            if *other != doer.who.user_id {
                self.parts.accounts.check_contact(&doer.who, *other)?;
            }
        }
        let me = doer.who.user_id;
        let members: HashSet<i64> = others.into_iter().chain([me]).collect();
        let (_, room) = self
            .make(&doer, Arc::new(members), move |now_ms| Making {
                kind: RoomKind::Group,
                name: Some(name.clone()),
                key: None,
                open,
                now_ms,
            })
            .await?;
        Ok(room)
    }

    /// The direct room with another user, the same one each time; its id, and how it stands.
    pub async fn open_direct(&self, doer: Doer, other: i64) -> Result<(i64, Value)> {
        let me = doer.who.user_id;
        if other == me {
            return Err(Error::invalid("A direct room is with somebody else."));
        }
        let key = direct_key(me, other);
        let (found, viewer) = (key.clone(), self.parts.accounts.viewer(&doer.who));
        let (renderer, lang) = (self.parts.renderer.clone(), doer.who.lang.clone());
        let existing = self
            .parts
            .ledger
            .read(move |conn| {
                let Some(room) = rooms::by_key(conn, &found)? else {
                    return Ok(None);
                };
                let mine = renderer.room_of(conn, &viewer, &lang, room.id)?;
                Ok(mine.map(|mine| (room.id, mine)))
            })
            .await?;
        if let Some(existing) = existing {
            return Ok(existing);
        }
        self.parts.accounts.check_contact(&doer.who, other)?;
        self.make(&doer, Arc::new(HashSet::from([me, other])), move |now_ms| {
            Making {
                kind: RoomKind::Direct,
                name: None,
                key: Some(key.clone()),
                open: false,
                now_ms,
            }
        })
        .await
    }

    async fn make(
        &self,
        doer: &Doer,
        members: Arc<HashSet<i64>>,
        making: impl Fn(i64) -> Making + Send + 'static,
    ) -> Result<(i64, Value)> {
        let me = doer.who.user_id;
        let (renderer, lang) = (self.parts.renderer.clone(), doer.who.lang.clone());
        let viewer = self.parts.accounts.viewer(&doer.who);
        let made = self.parts.ledger.write(move |tx| {
            let making = making(tx.now_ms);
            // Two may open the same direct room at the same time.
            let there = match &making.key {
                Some(key) => rooms::by_key(tx.conn, key)?,
                None => None,
            };
            let room = match there {
                Some(room) => room,
                None => {
                    let room = rooms::insert(tx.conn, &making.row(me))?;
                    for user in &*members {
                        rooms::add_member(tx.conn, room.id, *user, tx.now_ms)?;
                    }
                    let seen = renderer.room(tx.conn, &room, &lang)?;
                    populate::emit(tx, &room, &seen, "created", me, &members)?;
                    room
                }
            };
            let mine = renderer.room_of(tx.conn, &viewer, &lang, room.id)?;
            Ok((room.id, mine.unwrap_or(Value::Null)))
        });
        made.await
    }

    pub async fn join(&self, doer: Doer, room: i64) -> Result<Value> {
        self.populate(doer, room, Movement::Join).await
    }

    pub async fn leave(&self, doer: Doer, room: i64) -> Result<Value> {
        self.populate(doer, room, Movement::Leave).await
    }

    pub async fn add(&self, doer: Doer, room: i64, user: i64) -> Result<Value> {
        self.populate(doer, room, Movement::Add(user)).await
    }

    pub async fn remove(&self, doer: Doer, room: i64, user: i64) -> Result<Value> {
        self.populate(doer, room, Movement::Remove(user)).await
    }

    async fn populate(&self, doer: Doer, room: i64, movement: Movement) -> Result<Value> {
        let message = || Populate {
            doer: doer.clone(),
            movement,
        };
        self.ask(room, message).await
    }

    pub async fn send(&self, doer: Doer, to: Target, draft: Draft) -> Result<Posted> {
        let room = match to {
            Target::Room(room) => room,
            Target::User(user) => self.open_direct(doer.clone(), user).await?.0,
        };
        let draft = Arc::new(draft);
        let message = || Post {
            doer: doer.clone(),
            draft: draft.clone(),
            by_hub: None,
        };
        self.ask(room, message).await
    }

    /// The message as it is afterwards.
    pub async fn revise(&self, doer: Doer, room: i64, message_id: i64, revision: Revision) -> Result<Value> {
        let message = || Revise {
            doer: doer.clone(),
            message_id,
            revision: revision.clone(),
        };
        self.ask(room, message).await
    }

    /// Moves the doer's cursor forward: `{"room","up_to","unread","mentions"}`.
    pub async fn mark(&self, doer: Doer, room: i64, up_to: i64, read: bool) -> Result<Value> {
        let message = || Mark {
            doer: doer.clone(),
            up_to,
            read,
        };
        let (up_to, counts) = self.ask(room, message).await?;
        Ok(json!({ "room": room, "up_to": up_to, "unread": counts.unread, "mentions": counts.mentions }))
    }

    pub async fn typing(&self, doer: Doer, room: i64, on: bool) -> Result<()> {
        let message = || Typing {
            doer: doer.clone(),
            on,
        };
        self.ask(room, message).await
    }

    /// The users who are in the room now; `not_found` where the asker is not. `None` asks for the hub itself.
    pub async fn members(&self, asking: Option<Doer>, room: i64) -> Result<Vec<i64>> {
        let message = || Who {
            asking: asking.clone(),
        };
        self.ask(room, message).await
    }

    /// Messages of a room, ascending, and whether there are more.
    pub async fn history(
        &self,
        who: &Principal,
        room: i64,
        window: Window,
        limit: i64,
    ) -> Result<(Vec<Value>, bool)> {
        let renderer = self.parts.renderer.clone();
        let viewer = self.parts.accounts.viewer(who);
        let read = move |conn: &mut crate::store::hub::Connection| {
            rooms::seen_by(conn, &viewer, room)?.ok_or_else(|| Error::of(Code::NotFound))?;
            let (found, more) = messages::page(conn, room, window, limit)?;
            Ok((renderer.messages(conn, &found)?, more))
        };
        self.parts.ledger.read(read).await
    }
}

/// A room to be made.
struct Making {
    kind: RoomKind,
    name: Option<String>,
    key: Option<String>,
    open: bool,
    now_ms: i64,
}

impl Making {
    fn row(&self, created_by: i64) -> NewRoom<'_> {
        NewRoom {
            kind: self.kind.as_str(),
            name: self.name.as_deref(),
            unique_key: self.key.as_deref(),
            role: None,
            open: self.open,
            created_by: Some(created_by),
            created_at_ms: self.now_ms,
        }
    }
}
