//! What the hub itself owns: users, logins, audit. The only place that knows diesel.
//!
//! One file per aggregate, each a set of functions over a connection; [`HubStore`] gives connections and
//! transactions. Callers of other modules get at the connection type by its name here, never by diesel's.

pub mod audit;
pub mod backup;
pub mod calls;
pub mod chain;
pub mod error;
pub mod events;
pub mod files;
pub mod generation;
pub mod known_pairs;
pub mod logins;
pub mod messages;
pub mod notifications;
pub mod notifications_past;
#[cfg(test)]
#[path = "tests/plans.rs"]
mod plan_tests;
pub mod presence;
pub mod receipts;
pub mod retention;
pub mod rooms;
pub mod rooms_overview;
pub mod schema;
pub mod search;
pub mod settings;
pub mod terminals;
pub mod urgent;
pub mod users;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::{
    Connection as _, SqliteConnection,
    connection::SimpleConnection,
    migration::{Migration, MigrationSource},
    r2d2::{ConnectionManager, CustomizeConnection, Pool, PooledConnection},
    sqlite::Sqlite,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

pub use backup::{backup_to, check, rebase_shipped, recorded_files, verify_audit};
pub use error::{Error, Result};

/// The migrations of `hub.db`, part of the binary.
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// Name of the file in the data directory.
pub const FILE: &str = "hub.db";

/// A connection to `hub.db`.
pub type Connection = SqliteConnection;

/// A connection lent by the pool.
pub type Lent = PooledConnection<ConnectionManager<SqliteConnection>>;

/// `hub.db`, open and migrated.
#[derive(Clone)]
pub struct HubStore {
    pool: Pool<ConnectionManager<SqliteConnection>>,
    path: PathBuf,
}

impl HubStore {
    /// Opens (or makes) the file at `path` and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Newer`] where a later version of the program has migrated it.
    pub fn open(path: &Path) -> Result<Self> {
        Self::open_checked(path).map_err(|cause| match cause.to_string() {
            said if error::tells_of_damage(&said) => Error::Damaged(format!("{}: {said}", path.display())),
            _ => cause,
        })
    }

    fn open_checked(path: &Path) -> Result<Self> {
        make_private(path)?;
        let url = path
            .to_str()
            .ok_or_else(|| Error::Open("its path is not UTF-8".into()))?;
        // The pool would try a file that cannot be used again and again, and say nothing but that it took too long.
        let mut first = SqliteConnection::establish(url).map_err(|cause| cannot_open(path, &cause))?;
        set_up(&mut first).map_err(|cause| cannot_open(path, &cause))?;
        drop(first);
        let pool = Pool::builder()
            .max_size(16)
            .min_idle(Some(1))
            .connection_timeout(Duration::from_secs(5))
            .connection_customizer(Box::new(Pragmas))
            .build(ConnectionManager::new(url))?;
        let store = Self {
            pool,
            path: path.to_owned(),
        };
        migrate(&mut *store.connection()?)?;
        Ok(store)
    }

    /// Opens `hub.db` of a data directory.
    pub fn open_in(data_dir: &Path) -> Result<Self> {
        Self::open(&data_dir.join(FILE))
    }

    /// Opens the `hub.db` that a data directory must have already, for commands that only read.
    pub fn open_existing(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(FILE);
        if !path.is_file() {
            return Err(Error::Missing(data_dir.to_owned()));
        }
        Self::open(&path)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves what is in the write-ahead log into the file: before the hub stops.
    pub fn checkpoint(&self) -> Result<()> {
        self.connection()?
            .batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?;
        Ok(())
    }

    /// Looks for damage before the hub is served, in a time that does not grow with its age: all tables but an audit
    /// that has become large. `comptoir check` looks everywhere.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn look_for_damage(&self) -> Result<()> {
        backup::quick_check(&mut *self.connection()?, &self.path).map_err(|cause| match cause {
            cause @ backup::Error::Damaged(_) => Error::Damaged(format!("{}: {cause}", self.path.display())),
            cause if error::tells_of_damage(&cause.to_string()) => {
                Error::Damaged(format!("{}: {cause}", self.path.display()))
            }
            cause => cannot_open(&self.path, &cause),
        })
    }

    /// Waits for a connection, at most five seconds.
    pub fn connection(&self) -> Result<Lent> {
        Ok(self.pool.get()?)
    }

    /// Runs `work` in one write transaction; an error undoes all of it.
    pub fn write<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        write(&mut *self.connection()?, work)
    }

    /// Runs `work` on one snapshot.
    pub fn read<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
        read(&mut *self.connection()?, work)
    }
}

/// Runs `work` in one write transaction. IMMEDIATE: a transaction that first reads and then writes would
/// otherwise fail with `SQLITE_BUSY` at once where another wrote in between.
pub fn write<T>(conn: &mut Connection, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
    conn.immediate_transaction(work)
}

/// Runs `work` within a transaction that is open; an error undoes it alone.
pub fn savepoint<T>(conn: &mut Connection, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
    conn.transaction(work)
}

/// Runs `work` on one snapshot.
pub fn read<T>(conn: &mut Connection, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
    conn.transaction(work)
}

/// Settings of every connection.
#[derive(Debug)]
struct Pragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> std::result::Result<(), diesel::r2d2::Error> {
        set_up(conn).map_err(diesel::r2d2::Error::QueryError)
    }
}

fn set_up(conn: &mut SqliteConnection) -> diesel::QueryResult<()> {
    // busy_timeout first: the change to WAL itself may meet a lock.
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;",
    )
}

fn cannot_open(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::Open(format!("{}: {cause}", path.display()))
}

fn migrate(conn: &mut SqliteConnection) -> Result<()> {
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| Error::Migration(cause.to_string());
    let ours: Vec<Box<dyn Migration<Sqlite>>> = MIGRATIONS.migrations().map_err(failed)?;
    for applied in conn.applied_migrations().map_err(failed)? {
        if !ours.iter().any(|known| known.name().version() == applied) {
            return Err(Error::Newer(applied.to_string()));
        }
    }
    conn.run_pending_migrations(MIGRATIONS).map_err(failed)?;
    Ok(())
}

/// Password hashes live here: the file is for the hub's own account alone.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|cause| cannot_open(path, &cause))
}

#[cfg(not(unix))]
fn make_private(_path: &Path) -> Result<()> {
    Ok(())
}
