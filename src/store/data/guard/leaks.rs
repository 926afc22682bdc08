//! Indexes that would tell a role of columns that it may not read: `SELECT id FROM t` may come back in the order of
//! any index that holds `id`, and any index may hold back or bring forward rows by what it is made of.

use rusqlite::Connection;

use crate::domain::Table;

use super::token::Tokens;

/// An index, and a column it is made of that may not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    pub index: String,
    pub column: String,
}

/// The indexes of `table` that are made of a column that may not be read: by name, in an expression, or in the
/// WHERE of a partial index.
pub fn index_leaks(
    conn: &Connection,
    table: &Table,
    may_read: impl Fn(&str) -> bool,
) -> rusqlite::Result<Vec<Leak>> {
    let hidden: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|column| !may_read(column))
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
            leaks.push(Leak {
                index,
                column: (*column).to_owned(),
            });
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
