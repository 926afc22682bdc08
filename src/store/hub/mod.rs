//! What the hub itself owns: users, logins, audit. The only place that knows diesel.
//!
//! One file per aggregate, each a set of functions over a connection; [`HubStore`] gives connections and
//! transactions. Callers of other modules get at the connection type by its name here, never by diesel's.

pub mod audit;
pub mod backup;
pub mod chain;
pub mod error;
pub mod generation;
pub mod known_pairs;
pub mod logins;
pub mod schema;
pub mod settings;
pub mod terminals;
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

pub use backup::{backup_to, check, rebase_audit, verify_audit};
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
        make_private(path)?;
        let url = path
            .to_str()
            .ok_or_else(|| Error::Open("its path is not UTF-8".into()))?;
        let pool = Pool::builder()
            .max_size(4)
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

    pub fn path(&self) -> &Path {
        &self.path
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

/// Runs `work` on one snapshot.
pub fn read<T>(conn: &mut Connection, work: impl FnOnce(&mut Connection) -> Result<T>) -> Result<T> {
    conn.transaction(work)
}

/// Settings of every connection.
#[derive(Debug)]
struct Pragmas;

impl CustomizeConnection<SqliteConnection, diesel::r2d2::Error> for Pragmas {
    fn on_acquire(&self, conn: &mut SqliteConnection) -> std::result::Result<(), diesel::r2d2::Error> {
        // busy_timeout first: the change to WAL itself may meet a lock.
        conn.batch_execute(
            "PRAGMA busy_timeout = 5000;
             PRAGMA journal_mode = WAL;
             PRAGMA synchronous = FULL;
             PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF;",
        )
        .map_err(diesel::r2d2::Error::QueryError)
    }
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
        .map_err(|cause| Error::Open(cause.to_string()))
}

#[cfg(not(unix))]
fn make_private(_path: &Path) -> Result<()> {
    Ok(())
}
