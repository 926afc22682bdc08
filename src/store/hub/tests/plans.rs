//! For tests: how SQLite would go about a statement.

use diesel::{prelude::*, sql_query, sql_types::Text};

use super::Connection;

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

fn steps(conn: &mut Connection, sql: &str) -> Vec<String> {
    let steps: Vec<Step> = sql_query(format!("EXPLAIN QUERY PLAN {sql}")).load(conn).unwrap();
    assert!(!steps.is_empty());
    steps.into_iter().map(|step| step.detail).collect()
}

/// Fails where the statement sorts, or scans anything but these.
#[track_caller]
pub fn finds(conn: &mut Connection, sql: &str, scans: &[&str]) {
    let steps = steps(conn, sql);
    for step in &steps {
        let scanned = step.starts_with("SCAN") && !scans.contains(&step.as_str());
        assert!(!scanned && !step.contains("TEMP B-TREE"), "{steps:#?}");
    }
}

/// Fails where the statement scans.
#[track_caller]
pub fn searches(conn: &mut Connection, sql: &str) {
    let steps = steps(conn, sql);
    assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{steps:#?}");
}
