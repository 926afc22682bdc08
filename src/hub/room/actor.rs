//! The actor of one room: who is in it, in which order things happen, what each has not read.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use actix::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::{
    Doer, Parts,
    messages::{Forget, Mark, Typing, Who},
    tally::{Counts, Tally},
    turns::Turns,
};
use crate::{
    domain::{About, Principal, Recipients, Signal, room::RoomKind},
    protocol::{
        error::{Code, Error, Result},
        frame,
    },
    store::hub::{
        self, Connection, messages,
        receipts::{self, Standing},
        rooms::{self, Room},
    },
};

/// A room that nobody used for this long goes to sleep.
const IDLE: Duration = Duration::from_secs(300);
/// In larger rooms nobody is shown who has read what, and counts are told less often.
pub(super) const SMALL: usize = 100;
/// Who types is shown at most so often.
const TYPING_EVERY: Duration = Duration::from_secs(1);
/// Nobody types so long without saying so again: his connection may be gone.
const TYPING_ENDS: Duration = Duration::from_secs(8);

/// What a room's actor starts from, read on one snapshot.
pub(super) struct Loaded {
    room: Room,
    members: HashSet<i64>,
    tally: Tally,
}

/// See the module.
pub(super) struct RoomActor {
    pub parts: Parts,
    pub room: Room,
    /// Of rooms that have a list of members.
    pub members: Arc<HashSet<i64>>,
    pub tally: Tally,
    pub turns: Turns,
    /// What each was told last.
    pub told: HashMap<i64, Counts>,
    /// Counts are about to be told.
    pub telling: bool,
    used: Instant,
    /// The one before it broke off: what it had not told yet is told.
    takes_over: bool,
    /// Set where it ends because nobody needs it.
    fell_asleep: Arc<AtomicBool>,
    /// Who types: since when he was last shown to, and whether he still does.
    typing: HashMap<i64, (Instant, bool)>,
}

impl Loaded {
    pub fn load(conn: &mut Connection, id: i64) -> hub::Result<Option<Self>> {
        let Some(room) = rooms::by_id(conn, id)? else {
            return Ok(None);
        };
        let mut members = HashSet::new();
        let mut read = receipts::read_up_to(conn, id)?;
        if room.kind().has_member_list() {
            members.extend(rooms::member_ids(conn, id)?);
            read.retain(|(user, _)| members.contains(user));
        } else {
            read.extend(receipts::baselines(conn, id)?);
        }
        // Who has no receipt has read nothing.
        let all_known = read.len() >= members.len();
        let least = read.iter().map(|(_, seq)| *seq).min().filter(|_| all_known);
        let least = least.unwrap_or(0);
        let deleted = messages::deleted_after(conn, id, least)?;
        let mentions = receipts::unread_mentions(conn, id)?;
        let mut tally = Tally::new(room.last_seq, read, deleted, mentions);
        tally.forgotten(room.forgotten_up_to);
        Ok(Some(Self { room, members, tally }))
    }
}

impl RoomActor {
    pub fn new(parts: Parts, loaded: Loaded, takes_over: bool, fell_asleep: Arc<AtomicBool>) -> Self {
        Self {
            takes_over,
            fell_asleep,
            parts,
            room: loaded.room,
            members: Arc::new(loaded.members),
            tally: loaded.tally,
            turns: Turns::default(),
            told: HashMap::new(),
            telling: false,
            used: Instant::now(),
            typing: HashMap::new(),
        }
    }

    /// Once a second that somebody types, and once that he stopped.
    fn shows_typing(&mut self, user_id: i64, on: bool) -> bool {
        let now = Instant::now();
        self.typing
            .retain(|_, (since, on)| *on || now.duration_since(*since) < TYPING_EVERY);
        let before = self.typing.get(&user_id).copied();
        let shown = match (before, on) {
            (Some((since, _)), true) => now.duration_since(since) >= TYPING_EVERY,
            (Some((_, was_on)), false) => was_on,
            (None, on) => on,
        };
        if shown {
            let since = before.filter(|_| !on).map_or(now, |(since, _)| since);
            self.typing.insert(user_id, (since, on));
        }
        shown
    }

    fn tell_typing(&self, user_id: i64, on: bool, except: Option<Uuid>) {
        let text = json!({ "type": "typing", "room": self.room.id, "user_id": user_id, "on": on });
        self.parts.feed.signals(vec![Signal {
            to: self.recipients(),
            except,
            about: Some(About::Typing {
                room: self.room.id,
                user: user_id,
            }),
            frame: frame::text(text.to_string().as_bytes()),
        }]);
    }

    pub fn touch(&mut self) {
        self.used = Instant::now();
    }

    pub fn has(&self, who: &Principal) -> bool {
        match self.room.kind() {
            RoomKind::Role => self.room.role.as_deref() == Some(&*who.role.name),
            RoomKind::Everyone => !who.role.external,
            RoomKind::Direct | RoomKind::Group | RoomKind::Legacy => self.members.contains(&who.user_id),
        }
    }

    /// `not_found` for whoever is not in the room: that there is one is not his business.
    pub fn check(&mut self, doer: &Doer) -> Result<()> {
        self.touch();
        if self.has(&doer.who) {
            Ok(())
        } else {
            Err(Error::of(Code::NotFound))
        }
    }

    /// Whoever gets what happens in the room.
    pub fn recipients(&self) -> Recipients {
        match (self.room.kind(), &self.room.role) {
            (RoomKind::Role, Some(role)) => Recipients::Role(role.as_str().into()),
            (RoomKind::Everyone, _) => {
                let roles = self.parts.accounts.roles();
                let internal = roles.iter().filter(|role| !role.external);
                Recipients::Roles(Arc::new(internal.map(|role| role.name.clone()).collect()))
            }
            _ => Recipients::Members(self.members.clone()),
        }
    }

