//! Is the business database whole, and are the hub's books in it consistent?

use std::path::Path;

use rusqlite::{Connection, OpenFlags, Result};

/// Problems told at most.
const MAX_PROBLEMS: usize = 100;

/// Everything that is wrong with the database at `path`, in words for a person; also beside a running server.
pub fn check(path: &Path) -> Result<Vec<String>> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    problems(&conn)
}

/// [`check`] of an open database.
pub fn problems(conn: &Connection) -> Result<Vec<String>> {
    // One read transaction: all checks see one state, whatever is written meanwhile.
    conn.execute_batch("BEGIN")?;
    let found = collect(conn);
    let ended = conn.execute_batch("ROLLBACK");
    let mut found = found?;
    ended?;
    found.truncate(MAX_PROBLEMS);
    Ok(found)
}

fn collect(conn: &Connection) -> Result<Vec<String>> {
    let mut found: Vec<String> = conn
        .prepare(&format!("PRAGMA integrity_check({MAX_PROBLEMS})"))?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_>>()?;
    found.retain(|line| line != "ok");
    let has_books: bool = conn.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = '_comptoir_commit'",
        [],
        |row| row.get(0),
    )?;
    if has_books {
        books(conn, &mut found)?;
    }
    Ok(found)
}

fn books(conn: &Connection, found: &mut Vec<String>) -> Result<()> {
    for (sentence, sql) in [
        (
            "commit numbers have gaps",
            "SELECT count(*) <> 0 AND max(n) - min(n) + 1 <> count(*) FROM _comptoir_commit",
        ),
        (
            "a commit ends before the one it follows",
            "SELECT EXISTS (SELECT 1 FROM _comptoir_commit a JOIN _comptoir_commit b ON b.n = a.n + 1 \
             WHERE b.last_seq <= a.last_seq)",
        ),
        (
            "the rows of a commit are missing from the log",
            "SELECT coalesce((SELECT max(last_seq) FROM _comptoir_commit), 0) \
             > coalesce((SELECT max(seq) FROM _comptoir_change), 0)",
        ),
        (
            "a change row has no shape",
            "SELECT EXISTS (SELECT 1 FROM (SELECT DISTINCT shape FROM _comptoir_change) \
             WHERE shape NOT IN (SELECT id FROM _comptoir_shape))",
        ),
        (
            "a write was audited whose commit is not there",
            "SELECT coalesce((SELECT max(\"commit\") FROM _comptoir_audit), 0) \
             > coalesce((SELECT max(n) FROM _comptoir_commit), 0)",
        ),
    ] {
        if conn.query_row(sql, [], |row| row.get::<_, bool>(0))? {
            found.push(format!("the change log is inconsistent: {sentence}"));
        }
    }
    Ok(())
}
