//! The audit of writes reaches the chain exactly once. The business database is stood for by the seam that
//! the shipper knows: what matters here is when it is asked, and what it is told to forget.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use comptoir::{
    executor::WriteAudit,
    hub::audit::{AuditHandle, WriteAuditSource, source::Answer},
    protocol::error::{Code, Error},
    store::hub::{HubStore, audit},
    telemetry::Metrics,
};
use parking_lot::Mutex;

#[derive(Default)]
struct Writes {
    rows: Mutex<Vec<WriteAudit>>,
    /// As if the hub were killed after the rows were stored and before it could say so.
    deaf: AtomicBool,
}

impl Writes {
    fn add(&self, seqs: std::ops::RangeInclusive<i64>) {
        self.rows.lock().extend(seqs.map(|seq| WriteAudit {
            seq,
            at_ms: seq,
            user_id: 1,
            username: "awa".into(),
            address: "203.0.113.20".into(),
            session: None,
            subject: Some("sell".into()),
            detail: None,
            tables: Some("ventes".into()),
            rows_affected: 1,
            commit: Some(seq),
        }));
    }
}

impl WriteAuditSource for Writes {
    fn epoch(&self) -> String {
        "e".into()
    }

    fn page(&self, after: i64, limit: usize) -> Answer<'_, Vec<WriteAudit>> {
        let page = self
            .rows
            .lock()
            .iter()
            .filter(|row| row.seq > after)
            .take(limit)
            .cloned()
            .collect();
        Box::pin(async move { Ok(page) })
    }

    fn trim(&self, up_to: i64) -> Answer<'_, ()> {
        let deaf = self.deaf.load(Ordering::Relaxed);
        if !deaf {
            self.rows.lock().retain(|row| row.seq > up_to);
        }
        Box::pin(async move {
            if deaf {
                Err(Error::of(Code::Unavailable))
            } else {
                Ok(())
            }
        })
    }
}

fn start(dir: &tempfile::TempDir, writes: &Arc<Writes>) -> AuditHandle {
    let store = HubStore::open_in(dir.path()).unwrap();
    let audit = AuditHandle::start(store, &Metrics::new().unwrap()).unwrap();
    audit.ship_from(Arc::clone(writes) as Arc<dyn WriteAuditSource>);
    audit
}

fn commits(dir: &tempfile::TempDir) -> Vec<i64> {
    let mut found = Vec::new();
    let store = HubStore::open_in(dir.path()).unwrap();
    audit::visit::<comptoir::store::hub::Error>(&mut store.connection().unwrap(), None, None, |row| {
        found.extend(row.commit_n);
        Ok(())
    })
    .unwrap();
    assert_eq!(store.read(audit::verify).unwrap().fault, None);
    found
}

#[actix::test]
async fn each_write_is_copied_once_across_a_crash_before_it_was_trimmed() {
    let dir = tempfile::tempdir().unwrap();
    let writes = Arc::new(Writes::default());
    writes.add(1..=5_000);
    writes.deaf.store(true, Ordering::Relaxed);
    let first = start(&dir, &writes);
    assert!(first.ship_now().await.is_err());
    drop(first);

    writes.deaf.store(false, Ordering::Relaxed);
    writes.add(5_001..=5_010);
    let second = start(&dir, &writes);
    second.ship_now().await.unwrap();
    second.shutdown().await;
    assert_eq!(commits(&dir), (1..=5_010).collect::<Vec<_>>());
    assert!(writes.rows.lock().is_empty());
}

#[actix::test]
async fn writes_are_copied_without_being_asked() {
    let dir = tempfile::tempdir().unwrap();
    let writes = Arc::new(Writes::default());
    let audit = start(&dir, &writes);
    writes.add(1..=3);
    let copied = async {
        while !writes.rows.lock().is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    crate::support::within(copied).await;
    audit.shutdown().await;
    assert_eq!(commits(&dir), [1, 2, 3]);
}

#[actix::test]
async fn a_restored_database_goes_on_where_it_stood() {
    let dir = tempfile::tempdir().unwrap();
    let store = HubStore::open_in(dir.path()).unwrap();
    store
        .write(|conn| audit::set_shipped(conn, "before", 10))
        .unwrap();
    let hub_db = dir.path().join("hub.db");
    // The copy of the business database is older than what was copied of it.
    comptoir::store::hub::rebase_shipped(&hub_db, "before", "after", (7, 0)).unwrap();
    assert_eq!(store.read(|conn| audit::shipped(conn, "after")).unwrap(), 7);
    // Or has rows that were not copied yet.
    comptoir::store::hub::rebase_shipped(&hub_db, "before", "later", (12, 0)).unwrap();
    assert_eq!(store.read(|conn| audit::shipped(conn, "later")).unwrap(), 10);
}
