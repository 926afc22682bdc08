//! Every statement of every function, prepared.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{
    Connection,
    hooks::{AuthAction, AuthContext, Authorization},
};

use crate::pack::{
    Cardinality, Function, Method, Pack, Problems, Step,
    split::{Piece, split},
};

use super::scratch::{lift, locate};

/// Why the authorizer refused the statement that is being prepared.
type Refusal = Arc<Mutex<Option<String>>>;

/// Prepares each step under what a function may do, and sets `read_only`.
pub fn check(conn: &Connection, pack: &mut Pack, problems: &mut Problems) {
    let refusal = Refusal::default();
    let noted = refusal.clone();
    let watching = conn.authorizer(Some(move |context: AuthContext<'_>| match refuse(&context) {
        None => Authorization::Allow,
        Some(reason) => {
            noted
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(reason);
            Authorization::Deny
        }
    }));
    if let Err(cause) = watching {
        return problems.add("functions", 0, format!("the check itself failed: {cause}"));
    }
    for function in pack.functions.values_mut() {
        let mut read_only = true;
        for (i, step) in function.steps.iter().enumerate() {
            let is_last = i + 1 == function.steps.len();
            match check_step(conn, function, step, is_last, &refusal) {
                Ok(is_read) => read_only &= is_read,
                Err((line, reason)) => problems.add(&function.file, line, reason),
            }
        }
        let is_get = function
            .route
            .as_ref()
            .is_some_and(|route| route.method == Method::Get);
        if is_get && !read_only {
            let reason = format!(
                "`{}` writes: its route cannot be GET, which browsers repeat at will",
                function.name
            );
            problems.add(&function.file, function.line, reason);
        }
        Arc::make_mut(function).read_only = read_only;
    }
    if let Err(error) = lift(conn) {
        problems.add("functions", 0, error.to_string());
    }
}

/// Whether the step only reads; or what is wrong with it, and where.
fn check_step(
    conn: &Connection,
    function: &Function,
    step: &Step,
    is_last: bool,
    refusal: &Refusal,
) -> Result<bool, (u32, String)> {
    refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
    let statement = conn.prepare(&step.sql).map_err(|cause| {
        let refused = refusal.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (line, reason) = locate(step.line, &step.sql, &cause);
        match refused {
            Some(reason) => (step.line, reason),
            None => (line, reason),
        }
    })?;
    let here = |reason: String| Err((step.line, reason));
    let names = statement.column_names();
    if let Some(name) = &step.binds
        && names.len() != 1
    {
        return here(format!(
            "`-- let: {name}` names one value, but the statement above it returns {} columns",
            names.len()
        ));
    }
    if is_last && function.cardinality != Cardinality::Exec {
        if names.is_empty() {
            return here(format!(
                "the last statement of `{}` answers nothing: add RETURNING or a SELECT, or declare it `:exec`",
                function.name
            ));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.iter().find(|name| !seen.insert(**name)) {
            return here(format!(
                "the answer has two columns `{twice}`: name one of them with AS"
            ));
        }
    }
    Ok(statement.readonly())
}

/// Functions read and write the pack's tables; the schema, the files and the hub's own tables are not theirs.
fn refuse(context: &AuthContext<'_>) -> Option<String> {
    let reserved = |table: &str| {
        let lower = table.to_ascii_lowercase();
        lower.starts_with("_comptoir_") || lower.starts_with("sqlite_")
    };
    match context.action {
        AuthAction::Select | AuthAction::Recursive => None,
        AuthAction::Read { table_name, .. } if table_name.eq_ignore_ascii_case("_comptoir_user") => None,
        AuthAction::Read { table_name, .. }
        | AuthAction::Insert { table_name }
        | AuthAction::Update { table_name, .. }
        | AuthAction::Delete { table_name } => {
            reserved(table_name).then(|| format!("`{table_name}` is not for functions"))
        }
        AuthAction::Function { function_name } => {
            let lower = function_name.to_ascii_lowercase();
            // On shared connections these carry what others did.
            matches!(
                lower.as_str(),
                "load_extension" | "last_insert_rowid" | "changes" | "total_changes"
            )
            .then(|| format!("{lower}() is not for functions: use RETURNING with `-- let:`, or `-- expect:`"))
        }
        _ => Some(
            "a function holds SELECT, INSERT, UPDATE and DELETE only: the schema changes by migrations"
                .into(),
        ),
    }
}

/// Names and declared types of what the function answers. SQLite tells the types of a view's columns, so a
/// final SELECT is looked at as one, with NULL for its parameters; elsewhere the types are empty.
pub fn result_columns(conn: &Connection, function: &Function) -> Vec<(String, String)> {
    let Some(last) = function.steps.last() else {
        return Vec::new();
    };
    view_columns(conn, &last.sql).unwrap_or_else(|| {
        conn.prepare(&last.sql).map_or_else(
            |_| Vec::new(),
            |statement| {
                let names = statement.column_names();
                names
                    .into_iter()
                    .map(|name| (name.to_owned(), String::new()))
                    .collect()
            },
        )
    })
}

fn view_columns(conn: &Connection, sql: &str) -> Option<Vec<(String, String)>> {
    let pieces = split(sql).ok()?;
    let Some(Piece::Statement(statement)) = pieces.first() else {
        return None;
    };
    let mut text = statement.sql.clone();
    for variable in statement.variables.iter().rev() {
        text.replace_range(variable.start..variable.start + variable.text.len(), "NULL");
    }
    conn.execute_batch(&format!("CREATE TEMP VIEW _comptoir_result AS {text}"))
        .ok()?;
    let columns = conn
        .prepare("SELECT name, type FROM pragma_table_xinfo('_comptoir_result', 'temp') ORDER BY cid")
        .and_then(|mut statement| {
            statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<Vec<_>>>()
        });
    conn.execute_batch("DROP VIEW temp._comptoir_result").ok()?;
    columns.ok()
}
