//! Reading connections of column-limited roles. `main` is empty; the business database is attached under a name that
//! nobody can guess; a temporary view shadows each table of which the role may not read everything. What is hidden
//! is not in scope at all: NATURAL, USING and masks of any name compare only what the role may see.

use std::{borrow::Cow, collections::HashSet};

use rand::Rng;
use rusqlite::{
    Connection,
    config::DbConfig,
    hooks::{AuthAction, AuthContext},
};

use crate::{
    domain::{Columns, Role, Schema, Table, TableKind},
    protocol::error::Result,
};

use super::{
    functions, policy,
    screen::Screen,
    token::{Token, Tokens},
};
use crate::store::data::error::from_sqlite;

/// Letters of a schema's name: 4.7 bits each.
const SECRET_LETTERS: usize = 32;

/// A name for the attached database.
pub fn secret() -> String {
    let mut rng = rand::rng();
    (0..SECRET_LETTERS)
        .map(|_| char::from(b'a' + rng.random_range(0..26u8)))
        .collect()
}

/// What the role finds under each name. Lower case.
#[derive(Debug)]
pub struct Shadow {
    secret: String,
    /// Tables that need no shadow: all of their columns may be read.
    whole: HashSet<String>,
    /// Views of the permitted columns.
    partial: HashSet<String>,
    /// Every table and view of the schema.
    known: HashSet<String>,
}

/// A name as SQL writes it.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Without `main.` before the names of tables: what lies there under its own name in the database lies in two places here.
/// Takes words away and brings none, so that a screen of the result misses nothing.
pub fn without_main<'a>(sql: &'a str, schema: &Schema) -> Cow<'a, str> {
    let spoken = sql
        .as_bytes()
        .windows(4)
        .any(|four| four.eq_ignore_ascii_case(b"main"));
    if !spoken {
        return Cow::Borrowed(sql);
    }
    // What cannot be read is refused by the screen.
    let Ok(words) = Tokens::new(sql).collect::<std::result::Result<Vec<_>, _>>() else {
        return Cow::Borrowed(sql);
    };
    let is_name = |token: &Token<'_>| matches!(token, Token::Word(_) | Token::Quoted(_));
    let mut kept = String::with_capacity(sql.len());
    let mut from = 0;
    for three in words.windows(3) {
        let [(start, schema_name), (_, dot), (table_start, table)] = three else {
            continue;
        };
        let qualifies = is_name(schema_name)
            && schema_name
                .name()
                .is_some_and(|name| name.eq_ignore_ascii_case("main"))
            && dot.is_punctuation(b'.')
            && table.name().is_some_and(|name| schema.table(name).is_some());
        if qualifies {
            kept.push_str(&sql[from..*start]);
            kept.push(' ');
            from = *table_start;
        }
    }
    kept.push_str(&sql[from..]);
    Cow::Owned(kept)
}

impl Shadow {
    /// Makes the views for `role` on a connection to which the business database is attached as `secret`.
    pub fn cast(conn: &Connection, secret: &str, schema: &Schema, role: &Role) -> Result<Self> {
        // Defensive SQLite keeps the names of full-text shadow tables for itself, and those need a shadow too.
        let defensive = |on| {
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, on)
                .map_err(from_sqlite)
        };
        defensive(false)?;
        let mut shadow = Self {
            secret: secret.to_owned(),
            whole: HashSet::new(),
            partial: HashSet::new(),
            known: HashSet::new(),
        };
        for table in &schema.tables {
            let name = table.name.to_ascii_lowercase();
            shadow.known.insert(name.clone());
            let whole = role
                .rights(&table.name)
                .is_some_and(|rights| rights.select == Columns::All);
            if whole {
                shadow.whole.insert(name);
                continue;
            }
            conn.execute_batch(&shadow.view(table, role))
                .map_err(from_sqlite)?;
            if role.may_read_table(&table.name) {
                shadow.partial.insert(name);
            }
        }
        defensive(true)?;
        Ok(shadow)
    }

    fn view(&self, table: &Table, role: &Role) -> String {
        let readable: Vec<String> = table
            .columns
            .iter()
            .filter(|column| role.may_select(&table.name, &column.name))
            .map(|column| quoted(&column.name))
            .collect();
        let name = quoted(&table.name);
        if readable.is_empty() {
            // Only there to be refused; it has the real names so that they are refused too.
            let mut columns: Vec<String> = table
                .columns
                .iter()
                .map(|column| format!("NULL AS {}", quoted(&column.name)))
                .collect();
            if columns.is_empty() || table.kind == TableKind::Virtual {
                columns.push(format!("NULL AS {name}"));
            }
            return format!("CREATE TEMP VIEW {name} AS SELECT {}", columns.join(", "));
        }
        format!(
            "CREATE TEMP VIEW {name} AS SELECT {} FROM {}.{name}",
            readable.join(", "),
            quoted(&self.secret)
        )
    }

    /// What SQLite's authorizer answers.
    pub fn allows(&self, context: &AuthContext<'_>, schema: &Schema, screen: &Screen) -> bool {
        // The screen refused expressions of these names.
        let by_view = context
            .accessor
            .is_some_and(|name| schema.triggers.iter().any(|own| own.eq_ignore_ascii_case(name)));
        match context.action {
            AuthAction::Select | AuthAction::Recursive => true,
            AuthAction::Function { function_name } => by_view || functions::allowed(function_name),
            AuthAction::Read {
                table_name,
                column_name,
            } => {
                let table = table_name.to_ascii_lowercase();
                let visible = self.whole.contains(&table) || self.partial.contains(&table);
                match context.database_name {
                    // Whatever of these is not wholly visible has a shadow, so only a view gets here.
                    Some(database) if database == self.secret => by_view || self.known.contains(&table),
                    Some("temp") => self.partial.contains(&table),
                    // The name of a source of which no column is used.
                    None if column_name.is_empty() => {
                        visible
                            || is_table_function(&table)
                            || (!self.known.contains(&table) && screen.names_expression(&table))
                    }
                    _ => is_table_function(&table),
                }
            }
            action => policy::is_full_text(&action),
        }
    }
}

fn is_table_function(name: &str) -> bool {
    name == "json_each" || name == "json_tree"
}
