//! What SQLite says, in the words of the catalogue. SQLite's own text goes to the log only: it may hold
//! names and values that the caller cannot see.

use rusqlite::{Error as Sqlite, ErrorCode, ffi};

use crate::{
    domain::{Role, Schema},
    protocol::error::{Code, Error},
};

/// Milliseconds after which a caller who met a locked database may try again.
const BUSY_RETRY_MS: u64 = 100;

/// Longest name of the caller's that is repeated to him, characters.
const LONGEST_NAME: usize = 64;

/// An error of the hub's own statements or of a pack's functions: constraints are named in full.
pub fn from_sqlite(error: Sqlite) -> Error {
    convert(error, None, &|_, _| true, &|_| false)
}

/// An error of the statement `sql` that `role` wrote: names only tables and columns that the role has a right to, and is
/// `forbidden` where the unknown name is a real one that the role was not given.
pub fn for_role(error: Sqlite, sql: &str, schema: &Schema, role: &Role) -> Error {
    let known = |table: &str, column: Option<&str>| match column {
        None => role.admin || role.rights(table).is_some(),
        Some(column) => {
            role.may_select(table, column) || role.may_insert(table, column) || role.may_update(table, column)
        }
    };
    let hidden = |name: Unknown<'_>| match name {
        Unknown::Table(table) => {
            !role.admin
                && schema.table(table).is_some_and(|table| {
                    role.rights(&table.name)
                        .is_none_or(|rights| rights.select.is_none())
                })
        }
        Unknown::Column(column) => {
            !role.admin
                && schema
                    .tables
                    .iter()
                    .any(|table| table.column(column).is_some() && !role.may_select(&table.name, column))
        }
    };
    convert(error, Some(sql), &known, &hidden)
}

