//! Backups that something other than the clock or the command line asks for.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::{
    app::data_dir::DataDir,
    config,
    pack::Pack,
    protocol::{Code, Error as Refusal},
    store::data::open::{self, OpenError},
    transport::http::{BackupAction, BackupList, BackupMade},
};

use super::{Error, take};

/// What `POST /api/admin/backup` does: one at a time, into the directory of backups.
pub fn action(dir: &DataDir) -> BackupAction {
    let dir = dir.clone();
    let one_at_a_time = Arc::new(Mutex::new(()));
    Arc::new(move || {
        let (dir, one_at_a_time) = (dir.clone(), one_at_a_time.clone());
        Box::pin(async move {
            let Ok(_turn) = one_at_a_time.try_lock() else {
                return Err(Refusal::new(Code::Busy, "A backup is being made.").retry_after_ms(5_000));
            };
            tokio::task::spawn_blocking(move || made(&dir))
                .await
                .map_err(Refusal::internal)?
        })
    })
}

/// What `GET /api/admin/backup` does.
pub fn list_action(dir: &DataDir, plan: &config::Backup) -> BackupList {
    let (dir, plan) = (dir.clone(), plan.clone());
    Arc::new(move || {
        let (dir, plan) = (dir.clone(), plan.clone());
        Box::pin(async move {
            tokio::task::spawn_blocking(move || super::list(&dir, &plan))
                .await
                .map_err(Refusal::internal)
        })
    })
}

fn made(dir: &DataDir) -> Result<BackupMade, Refusal> {
    let failed = |cause: &dyn std::fmt::Display| {
        Refusal::new(
            Code::Unavailable,
            "The backup could not be made; the log says why.",
        )
        .caused_by(cause)
    };
    std::fs::create_dir_all(dir.backups()).map_err(|cause| failed(&cause))?;
    let taken = take(dir, dir.backups(), "requested").map_err(|cause| failed(&cause))?;
    let bytes = std::fs::metadata(&taken.path)
        .map_err(|cause| failed(&cause))?
        .len();
    let file = taken
        .path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    Ok(BackupMade {
        file,
        commit: taken.manifest.commit,
        at: taken.manifest.at,
        bytes,
    })
}

/// Why migrations cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BeforeMigration {
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("the backup before the migrations failed: {0}")]
    Backup(#[from] Error),
}

impl BeforeMigration {
    /// Whether a database is damaged, so that a backup is the way on.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Open(OpenError::Damaged { .. }) | Self::Backup(Error::Database { .. })
        )
    }
}

/// Before migrations change a database that is there, it is backed up (PROTOCOL section 5).
pub fn before_migration(dir: &DataDir, pack: &Pack) -> Result<(), BeforeMigration> {
    if !dir.data_db().is_file() {
        return Ok(());
    }
    let pending = open::pending_migrations(dir.data_db(), &pack.migrations)?;
    if pending.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(dir.backups()).map_err(Error::io(dir.backups()))?;
    let taken = take(dir, dir.backups(), "before-migration")?;
    tracing::info!(file = %taken.path.display(), migrations = pending.len(), "backup made before migrations");
    Ok(())
}
