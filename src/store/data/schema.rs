//! Reading the shape of the business database.

use std::sync::Arc;

use rusqlite::{Connection, Row};

use crate::{
    domain::{Collation, Column, Key, Schema, Table, TableKind},
    protocol::error::Result,
};

use super::{error::from_sqlite, guard::shadow::quoted};

/// SQLite's counter of schema changes of `main`, any program's.
pub fn version(conn: &Connection) -> Result<i64> {
    conn.prepare_cached("PRAGMA main.schema_version")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(from_sqlite)
}

/// Tables and views of `main`. The hub's own (`_comptoir_*`) and SQLite's are left out.
pub fn read(conn: &Connection) -> Result<Arc<Schema>> {
    read_inner(conn).map(Arc::new).map_err(from_sqlite)
}

fn is_internal(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("_comptoir_") || lower.starts_with("sqlite_")
}

fn read_inner(conn: &Connection) -> rusqlite::Result<Schema> {
    let mut listed = conn.prepare(
        "SELECT name, type, wr FROM pragma_table_list WHERE schema = 'main' ORDER BY name COLLATE NOCASE",
    )?;
    let mut tables = Vec::new();
    for row in listed.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get(2)?))
    })? {
        let (name, kind, without_rowid) = row?;
        if is_internal(&name) {
            continue;
        }
        let kind = match kind.as_str() {
            "table" => TableKind::Table,
            "view" => TableKind::View,
            _ => TableKind::Virtual,
        };
        tables.push(Arc::new(read_table(conn, name, kind, without_rowid)?));
    }
    let mut triggers = conn
        .prepare("SELECT name FROM main.sqlite_schema WHERE type IN ('trigger', 'view') ORDER BY name")?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    triggers.retain(|name| !is_internal(name));
    Ok(Schema { tables, triggers })
}

struct ColumnInfo {
    column: Column,
    key_position: i64,
    hidden: i64,
}

fn column_info(row: &Row<'_>) -> rusqlite::Result<ColumnInfo> {
    let hidden: i64 = row.get("hidden")?;
    Ok(ColumnInfo {
        column: Column {
            name: row.get("name")?,
            declared_type: row.get("type")?,
            not_null: row.get("notnull")?,
            has_default: row.get::<_, Option<String>>("dflt_value")?.is_some(),
            generated: hidden == 2 || hidden == 3,
            collation: None,
        },
        key_position: row.get("pk")?,
        hidden,
    })
}

fn read_table(
    conn: &Connection,
    name: String,
    kind: TableKind,
    without_rowid: bool,
) -> rusqlite::Result<Table> {
    let infos = conn
        .prepare_cached(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1, 'main') ORDER BY cid",
        )?
        .query_map([&name], column_info)?
        .collect::<rusqlite::Result<Vec<_>>>();
    // A view over a table that is gone has no columns that anyone could name.
    let infos = match infos {
        Err(_) if kind == TableKind::View => Vec::new(),
        infos => infos?,
    };
    // 1: a hidden column of a virtual table, an argument rather than data.
    let mut infos: Vec<ColumnInfo> = infos.into_iter().filter(|info| info.hidden != 1).collect();
    if kind == TableKind::Table {
        read_collations(conn, &name, &mut infos);
    }
    let mut key: Vec<(i64, usize)> = infos
        .iter()
        .enumerate()
        .filter(|(_, info)| info.key_position > 0)
        .map(|(index, info)| (info.key_position, index))
        .collect();
    key.sort_unstable();
    let key: Vec<usize> = key.into_iter().map(|(_, index)| index).collect();
    let rowid_alias = match key.as_slice() {
        [only]
            if kind == TableKind::Table
                && !without_rowid
                && infos[*only].column.declared_type.eq_ignore_ascii_case("INTEGER")
                && !has_key_index(conn, &name)? =>
        {
            Some(*only)
        }
        _ => None,
    };
    Ok(Table {
        name,
        kind,
        columns: infos.into_iter().map(|info| info.column).collect(),
        key: if key.is_empty() {
            Key::Rowid
        } else {
            Key::Columns(key)
        },
        without_rowid,
        rowid_alias,
    })
}

