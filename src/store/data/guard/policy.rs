//! What SQLite's authorizer answers for each authority, where `main` is the business database.

use rusqlite::hooks::{AuthAction, AuthContext};

use crate::domain::{Key, Role, Schema, Table, TableKind};

use super::{
    functions,
    screen::{ROWID_NAMES, Screen},
};

/// Names of the hub's own tables and triggers.
const OURS: &str = "_comptoir_";
/// The one table of the hub that a pack reads.
const MIRROR: &str = "_comptoir_user";
/// Table-valued functions without side effects.
const TABLE_FUNCTIONS: [&str; 2] = ["json_each", "json_tree"];

fn starts_with(name: &str, prefix: &str) -> bool {
    name.get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// What full-text search asks of its own accord. No statement of a client's can: `classify` refuses PRAGMA.
pub fn is_full_text(action: &AuthAction<'_>) -> bool {
    matches!(action, AuthAction::Pragma { pragma_name, pragma_value: None } if *pragma_name == "data_version")
}

/// A function of the pack: every row of every business table, and no more.
pub fn allows_pack(context: &AuthContext<'_>) -> bool {
    // Change capture writes under the names of our triggers.
    let captures = context.accessor.is_some_and(|name| starts_with(name, OURS));
    let business = |table: &str| captures || (!starts_with(table, OURS) && !starts_with(table, "sqlite_"));
    match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => {
            captures
                || functions::allowed(function_name)
                || [
                    "last_insert_rowid",
                    "changes",
                    "total_changes",
                    "json_patch",
                    "jsonb_patch",
                ]
                .iter()
                .any(|name| function_name.eq_ignore_ascii_case(name))
        }
        AuthAction::Read { table_name, .. } => {
            business(table_name) || table_name.eq_ignore_ascii_case(MIRROR)
        }
        AuthAction::Insert { table_name }
        | AuthAction::Delete { table_name }
        | AuthAction::Update { table_name, .. } => business(table_name),
        action => is_full_text(&action),
    }
}

/// A statement that a user of the role wrote.
pub fn allows_role(context: &AuthContext<'_>, role: &Role, schema: &Schema, screen: &Screen) -> bool {
    // The screen refused expressions of these names, so nobody but the schema acts under them.
    let by_schema = context.accessor.is_some_and(|name| {
        starts_with(name, OURS) || schema.triggers.iter().any(|own| own.eq_ignore_ascii_case(name))
    });
    let table_of = |name: &str| -> Target {
        if by_schema || !screen.mentions(name) {
            return Target::NotTheCallers;
        }
        if starts_with(name, OURS) || starts_with(name, "sqlite_") {
            return Target::Internal;
        }
        Target::Named
    };
    match context.action {
        AuthAction::Select | AuthAction::Recursive => true,
        AuthAction::Function { function_name } => by_schema || functions::allowed(function_name),
        AuthAction::Read {
            table_name,
            column_name,
        } => match table_of(table_name) {
            Target::NotTheCallers => true,
            Target::Internal => {
                role.admin
                    && ["sqlite_schema", "sqlite_master"]
                        .iter()
                        .any(|name| name.eq_ignore_ascii_case(table_name))
            }
            Target::Named => may_read(role, schema, screen, table_name, column_name),
        },
        AuthAction::Insert { table_name } => match table_of(table_name) {
            Target::NotTheCallers => true,
            Target::Internal => false,
            // Columns: `Screen::check_role`.
            Target::Named => schema.table(table_name).is_some_and(|table| {
                role.admin
                    || role
                        .rights(&table.name)
                        .is_some_and(|rights| !rights.insert.is_none())
            }),
        },
        AuthAction::Update {
            table_name,
            column_name,
        } => match table_of(table_name) {
            Target::NotTheCallers => true,
            Target::Internal => false,
            Target::Named => schema
                .table(table_name)
                .is_some_and(|table| column_allowed(table, column_name, |c| role.may_update(&table.name, c))),
        },
        AuthAction::Delete { table_name } => match table_of(table_name) {
            Target::NotTheCallers => true,
            Target::Internal => false,
            Target::Named => schema
                .table(table_name)
                .is_some_and(|table| role.may_delete(&table.name)),
        },
        action => is_full_text(&action),
    }
}

/// Whose access it is.
enum Target {
    NotTheCallers,
    Internal,
    Named,
}

fn may_read(role: &Role, schema: &Schema, screen: &Screen, table: &str, column: &str) -> bool {
    if let Some(table) = schema.table(table) {
        return if column.is_empty() {
            // Rows are counted, no column is named.
            role.may_read_table(&table.name)
        } else {
            column_allowed(table, column, |name| role.may_select(&table.name, name))
        };
    }
    TABLE_FUNCTIONS
        .iter()
        .any(|name| name.eq_ignore_ascii_case(table))
        || (column.is_empty() && screen.names_expression(table))
}

fn column_allowed(table: &Table, column: &str, allowed: impl Fn(&str) -> bool) -> bool {
    if let Some((_, column)) = table.column(column) {
        return allowed(&column.name);
    }
    if ROWID_NAMES.iter().any(|name| name.eq_ignore_ascii_case(column)) {
        return match (table.rowid_alias, &table.key) {
            (Some(alias), _) => allowed(&table.columns[alias].name),
            // The rowid is this table's key, which whoever reads some of it may see.
            (None, Key::Rowid) => table.columns.iter().any(|column| allowed(&column.name)),
            (None, Key::Columns(_)) => table.columns.iter().all(|column| allowed(&column.name)),
        };
    }
    // A virtual table answers to hidden columns (its own name, `rank`), which speak of all of it.
    table.kind == TableKind::Virtual && table.columns.iter().all(|column| allowed(&column.name))
}
