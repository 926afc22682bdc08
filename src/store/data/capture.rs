//! Capture of row effects: for each table three AFTER triggers that append to `_comptoir_change`.
//!
//! The trigger bodies use nothing but SQLite's own functions, so that any program can write to the file.
//! A row travels as a JSON array in the order of its shape's columns, in which nothing is lost: integers in
//! full, reals as `{"$real":"<17 digits>"}` (a JSON reader may round a bare number by a bit), blobs as
//! `{"$blob_bytes":n}`, text by `json_quote`.
//!
//! What follows from triggers: virtual tables cannot be captured; a row whose text is longer than SQLite's
//! length limit cannot be written; another program that wants to drop a column must drop the table's
//! `_comptoir_` triggers first (they are made anew within a second), which migrations of the pack do by themselves.
//!
//! SQLite fires the triggers of a table newest first. The capture triggers must be the newest, or a
//! trigger of the schema that touches the same row would be recorded before its cause.

use std::{collections::HashMap, fmt::Write, sync::Arc};

use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::domain::{Key, Schema, Shape, Table, TableKind};

/// Columns are joined in groups of this many: one chain over all would pass SQLite's limit on depth.
const CHUNK: usize = 40;

/// What capture stands on after [`install`].
#[derive(Debug, Default)]
pub struct Installed {
    /// Virtual tables: their changes cannot be captured.
    pub not_captured: Vec<String>,
    /// Whether any trigger was made or dropped.
    pub changed: bool,
}

/// Makes the capture triggers equal to what `schema` needs, in the caller's transaction.
pub fn install(conn: &Connection, schema: &Schema) -> Result<Installed> {
    let mut installed = Installed::default();
    let mut existing = existing_triggers(conn)?;
    for table in &schema.tables {
        match table.kind {
            TableKind::View => continue,
            TableKind::Virtual => {
                installed.not_captured.push(table.name.clone());
                continue;
            }
            TableKind::Table => {}
        }
        let wanted = triggers(table, shape_id(conn, table)?);
        let newest_other = newest_other_trigger(conn, &table.name)?;
        let in_place = wanted.iter().all(|(name, sql)| {
            existing
                .get(name)
                .is_some_and(|(rowid, found)| found == sql && *rowid > newest_other)
        });
        for (name, sql) in &wanted {
            let found = existing.remove(name).is_some();
            if in_place {
                continue;
            }
            if found {
                conn.execute_batch(&format!("DROP TRIGGER {}", quote(name)))?;
            }
            conn.execute_batch(sql)?;
            installed.changed = true;
        }
    }
    for name in existing.keys() {
        conn.execute_batch(&format!("DROP TRIGGER {}", quote(name)))?;
        installed.changed = true;
    }
    Ok(installed)
}

/// Drops every capture trigger (before a migration that may rename what they name).
pub fn remove(conn: &Connection) -> Result<()> {
    for name in existing_triggers(conn)?.keys() {
        conn.execute_batch(&format!("DROP TRIGGER {}", quote(name)))?;
    }
    Ok(())
}

/// Reads one shape.
pub fn shape(conn: &Connection, id: i64) -> Result<Option<Arc<Shape>>> {
    let found: Option<(String, String, String)> = conn
        .prepare_cached("SELECT tbl, columns, key FROM _comptoir_shape WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((table, columns, key)) = found else {
        return Ok(None);
    };
    let malformed = |cause: serde_json::Error| {
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, cause.into())
    };
    let columns: Vec<String> = serde_json::from_str(&columns).map_err(malformed)?;
    let key: Option<Vec<usize>> = serde_json::from_str(&key).map_err(malformed)?;
    Ok(Some(Arc::new(Shape {
        id,
        table: table.into(),
        columns: columns.into_iter().map(Arc::from).collect(),
        key: key.map_or(Key::Rowid, Key::Columns),
    })))
}