/// SQLite has no pragma for it: two texts stand in place of the table's rows, and are compared as its columns are.
/// Where that fails, a collation is not SQLite's own, and nothing is said of any.
fn read_collations(conn: &Connection, table: &str, infos: &mut [ColumnInfo]) {
    let list = |part: &dyn Fn(usize, &ColumnInfo) -> String| {
        let parts: Vec<String> = infos
            .iter()
            .enumerate()
            .map(|(at, info)| part(at, info))
            .collect();
        parts.join(", ")
    };
    let sql = format!(
        "SELECT {} FROM (SELECT {} FROM main.{} WHERE 0 UNION ALL SELECT {})",
        list(&|at, _| format!("x{at} = 'a'")),
        list(&|at, info| format!("{} AS x{at}", quoted(&info.column.name))),
        quoted(table),
        list(&|_, _| "?1".to_owned()),
    );
    let equal = |text: &str| -> rusqlite::Result<Vec<bool>> {
        conn.prepare(&sql)?
            .query_row([text], |row| (0..infos.len()).map(|at| row.get(at)).collect())
    };
    let (Ok(nocase), Ok(rtrim)) = (equal("A"), equal("a ")) else {
        return;
    };
    for ((info, nocase), rtrim) in infos.iter_mut().zip(nocase).zip(rtrim) {
        info.column.collation = Some(match (nocase, rtrim) {
            (true, _) => Collation::Nocase,
            (_, true) => Collation::Rtrim,
            _ => Collation::Binary,
        });
    }
}

/// `INTEGER PRIMARY KEY DESC` is not the rowid: SQLite keeps an index for it.
fn has_key_index(conn: &Connection, table: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1, 'main') WHERE origin = 'pk')")?
        .query_row([table], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_kinds_and_computed_columns_are_told_apart() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE a(id INTEGER PRIMARY KEY, n TEXT NOT NULL DEFAULT 'x', g INT GENERATED ALWAYS AS (id * 2));
             CREATE TABLE b(x TEXT, y INT, PRIMARY KEY (y, x)) WITHOUT ROWID;
             CREATE TABLE c(id INTEGER PRIMARY KEY DESC);
             CREATE TABLE d(x);
             CREATE VIEW v AS SELECT n FROM a;
             CREATE VIEW broken AS SELECT 1 FROM nowhere;
             CREATE VIRTUAL TABLE f USING fts5(t);
             CREATE TABLE _comptoir_x(y);
             CREATE TRIGGER t AFTER INSERT ON d BEGIN SELECT 1; END;",
        )
        .unwrap();
        let schema = read(&conn).unwrap();
        let table = |name: &str| schema.table(name).unwrap();
        assert_eq!(table("a").rowid_alias, Some(0));
        assert!(
            table("a").columns[2].generated
                && table("a").columns[1].has_default
                && table("a").columns[1].not_null
        );
        assert_eq!(table("b").key, Key::Columns(vec![1, 0]));
        assert!(table("b").without_rowid);
        assert_eq!(table("c").rowid_alias, None);
        assert_eq!(table("d").key, Key::Rowid);
        assert_eq!(table("v").kind, TableKind::View);
        assert!(table("broken").columns.is_empty());
        assert_eq!(table("f").kind, TableKind::Virtual);
        assert_eq!(table("f_data").kind, TableKind::Virtual);
        assert!(schema.table("_comptoir_x").is_none());
        assert_eq!(schema.triggers, ["broken", "t", "v"]);
    }

    #[test]
    fn how_a_column_compares_texts_is_known_of_tables() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE a(id INTEGER PRIMARY KEY, plain TEXT, name TEXT COLLATE NOCASE, code TEXT COLLATE RTRIM, r REAL,
                            g TEXT GENERATED ALWAYS AS (name), \"odd \"\"name\" TEXT COLLATE NOCASE UNIQUE);
             INSERT INTO a(id, plain) VALUES (1, 'a');
             CREATE TABLE b(k TEXT PRIMARY KEY COLLATE NOCASE) WITHOUT ROWID;
             CREATE VIEW v AS SELECT name FROM a;",
        )
        .unwrap();
        // As another program left it, whose collation is not here.
        conn.execute_batch(
            "CREATE TABLE c(x TEXT);
             PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = 'CREATE TABLE c(x TEXT COLLATE ours)' WHERE name = 'c';
             PRAGMA writable_schema = RESET;",
        )
        .unwrap();
        let schema = read(&conn).unwrap();
        let collations = |table: &str| -> Vec<Option<Collation>> {
            let columns = &schema.table(table).unwrap().columns;
            columns.iter().map(|column| column.collation).collect()
        };
        use Collation::{Binary, Nocase, Rtrim};
        assert_eq!(
            collations("a"),
            [Binary, Binary, Nocase, Rtrim, Binary, Binary, Nocase].map(Some)
        );
        assert_eq!(collations("b"), [Some(Nocase)]);
        assert_eq!(collations("v"), [None]);
        assert_eq!(collations("c"), [None]);
    }
}