/// A name that SQLite did not find.
#[derive(Debug, Clone, Copy)]
enum Unknown<'a> {
    Table(&'a str),
    Column(&'a str),
}

type Known<'a> = &'a dyn Fn(&str, Option<&str>) -> bool;
type Hidden<'a> = &'a dyn Fn(Unknown<'_>) -> bool;

fn convert(error: Sqlite, sql: Option<&str>, known: Known<'_>, hidden: Hidden<'_>) -> Error {
    let (code, said) = match &error {
        Sqlite::SqliteFailure(code, said) => (*code, said.as_deref().unwrap_or("")),
        Sqlite::SqlInputError { error, msg, .. } => (*error, msg.as_str()),
        Sqlite::NulError(_) => return Error::new(Code::InvalidSql, "The statement holds a NUL character."),
        Sqlite::MultipleStatement => return Error::new(Code::InvalidSql, "Only one statement at a time."),
        Sqlite::InvalidParameterName(_) | Sqlite::InvalidParameterCount(..) => {
            return Error::new(
                Code::InvalidSql,
                "The parameters do not match those of the statement.",
            );
        }
        other => return Error::internal(other),
    };
    classify(code, said, sql, known, hidden).caused_by(said)
}

fn classify(code: ffi::Error, said: &str, sql: Option<&str>, known: Known<'_>, hidden: Hidden<'_>) -> Error {
    match code.code {
        ErrorCode::ConstraintViolation => constraint(code.extended_code, said, known),
        ErrorCode::TypeMismatch => violated("DATATYPE".to_owned()),
        ErrorCode::OperationInterrupted => Error::of(Code::Timeout),
        ErrorCode::TooBig => Error::new(Code::PayloadTooLarge, "A value is over the size limit.")
            .with("limit", "max_result_bytes"),
        // The heap limit is there for statements that want too much.
        ErrorCode::OutOfMemory => Error::new(
            Code::PayloadTooLarge,
            "The statement needs more memory than it may have.",
        )
        .with("limit", "memory"),
        ErrorCode::AuthorizationForStatementDenied => Error::of(Code::Forbidden),
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::SchemaChanged => Error::of(Code::Busy).retry_after_ms(BUSY_RETRY_MS),
        ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::DatabaseCorrupt
        | ErrorCode::NotADatabase
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::NoLargeFileSupport => Error::of(Code::Unavailable),
        ErrorCode::InternalMalfunction => Error::of(Code::Internal),
        _ => invalid(said, sql, hidden),
    }
}

fn invalid(said: &str, sql: Option<&str>, hidden: Hidden<'_>) -> Error {
    // The name as the caller wrote it, or nothing: a broken view names what he never saw.
    let own = |name: &str| {
        sql.is_some_and(|sql| sql.contains(name)) && name.chars().count() <= LONGEST_NAME && !name.is_empty()
    };
    // Refusals that SQLite does not mark as such.
    if said.starts_with("not authorized") || said.ends_with(" may not be modified") {
        return Error::of(Code::Forbidden);
    }
    if let Some(name) = said.strip_prefix("no such table: ") {
        let bare = bare(name);
        return if hidden(Unknown::Table(bare)) {
            Error::of(Code::Forbidden)
        } else if own(bare) {
            Error::new(Code::InvalidSql, format!("There is no table {bare}."))
        } else {
            Error::of(Code::InvalidSql)
        };
    }
    let column = said
        .strip_prefix("no such column: ")
        .or_else(|| said.rsplit_once(" has no column named ").map(|(_, name)| name))
        .or_else(|| {
            said.split_once(" - column ")
                .and_then(|(_, rest)| rest.split(' ').next())
        });
    if let Some(name) = column {
        let bare = bare(name);
        return if hidden(Unknown::Column(bare)) {
            Error::of(Code::Forbidden)
        } else if own(bare) {
            Error::new(Code::InvalidSql, format!("There is no column {bare}."))
        } else {
            Error::of(Code::InvalidSql)
        };
    }
    if let Some((token, _)) = said
        .strip_prefix("near \"")
        .and_then(|rest| rest.rsplit_once("\": syntax error"))
        && own(token)
    {
        return Error::new(
            Code::InvalidSql,
            format!("The statement does not parse near {token}."),
        );
    }
    Error::of(Code::InvalidSql)
}

/// `staff.salary`, `"salary" - should this be a string literal …`: the last name alone.
fn bare(name: &str) -> &str {
    let name = name.split(" - should").next().unwrap_or(name).trim();
    let name = name.rsplit('.').next().unwrap_or(name);
    name.trim_matches(['"', '`', '[', ']', '\''])
}

fn violated(constraint: String) -> Error {
    Error::of(Code::ConstraintViolation).with("constraint", constraint)
}

fn constraint(extended: i32, said: &str, known: Known<'_>) -> Error {
    let rest = said.split_once(" failed: ").map_or("", |(_, rest)| rest);
    match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            violated(named("UNIQUE", rest, known))
        }
        ffi::SQLITE_CONSTRAINT_NOTNULL => violated(named("NOT NULL", rest, known)),
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => violated("FOREIGN KEY".to_owned()),
        ffi::SQLITE_CONSTRAINT_DATATYPE => {
            let column = said.rsplit_once(" column ").map_or("", |(_, column)| column);
            violated(named("DATATYPE", column, known))
        }
        // The text of an unnamed CHECK is its expression, which may speak of hidden columns.
        ffi::SQLITE_CONSTRAINT_CHECK if is_name(rest) => violated(format!("CHECK {rest}")),
        ffi::SQLITE_CONSTRAINT_CHECK => violated("CHECK".to_owned()),
        // `RAISE(ABORT, 'text')`: the pack's author wrote it for the person at the terminal.
        ffi::SQLITE_CONSTRAINT_TRIGGER if !said.is_empty() => Error::new(
            Code::ConstraintViolation,
            said.chars().take(500).collect::<String>(),
        )
        .with("constraint", "TRIGGER"),
        _ => violated("TRIGGER".to_owned()),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME && text.chars().all(|c| c == '_' || c.is_alphanumeric())
}

/// `UNIQUE ventes.numero, ventes.annee`, as far as the caller knows these names.
fn named(kind: &str, columns: &str, known: Known<'_>) -> String {
    let mut table = None;
    let mut shown = Vec::new();
    for name in columns.split(", ") {
        let Some((of, column)) = name.rsplit_once('.') else {
            continue;
        };
        if known(of, Some(column)) {
            shown.push(name);
        } else if known(of, None) {
            table = Some(of);
        }
    }
    match (table, shown.is_empty()) {
        (Some(table), _) => format!("{kind} {table}"),
        (None, false) => format!("{kind} {}", shown.join(", ")),
        (None, true) => kind.to_owned(),
    }
}
