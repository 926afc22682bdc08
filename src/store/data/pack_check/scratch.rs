//! The database in memory on which a pack is tried.

use std::{collections::BTreeSet, path::Path};

use rusqlite::{
    Connection, Error, OpenFlags,
    hooks::{AuthAction, AuthContext, Authorization},
};

use crate::pack::{
    Pack, PackError, Source,
    split::{Piece, split},
};

/// The mirror of the accounts, which migrations and functions may read.
const MIRROR: &str = "CREATE TABLE _comptoir_user(
    id INTEGER PRIMARY KEY,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    active INTEGER NOT NULL
)";

/// An error that no pack should be able to cause.
pub fn unexpected(cause: impl std::fmt::Display) -> PackError {
    PackError::one("(check)", 0, format!("the check itself failed: {cause}"))
}

/// A database with the schema of `existing` and the pack's migrations; no rows.
pub fn open(pack: &Pack, existing: Option<&Path>) -> Result<Connection, PackError> {
    let conn = Connection::open_in_memory().map_err(unexpected)?;
    conn.execute_batch(MIRROR).map_err(unexpected)?;
    let applied = match existing {
        Some(path) => copy_schema(path, &conn)
            .map_err(|cause| PackError::one(path.display().to_string(), 0, cause.to_string()))?,
        None => BTreeSet::new(),
    };
    conn.authorizer(Some(authorize)).map_err(unexpected)?;
    for migration in &pack.migrations {
        if !applied.contains(&migration.version) {
            run(&conn, &migration.source)?;
        }
    }
    lift(&conn)?;
    conn.execute_batch("PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON")
        .map_err(unexpected)?;
    Ok(conn)
}

/// Takes the authorizer off.
pub fn lift(conn: &Connection) -> Result<(), PackError> {
    conn.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)
        .map_err(unexpected)
}

/// Loads the demo users, numbered in their order as a first start numbers them, and the seed.
pub fn seed(conn: &Connection, pack: &Pack) -> Result<(), PackError> {
    for (user, id) in pack.demo_users.iter().zip(1_i64..) {
        conn.execute(
            "INSERT INTO _comptoir_user VALUES (?1, ?2, ?3, ?4, 1)",
            (
                id,
                &user.username,
                user.display_name.as_ref().unwrap_or(&user.username),
                &user.role,
            ),
        )
        .map_err(unexpected)?;
    }
    let Some(seed) = &pack.seed else { return Ok(()) };
    conn.authorizer(Some(authorize)).map_err(unexpected)?;
    run(conn, seed)?;
    lift(conn)?;
    let broken = conn
        .prepare("SELECT \"table\", rowid FROM pragma_foreign_key_check LIMIT 1")
        .and_then(|mut statement| statement.exists([]))
        .map_err(unexpected)?;
    if broken {
        let reason = "afterwards a row refers to one that is not there";
        return Err(PackError::one(&seed.file, 0, reason));
    }
    Ok(())
}

/// Runs a file in one transaction; what fails is named with its line.
fn run(conn: &Connection, source: &Source) -> Result<(), PackError> {
    let pieces = split(&source.text)
        .map_err(|open| PackError::one(&source.file, open.line, format!("{} is not closed", open.what)))?;
    let transaction = conn.unchecked_transaction().map_err(unexpected)?;
    for piece in pieces {
        let Piece::Statement(statement) = piece else {
            continue;
        };
        if matches!(
            statement.first_word.as_str(),
            "begin"
                | "commit"
                | "end"
                | "rollback"
                | "savepoint"
                | "release"
                | "pragma"
                | "attach"
                | "detach"
                | "vacuum"
        ) {
            let reason = format!(
                "{} has no place here: the file runs in one transaction of the hub",
                statement.first_word.to_uppercase()
            );
            return Err(PackError::one(&source.file, statement.line, reason));
        }
        conn.execute_batch(&statement.sql)
            .map_err(|cause| fault(&source.file, statement.line, &statement.sql, &cause))?;
    }
    transaction
        .commit()
        .map_err(|cause| PackError::one(&source.file, 0, cause.to_string()))
}

/// SQLite's complaint about a statement that begins at `line`.
pub fn fault(file: &str, line: u32, sql: &str, cause: &Error) -> PackError {
    let (line, reason) = locate(line, sql, cause);
    PackError::one(file, line, reason)
}

/// The line of SQLite's complaint, and its words without the statement.
pub fn locate(line: u32, sql: &str, cause: &Error) -> (u32, String) {
    match cause {
        Error::SqlInputError { msg, offset, .. } => {
            let before = usize::try_from(*offset)
                .ok()
                .and_then(|offset| sql.as_bytes().get(..offset));
            let lines = before.map_or(0, |before| before.iter().filter(|byte| **byte == b'\n').count());
            (line + u32::try_from(lines).unwrap_or(0), msg.clone())
        }
        Error::SqliteFailure(_, Some(message)) => (line, message.clone()),
        other => (line, other.to_string()),
    }
}

/// The hub's own tables are not a pack's to change, and a pack has no other files.
fn authorize(context: AuthContext<'_>) -> Authorization {
    let own = |name: &str| name.to_ascii_lowercase().starts_with("_comptoir_");
    let is_own = match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => true,
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::DropTable { table_name }
        | AuthAction::CreateTable { table_name }
        | AuthAction::AlterTable { table_name, .. }
        | AuthAction::CreateTrigger { table_name, .. }
        | AuthAction::CreateIndex { table_name, .. } => own(table_name),
        _ => false,
    };
    if is_own {
        Authorization::Deny
    } else {
        Authorization::Allow
    }
}

/// Copies the schema, not the rows; answers the migrations that the file records.
fn copy_schema(path: &Path, to: &Connection) -> rusqlite::Result<BTreeSet<i64>> {
    let from = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    let mut objects = from.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL
         AND lower(substr(name, 1, 10)) <> '_comptoir_' AND lower(substr(tbl_name, 1, 10)) <> '_comptoir_'
         AND lower(substr(name, 1, 7)) <> 'sqlite_'
         ORDER BY CASE WHEN sql LIKE 'CREATE VIRTUAL%' THEN 0 WHEN type = 'table' THEN 1
                       WHEN type = 'index' THEN 2 WHEN type = 'view' THEN 3 ELSE 4 END, rowid",
    )?;
    for sql in objects.query_map([], |row| row.get::<_, String>(0))? {
        let sql = sql?;
        if let Err(cause) = to.execute_batch(&sql) {
            // A virtual table made its shadow tables already.
            if !cause.to_string().contains("already exists") {
                return Err(cause);
            }
        }
    }
    let is_recorded = from.table_exists(Some("main"), "_comptoir_migration")?;
    if !is_recorded {
        return Ok(BTreeSet::new());
    }
    from.prepare("SELECT version FROM _comptoir_migration")?
        .query_map([], |row| row.get(0))?
        .collect()
}