/// The shape of a table as it is now; made where it was never captured before.
fn shape_id(conn: &Connection, table: &Table) -> Result<i64> {
    let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
    let columns = serde_json::Value::from(names).to_string();
    let key = match &table.key {
        Key::Columns(indexes) => serde_json::Value::from(indexes.clone()).to_string(),
        Key::Rowid => "null".to_owned(),
    };
    conn.prepare_cached("INSERT OR IGNORE INTO _comptoir_shape(tbl, columns, key) VALUES (?1, ?2, ?3)")?
        .execute(params![table.name, columns, key])?;
    conn.prepare_cached("SELECT id FROM _comptoir_shape WHERE tbl = ?1 AND columns = ?2 AND key = ?3")?
        .query_row(params![table.name, columns, key], |row| row.get(0))
}

/// The capture triggers that are there: name to place in the schema and text.
fn existing_triggers(conn: &Connection) -> Result<HashMap<String, (i64, String)>> {
    conn.prepare(
        "SELECT name, rowid, sql FROM sqlite_schema \
         WHERE type = 'trigger' AND name LIKE '\\_comptoir\\_%' ESCAPE '\\'",
    )?
    .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
    .collect()
}

/// The place in the schema of the newest trigger on `table` that is not ours.
fn newest_other_trigger(conn: &Connection, table: &str) -> Result<i64> {
    conn.prepare_cached(
        "SELECT coalesce(max(rowid), 0) FROM sqlite_schema WHERE type = 'trigger' \
         AND tbl_name = ?1 COLLATE NOCASE AND name NOT LIKE '\\_comptoir\\_%' ESCAPE '\\'",
    )?
    .query_row([table], |row| row.get(0))
}

/// The three triggers of a table: name and text.
fn triggers(table: &Table, shape: i64) -> [(String, String); 3] {
    let on = quote(&table.name);
    let old = row_expression(table, "OLD");
    let new = row_expression(table, "NEW");
    let make = |op: char, event: &str, rid: &str, old: &str, new: &str| {
        let name = format!("_comptoir_{op}_{shape}");
        let sql = format!(
            "CREATE TRIGGER {} AFTER {event} ON {on} BEGIN \
             INSERT INTO _comptoir_change(shape, op, rid, old, new) VALUES ({shape}, '{op}', {rid}, {old}, {new}); \
             END",
            quote(&name)
        );
        (name, sql)
    };
    let rid = |side: &str| rowid_name(table).map_or_else(|| "0".to_owned(), |name| format!("{side}.{name}"));
    [
        make('i', "INSERT", &rid("NEW"), "NULL", &new),
        make('u', "UPDATE", &rid("OLD"), &old, &new),
        make('d', "DELETE", &rid("OLD"), &old, "NULL"),
    ]
}

/// How the rowid of a table without a primary key is spelled; `None` where it is not needed or hidden.
fn rowid_name(table: &Table) -> Option<&'static str> {
    (table.key == Key::Rowid).then_some(())?;
    ["rowid", "_rowid_", "oid"]
        .into_iter()
        .find(|name| table.column(name).is_none())
}

/// SQL for the JSON array of a row.
fn row_expression(table: &Table, side: &str) -> String {
    let mut out = String::from("'['");
    for (at, group) in table.columns.chunks(CHUNK).enumerate() {
        out.push_str(if at == 0 { " || (" } else { " || ',' || (" });
        for (i, column) in group.iter().enumerate() {
            if i > 0 {
                out.push_str(" || ',' || ");
            }
            let c = format!("{side}.{}", quote(&column.name));
            // `|| ''` forgets the JSON subtype that a value fresh from json() still has here.
            let _ = write!(
                out,
                "CASE typeof({c}) WHEN 'null' THEN 'null' WHEN 'integer' THEN {c} \
                 WHEN 'text' THEN json_quote({c} || '') \
                 WHEN 'real' THEN '{{\"$real\":\"' || printf('%!.17g', {c}) || '\"}}' \
                 ELSE '{{\"$blob_bytes\":' || length({c}) || '}}' END"
            );
        }
        out.push(')');
    }
    out.push_str(" || ']'");
    out
}

/// An identifier as SQL.
pub fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
