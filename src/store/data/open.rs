//! Opening the business database for the writer: whole, with books, migrated, captured.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode};

use super::{
    books::{self, BooksError},
    capture, connection,
    deadline::Deadline,
    migrate::{self, MigrateError},
    mirror::{self, MirrorUser},
    schema,
};
use crate::{
    domain::Schema,
    pack::{Migration, Source},
    protocol::Error,
};

/// How long the look for damage may take at start: the hub must be ready soon, whatever the size.
const QUICK_CHECK: Duration = Duration::from_millis(800);

/// Why the business database cannot be served. For the console: may name files.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the business database {path} is damaged: {reason}")]
    Damaged { path: PathBuf, reason: String },
    #[error("the business database {path} was written by a newer version of comptoir")]
    Newer { path: PathBuf },
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error("the business database {path} cannot be opened: {reason}")]
    Failed { path: PathBuf, reason: String },
}

/// What to open, and what must have been done to it.
#[derive(Debug)]
pub struct OpenOptions<'a> {
    pub path: &'a Path,
    pub migrations: &'a [Migration],
    /// The accounts, which migrations and the seed may read. `None`: as they were mirrored last.
    pub users: Option<&'a [MirrorUser]>,
    /// Run once, in a database that was never seeded.
    pub seed: Option<&'a Source>,
}

/// An open database, ready to be written.
#[derive(Debug)]
pub struct Opened {
    pub conn: Connection,
    pub deadline: Deadline,
    pub schema: Arc<Schema>,
    /// Virtual tables: their changes cannot be captured.
    pub not_captured: Vec<String>,
    /// How many migrations were applied.
    pub migrated: usize,
    pub seeded: bool,
}

/// Opens (creates) the database and brings it to where the pack wants it.
pub fn open(options: &OpenOptions<'_>) -> Result<Opened, OpenError> {
    let path = options.path;
    let failed = |cause: &dyn std::fmt::Display| OpenError::Failed {
        path: path.to_owned(),
        reason: cause.to_string(),
    };
    let conn = connection::open_writer(path).map_err(|cause| said(path, &cause))?;
    let deadline = Deadline::install(&conn).map_err(|cause| failed(&cause))?;
    quick_check(&conn, &deadline, path)?;
    let in_transaction = |work: &dyn Fn() -> Result<(), OpenError>| -> Result<(), OpenError> {
        conn.execute_batch("BEGIN IMMEDIATE").map_err(|e| failed(&e))?;
        let done = work().and_then(|()| conn.execute_batch("COMMIT").map_err(|e| failed(&e)));
        if !conn.is_autocommit() {
            let _ = conn.execute_batch("ROLLBACK"); // the error of `work` is the one to tell
        }
        done
    };
    in_transaction(&|| {
        books::create(&conn).map_err(|cause| match cause {
            BooksError::Newer => OpenError::Newer {
                path: path.to_owned(),
            },
            BooksError::Sqlite(cause) => failed(&cause),
        })?;
        match options.users {
            Some(users) => mirror::replace(&conn, users).map_err(|cause| failed(&cause)),
            None => Ok(()),
        }
    })?;
    let migrated = migrate::apply(&conn, options.migrations)?;
    let seeded = match options.seed {
        Some(seed) => migrate::seed(&conn, seed)?,
        None => false,
    };
    let schema = schema::read(&conn).map_err(|cause| failed(&cause))?;
    let installed = std::cell::RefCell::new(capture::Installed::default());
    in_transaction(&|| {
        *installed.borrow_mut() = capture::install(&conn, &schema).map_err(|e| failed(&e))?;
        Ok(())
    })?;
    Ok(Opened {
        not_captured: installed.into_inner().not_captured,
        conn,
        deadline,
        schema,
        migrated,
        seeded,
    })
}

/// The migrations that [`open`] would apply, by file name: where there are some, a backup comes first.
pub fn pending_migrations(path: &Path, migrations: &[Migration]) -> Result<Vec<String>, OpenError> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let failed = |cause: &dyn std::fmt::Display| OpenError::Failed {
        path: path.to_owned(),
        reason: cause.to_string(),
    };
    let conn = Connection::open(path).map_err(|cause| failed(&cause))?;
    let has_books: bool = conn
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE name = '_comptoir_migration'",
            [],
            |row| row.get(0),
        )
        .map_err(|cause| damage(path, &cause).unwrap_or_else(|| failed(&cause)))?;
    if !has_books {
        return Ok(migrations.iter().map(|m| m.source.file.clone()).collect());
    }
    let pending = migrate::pending(&conn, migrations)?;
    Ok(pending.into_iter().map(|m| m.source.file.clone()).collect())
}

/// Looks for damage, as far as the time goes: `comptoir check` looks everywhere.
fn quick_check(conn: &Connection, deadline: &Deadline, path: &Path) -> Result<(), OpenError> {
    deadline.arm(Instant::now() + QUICK_CHECK);
    let found = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    deadline.disarm();
    match found {
        Ok(said) if said == "ok" => Ok(()),
        Ok(reason) => Err(OpenError::Damaged {
            path: path.to_owned(),
            reason,
        }),
        Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(()),
        Err(cause) => Err(damage(path, &cause).unwrap_or_else(|| OpenError::Failed {
            path: path.to_owned(),
            reason: cause.to_string(),
        })),
    }
}

fn damage(path: &Path, cause: &rusqlite::Error) -> Option<OpenError> {
    matches!(
        cause.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
    .then(|| OpenError::Damaged {
        path: path.to_owned(),
        reason: cause.to_string(),
    })
}

/// An error of the first statements: a file that is no database is found by them.
fn said(path: &Path, cause: &Error) -> OpenError {
    let reason = cause.cause.clone().unwrap_or_else(|| cause.message.to_string());
    let path = path.to_owned();
    if reason.contains("not a database") || reason.contains("malformed") {
        OpenError::Damaged { path, reason }
    } else {
        OpenError::Failed { path, reason }
    }
}
