//! What can go wrong with `hub.db`, and what of it a client is told.

use std::path::PathBuf;

use diesel::result::{DatabaseErrorKind, Error as Diesel};

use crate::protocol::error::{Code, Error as Public};

/// An error of the hub's own database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Database(#[from] Diesel),
    #[error("no connection to hub.db: {0}")]
    Pool(#[from] r2d2::Error),
    #[error("hub.db cannot be opened: {0}")]
    Open(String),
    /// The file is not what was written.
    #[error("hub.db is damaged: {0}")]
    Damaged(String),
    #[error("there is no hub.db in {}; name the data directory with --data", .0.display())]
    Missing(PathBuf),
    #[error("a migration of hub.db failed: {0}")]
    Migration(String),
    /// Migrations that this binary does not know were applied.
    #[error("hub.db was written by a newer version of Comptoir (it has migration {0}); install that version")]
    Newer(String),
    #[error("hub.db holds a value that cannot be read: {0}")]
    Malformed(&'static str),
    /// A rule was broken: the answer is ready.
    #[error("{0}")]
    Refused(Public),
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether the request alone is to blame: the transaction around it is whole.
    pub fn is_of_the_request(&self) -> bool {
        match self {
            Self::Refused(_) | Self::Malformed(_) => true,
            Self::Database(Diesel::DatabaseError(kind, _)) => !matches!(kind, DatabaseErrorKind::Unknown),
            Self::Database(cause) => !matches!(
                cause,
                Diesel::RollbackErrorOnCommit { .. } | Diesel::BrokenTransactionManager
            ),
            _ => false,
        }
    }

    /// Whether a UNIQUE rule was broken.
    pub fn is_unique_violation(&self) -> bool {
        matches!(
            self,
            Self::Database(Diesel::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
        )
    }
}

/// Whether SQLite's text tells of a damaged file: diesel does not hand on the code.
pub(super) fn tells_of_damage(text: &str) -> bool {
    ["malformed", "not a database"]
        .iter()
        .any(|sign| text.contains(sign))
}

impl From<Public> for Error {
    fn from(refused: Public) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Public {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(answer) => answer,
            // A full disk, a lock held past the busy timeout, an I/O error: of the machine, not of the request.
            Error::Database(Diesel::DatabaseError(DatabaseErrorKind::Unknown, _))
            | Error::Pool(_)
            | Error::Open(_)
            | Error::Damaged(_)
            | Error::Missing(_) => Public::of(Code::Unavailable).caused_by(error),
            other => Public::internal(other),
        }
    }
}
