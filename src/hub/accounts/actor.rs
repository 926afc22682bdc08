//! The one that writes accounts: one thread with a connection of its own. Its own commits do not move that
//! connection's `data_version`, so whatever moves it came from another side.

use std::{
    collections::HashSet,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, Handler, SyncContext};
use parking_lot::RwLock;
use uuid::Uuid;

use super::{
    Callbacks,
    directory::{Consequences, Directory, Snapshot, UserSnapshot},
    messages::{Apply, Done, Job, Poll, Touched},
};
use crate::{
    domain::{Roles, timestamp::now_ms},
    protocol::error::{Error as Public, Result as Answer},
    store::hub::{self, Connection, HubStore, Lent, Result, generation, known_pairs, logins, terminals, users},
};

/// How often the machine's own addresses are read again.
const ADDRESSES_EVERY: Duration = Duration::from_secs(10);
/// How often expired logins are forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(15 * 60);

/// See the module.
pub struct AccountsActor {
    conn: Lent,
    roles: Arc<Roles>,
    directory: Arc<RwLock<Directory>>,
    callbacks: Arc<Callbacks>,
    /// The generation that the directory shows.
    generation: i64,
    data_version: i64,
    addresses_read: Option<Instant>,
    pruned: Option<Instant>,
}

/// What was read again after a change.
enum Fresh {
    Nothing,
    User(i64, UserSnapshot),
    All(Snapshot),
}

impl AccountsActor {
    /// Fills the directory.
    pub fn new(
        store: &HubStore,
        roles: Arc<Roles>,
        directory: Arc<RwLock<Directory>>,
        callbacks: Arc<Callbacks>,
    ) -> Result<Self> {
        let mut actor = Self {
            conn: store.connection()?,
            roles,
            directory,
            callbacks,
            generation: 0,
            data_version: 0,
            addresses_read: None,
            pruned: None,
        };
        actor.refresh_addresses();
        actor.look()?;
        Ok(actor)
    }

    fn apply<J: Job>(&mut self, job: J) -> Answer<J::Output> {
        let roles = Arc::clone(&self.roles);
        let known = self.generation;
        let (done, generation, fresh) = hub::write(&mut self.conn, |conn| {
            let before = generation::current(conn)?;
            let done: Done<J::Output> = job.run(conn, &roles)?;
            // Somebody else changed something since we last looked: the poll would find it, but after us.
            let touched = if before == known { done.touched } else { Touched::All };
            let fresh = read_again(conn, touched)?;
            Ok((done, generation::current(conn)?, fresh))
        })?;
        self.generation = generation;
        let consequences = {
            let mut directory = self.directory.write();
            match fresh {
                Fresh::Nothing => Consequences::default(),
                Fresh::User(id, fresh) => directory.replace_user(id, fresh),
                Fresh::All(snapshot) => directory.replace(snapshot),
            }
        };
        self.tell(&consequences, done.disconnected);
        Ok(done.answer)
    }

    /// Reads everything again where another side changed it.
    fn look(&mut self) -> Result<Consequences> {
        let data_version = generation::data_version(&mut self.conn)?;
        if data_version == self.data_version {
            return Ok(Consequences::default());
        }
        let known = self.generation;
        let (generation, snapshot) = hub::read(&mut self.conn, |conn| {
            let generation = generation::current(conn)?;
            let snapshot = (generation != known).then(|| snapshot(conn)).transpose()?;
            Ok((generation, snapshot))
        })?;
        self.data_version = data_version;
        self.generation = generation;
        let Some(snapshot) = snapshot else {
            return Ok(Consequences::default());
        };
        let consequences = self.directory.write().replace(snapshot);
        self.tell(&consequences, None);
        Ok(consequences)
    }

    fn tell(&self, consequences: &Consequences, disconnected: Option<Uuid>) {
        for revoked in consequences.revocations(disconnected) {
            (self.callbacks.revoked)(revoked);
        }
        if consequences.users_changed {
            let users = self.directory.read().mirror();
            (self.callbacks.users_changed)(users);
        }
    }

    fn housekeep(&mut self) -> Result<()> {
        if is_due(self.addresses_read, ADDRESSES_EVERY) {
            self.refresh_addresses();
        }
        if is_due(self.pruned, PRUNE_EVERY) {
            let known = self.generation;
            let generation = hub::write(&mut self.conn, |conn| {
                let before = generation::current(conn)?;
                logins::prune(conn, now_ms())?;
                Ok((before == known).then_some(generation::current(conn)?))
            })?;
            self.directory.write().forget_expired(now_ms());
            self.pruned = Some(Instant::now());
            if let Some(generation) = generation {
                self.generation = generation;
            }
        }
        Ok(())
    }

    fn refresh_addresses(&mut self) {
        self.addresses_read = Some(Instant::now());
        match if_addrs::get_if_addrs() {
            Ok(found) => {
                let own: HashSet<IpAddr> = found.iter().map(|i| i.ip().to_canonical()).collect();
                self.directory.write().set_own_addresses(own);
            }
            Err(cause) => tracing::warn!(%cause, "this machine's own addresses cannot be read"),
        }
    }
}

fn read_again(conn: &mut Connection, touched: Touched) -> Result<Fresh> {
    Ok(match touched {
        Touched::Nothing => Fresh::Nothing,
        Touched::User(id) => Fresh::User(
            id,
            UserSnapshot {
                user: users::by_id(conn, id)?,
                logins: logins::of_user(conn, id)?,
                addresses: known_pairs::of_user(conn, id)?,
            },
        ),
        Touched::All => Fresh::All(snapshot(conn)?),
    })
}

fn snapshot(conn: &mut Connection) -> Result<Snapshot> {
    Ok(Snapshot {
        users: users::all(conn)?,
        logins: logins::all(conn)?,
        known_pairs: known_pairs::all(conn)?,
        terminals: terminals::all(conn)?,
    })
}

fn is_due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|at| at.elapsed() >= every)
}

impl Actor for AccountsActor {
    type Context = SyncContext<Self>;
}

impl<J: Job> Handler<Apply<J>> for AccountsActor {
    type Result = Answer<J::Output>;

    fn handle(&mut self, Apply(job): Apply<J>, _: &mut Self::Context) -> Self::Result {
        // A panic would end the thread for good: only the request at fault may notice. The transaction is
        // undone by diesel, and the next poll reads what the directory may have missed.
        catch_unwind(AssertUnwindSafe(|| self.apply(job))).unwrap_or_else(|_| {
            self.generation = 0;
            self.data_version = 0;
            Err(Public::internal("an accounts job panicked"))
        })
    }
}

impl Handler<Poll> for AccountsActor {
    type Result = Answer<Consequences>;

    fn handle(&mut self, _: Poll, _: &mut Self::Context) -> Self::Result {
        catch_unwind(AssertUnwindSafe(|| {
            let consequences = self.look()?;
            self.housekeep()?;
            Ok::<_, Public>(consequences)
        }))
        .unwrap_or_else(|_| Err(Public::internal("the accounts poll panicked")))
    }
}
