//! Indexes that would tell a role of columns that it may not read: `SELECT id FROM t` may come back in the order of
//! any index that holds `id`, and any index may hold back or bring forward rows by what it is made of.

use rusqlite::Connection;

use crate::{
    domain::{Role, Roles, Table, TableKind},
    protocol::error::Result,
};

use super::token::Tokens;
use crate::store::data::{error::from_sqlite, schema};

/// One sentence for each index of a table that a `raw_sql` role reads in part, where the index is made of a column
/// that the role may not read: by name, in an expression, or in the WHERE of a partial index.
pub fn index_leaks(conn: &Connection, roles: &Roles) -> Result<Vec<String>> {
    let schema = schema::read(conn)?;
    let mut found = Vec::new();
    for role in roles.iter().filter(|role| role.raw_sql && !role.admin) {
        for table in &schema.tables {
            if table.kind == TableKind::Table && role.may_read_table(&table.name) {
                found.extend(leaks_of(conn, role, table).map_err(from_sqlite)?);
            }
        }
    }
    Ok(found)
}

fn leaks_of(conn: &Connection, role: &Role, table: &Table) -> rusqlite::Result<Vec<String>> {
    let hidden: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|column| !role.may_select(&table.name, column))
        .collect();
    if hidden.is_empty() {
        return Ok(Vec::new());
    }
    let mut indexes = conn.prepare(
        "SELECT l.name, s.sql FROM pragma_index_list(?1, 'main') AS l
         LEFT JOIN main.sqlite_schema AS s ON s.type = 'index' AND s.name = l.name
         ORDER BY l.name",
    )?;
    let indexes = indexes
        .query_map([&table.name], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut leaks = Vec::new();
    for (index, sql) in indexes {
        let mut columns = conn
            .prepare("SELECT name FROM pragma_index_xinfo(?1, 'main') WHERE name IS NOT NULL AND key = 1")?;
        let keys = columns
            .query_map([&index], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let spoken = sql.as_deref().map(names).unwrap_or_default();
        let leak = hidden.iter().find(|column| {
            keys.iter()
                .chain(&spoken)
                .any(|name| name.eq_ignore_ascii_case(column))
        });
        if let Some(column) = leak {
            leaks.push(format!(
                "role {}: index {index} of table {} is made of column {column}, which the role may not read; its raw SQL \
                 could read the order of it. Remove the index, grant the column, or set raw_sql = false.",
                role.name, table.name
            ));
        }
    }
    Ok(leaks)
}

/// Every name in the definition of an index.
fn names(sql: &str) -> Vec<String> {
    Tokens::new(sql)
        .map_while(std::result::Result::ok)
        .filter_map(|(_, token)| token.name().map(str::to_owned))
        .collect()
}
