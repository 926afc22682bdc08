//! Samples the sizes of the databases into the metrics, on whatever interval its caller keeps.

use std::{fs, path::Path, time::Instant};

use crate::{app::data_dir::DataDir, telemetry::Metrics};

/// Reads the sizes of both databases and of the write-ahead log, and the uptime. Absent files count 0.
pub fn sample(dir: &DataDir, started: Instant, metrics: &Metrics) {
    metrics.data_db_bytes.set(size(dir.data_db()));
    metrics.data_wal_bytes.set(size(&wal_of(dir.data_db())));
    metrics.hub_db_bytes.set(size(&dir.hub_db()));
    metrics.disk_free_bytes.set(free_bytes(dir.root()));
    metrics.uptime_seconds.set(started.elapsed().as_secs_f64());
}

fn wal_of(db: &Path) -> std::path::PathBuf {
    let mut name = db.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// Free for the hub's own account; 0 where the system does not say.
#[cfg(unix)]
fn free_bytes(path: &Path) -> i64 {
    rustix::fs::statvfs(path).map_or(0, |space| {
        i64::try_from(space.f_bavail.saturating_mul(space.f_frsize)).unwrap_or(i64::MAX)
    })
}

#[cfg(not(unix))]
fn free_bytes(_path: &Path) -> i64 {
    0
}

fn size(path: &Path) -> i64 {
    fs::metadata(path).map_or(0, |meta| i64::try_from(meta.len()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn sizes_of_the_files_reach_the_metrics() {
        let temp = tempfile::tempdir().unwrap();
        let dir = DataDir::create(temp.path(), &Config::default()).unwrap();
        fs::write(dir.data_db(), [0; 10]).unwrap();
        fs::write(temp.path().join("data.db-wal"), [0; 3]).unwrap();
        let metrics = Metrics::new().unwrap();
        sample(&dir, Instant::now(), &metrics);
        assert_eq!(metrics.data_db_bytes.get(), 10);
        assert_eq!(metrics.data_wal_bytes.get(), 3);
        assert_eq!(metrics.hub_db_bytes.get(), 0);
        assert!(!cfg!(unix) || metrics.disk_free_bytes.get() > 0);
    }
}
