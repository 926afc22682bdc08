use comptoir::{
    hub::audit::{AuditFilter, Entry},
    store::hub::audit::{self, Fault},
};

use crate::support::House;

async fn house_with_ten_entries() -> House {
    let house = House::build(); // three of them are the users' making
    for n in 0..7 {
        let entry = Entry {
            at_ms: 1_000 + n,
            action: "refused".into(),
            username: Some(format!("user{n}")),
            outcome: "forbidden".into(),
            ..Entry::default()
        };
        house.audit.record_durably(entry).await.unwrap();
    }
    house
}

fn fault(house: &House) -> Option<Fault> {
    house.store.read(audit::verify).unwrap().fault
}

/// Runs SQL as somebody would who can write the file.
fn tamper(house: &House, sql: &str) {
    house
        .sqlite()
        .execute_batch(&format!(
            "DROP TRIGGER IF EXISTS audit_is_append_only_update;
             DROP TRIGGER IF EXISTS audit_is_append_only_delete;
             {sql}"
        ))
        .unwrap();
}

#[actix::test]
async fn an_untouched_audit_is_whole() {
    let house = house_with_ten_entries().await;
    let verdict = house.store.read(audit::verify).unwrap();
    assert_eq!((verdict.good, verdict.fault), (10, None));
}

#[actix::test]
async fn every_edit_removal_insertion_and_reordering_is_found() {
    let cases = [
        ("UPDATE audit SET username = 'other' WHERE id = 5", 5),
        ("UPDATE audit SET at_ms = at_ms + 1 WHERE id = 1", 1),
        ("UPDATE audit SET detail = '' WHERE id = 8", 8),
        ("UPDATE audit SET outcome = 'ok' WHERE id = 10", 10),
        ("DELETE FROM audit WHERE id = 4", 4),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 10", 10),
        ("DELETE FROM audit WHERE id > 6", 7),
        ("DELETE FROM audit", 1),
        (
            "DELETE FROM audit WHERE id = 10; UPDATE audit_head SET last_id = 9",
            9,
        ),
        (
            "UPDATE audit SET id = 99 WHERE id = 5; UPDATE audit SET id = 5 WHERE id = 6; UPDATE audit SET id = 6 WHERE id = 99",
            5,
        ),
        (
            "INSERT INTO audit SELECT 0, at_ms, action, user_id, username, address, session, subject, detail, tables, rows_affected, commit_n, outcome, prev_hash, hash FROM audit WHERE id = 3",
            0,
        ),
        (
            "INSERT INTO audit SELECT 11, at_ms, action, user_id, username, address, session, subject, detail, tables, rows_affected, commit_n, outcome, prev_hash, hash FROM audit WHERE id = 10",
            11,
        ),
        ("UPDATE audit_head SET hash = zeroblob(32)", 10),
    ];
    for (sql, id) in cases {
        let house = house_with_ten_entries().await;
        tamper(&house, sql);
        assert_eq!(fault(&house).map(|fault| fault.id), Some(id), "{sql}");
    }
}

#[actix::test]
async fn the_database_itself_refuses_to_change_an_entry() {
    let house = house_with_ten_entries().await;
    for sql in ["UPDATE audit SET outcome = 'ok'", "DELETE FROM audit"] {
        assert!(house.sqlite().execute_batch(sql).is_err());
    }
}

#[actix::test]
async fn entries_from_two_processes_make_one_chain() {
    let house = House::build();
    let other = comptoir::hub::audit::AuditHandle::start(
        comptoir::store::hub::HubStore::open(&house.hub_db()).unwrap(),
        &comptoir::telemetry::Metrics::new().unwrap(),
    )
    .unwrap();
    let entry = || Entry {
        action: "refused".into(),
        outcome: "forbidden".into(),
        ..Entry::default()
    };
    for _ in 0..20 {
        let (one, two) = tokio::join!(house.audit.record_durably(entry()), other.record_durably(entry()));
        one.unwrap();
        two.unwrap();
    }
    let verdict = house.store.read(audit::verify).unwrap();
    assert_eq!((verdict.good, verdict.fault), (43, None));
}

#[actix::test]
async fn what_is_handed_over_without_waiting_is_stored_before_the_hub_stops() {
    let house = House::build();
    for _ in 0..1_000 {
        house.audit.record(Entry {
            action: "refused".into(),
            outcome: "forbidden".into(),
            ..Entry::default()
        });
    }
    house.audit.shutdown().await;
    assert_eq!(house.audit.dropped(), 0);
    assert_eq!(house.store.read(audit::verify).unwrap().good, 1_003);
}

#[actix::test]
async fn the_list_is_filtered_and_newest_first() {
    let house = house_with_ten_entries().await;
    let filter = AuditFilter {
        action: Some("refused".into()),
        since_ms: Some(1_002),
        until_ms: Some(1_005),
        limit: 2,
        ..AuditFilter::default()
    };
    let names = |records: Vec<comptoir::hub::audit::AuditRecord>| {
        records
            .into_iter()
            .filter_map(|record| record.username)
            .collect::<Vec<_>>()
    };
    let first = house.audit.list(filter.clone()).await.unwrap();
    let before_id = first.last().map(|record| record.id);
    assert_eq!(names(first), ["user4", "user3"]);
    let next = house
        .audit
        .list(AuditFilter { before_id, ..filter })
        .await
        .unwrap();
    assert_eq!(names(next), ["user2"]);
}