    /// The users who are in the room.
    pub fn users(&self) -> Vec<i64> {
        match self.room.kind() {
            RoomKind::Role => {
                let name = self.room.role.as_deref();
                self.parts.accounts.users_in(|role| Some(&*role.name) == name)
            }
            RoomKind::Everyone => self.parts.accounts.users_in(|role| !role.external),
            _ => self.members.iter().copied().collect(),
        }
    }

    /// Whether an active user is in the room.
    pub fn has_user(&self, user: i64) -> bool {
        match self.room.kind() {
            RoomKind::Role => self.parts.accounts.role_of(user).as_deref() == self.room.role.as_deref(),
            RoomKind::Everyone => {
                let person = self.parts.accounts.person(user);
                person.is_some_and(|(_, role)| !role.external)
            }
            _ => self.members.contains(&user),
        }
    }

    pub fn is_small(&self) -> bool {
        let users = if self.room.kind().has_member_list() {
            self.members.len()
        } else {
            self.users().len()
        };
        users <= SMALL
    }

    /// What was to be stored may be stored or not: the next actor of the room reads how it is.
    pub fn start_anew_if_unsure<T>(&self, done: &Result<T>, ctx: &mut Context<Self>) {
        if matches!(done, Err(error) if error.code == Code::Timeout) {
            ctx.stop();
        }
    }
}

impl Actor for RoomActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(64);
        ctx.run_interval(IDLE / 5, |room, ctx| {
            if room.used.elapsed() > IDLE && !room.telling {
                // Whoever comes now finds the mailbox closed and wakes another.
                room.fell_asleep.store(true, Ordering::Release);
                ctx.stop();
            }
        });
        if self.takes_over {
            self.counts_changed(ctx);
        }
    }
}

impl Handler<Mark> for RoomActor {
    type Result = ResponseActFuture<Self, Result<(i64, Counts)>>;

    fn handle(&mut self, Mark { doer, up_to, read }: Mark, _: &mut Self::Context) -> Self::Result {
        if let Err(error) = self.check(&doer) {
            return Box::pin(actix::fut::ready(Err(error)));
        }
        let (room, user) = (self.room.id, doer.who.user_id);
        // Whoever was sent a message may have read it before its answer was looked at here.
        let last_here = self.tally.last_seq();
        let others = self.is_small().then(|| self.recipients()).filter(|_| read);
        let known = self.tally.knows(user).then(|| self.tally.place(user));
        let marked = self.parts.ledger.write(move |tx| {
            // Whoever came later begins with what was said since.
            let start = match known {
                Some(place) => place,
                None => receipts::place(tx.conn, room, user)?,
            };
            let up_to = if up_to > last_here {
                up_to.min(rooms::last_seq(tx.conn, room)?)
            } else {
                up_to.max(0)
            };
            let wanted = Standing {
                read: if read { up_to.max(start) } else { start },
                delivered: up_to,
            };
            let (was, now) = receipts::advance(tx.conn, room, user, wanted)?;
            if let Some(to) = others.clone().filter(|_| now != was) {
                tx.emit(super::has_read(room, user, now.read, to))?;
            }
            Ok((was, now))
        });
        let marked = self.turns.after_those_before(marked);
        Box::pin(marked.into_actor(self).map(move |(marked, _turn), room, ctx| {
            room.start_anew_if_unsure(&marked, ctx);
            let (was, now) = marked?;
            if !read && now != was && room.is_small() {
                let text = json!({ "type": "message_delivered", "room": room.room.id, "user_id": user, "up_to": now.delivered });
                room.parts.feed.signals(vec![Signal {
                    to: room.recipients(), // whoever was removed meanwhile gets nothing more
                    except: doer.session,
                    about: Some(About::Delivered { room: room.room.id, user }),
                    frame: frame::text(text.to_string().as_bytes()),
                }]);
            }
            let counts = room.marked(user, now.read, ctx);
            Ok((if read { now.read } else { now.delivered }, counts))
        }))
    }
}

impl Handler<Typing> for RoomActor {
    type Result = Result<()>;

    fn handle(&mut self, Typing { doer, on }: Typing, ctx: &mut Self::Context) -> Result<()> {
        self.check(&doer)?;
        let user = doer.who.user_id;
        if self.shows_typing(user, on) {
            self.tell_typing(user, on, doer.session);
            if on {
                ctx.run_later(TYPING_ENDS, move |room, _| {
                    let silent = |(since, on): &(Instant, bool)| *on && since.elapsed() >= TYPING_ENDS;
                    if room.typing.get(&user).is_some_and(silent) && room.shows_typing(user, false) {
                        room.tell_typing(user, false, None);
                    }
                });
            }
        }
        Ok(())
    }
}

impl Handler<Who> for RoomActor {
    type Result = Result<Vec<i64>>;

    fn handle(&mut self, Who { asking }: Who, _: &mut Self::Context) -> Result<Vec<i64>> {
        if let Some(doer) = asking {
            self.check(&doer)?;
        }
        Ok(self.users())
    }
}

impl Handler<Forget> for RoomActor {
    type Result = ();

    fn handle(&mut self, Forget { up_to }: Forget, ctx: &mut Self::Context) {
        self.tally.forgotten(up_to);
        self.counts_changed(ctx);
    }
}

#[cfg(test)]
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct Panic;

#[cfg(test)]
impl Handler<Panic> for RoomActor {
    type Result = ();

    fn handle(&mut self, _: Panic, _: &mut Self::Context) {
        panic!("as the test wants it");
    }
}
