//! Roles against the schema: what they name exists, and no index tells what they may not read.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::Connection;

use crate::{
    domain::{Columns, Key, Role, Schema, Table, TableRights},
    pack::{Pack, Problems},
};

const FILE: &str = "app.toml";

/// Checks every role, and spells its tables as the schema does.
pub fn check(conn: &Connection, schema: &Schema, pack: &mut Pack, problems: &mut Problems) {
    let places = pack.places.clone();
    for role in pack.roles.0.values_mut() {
        let mut spelled = BTreeMap::new();
        for (name, rights) in &role.tables {
            let line = |right: &str| places.line(&role.name, name, right);
            let Some(table) = schema.table(name) else {
                problems.add(FILE, line(""), format!("there is no table `{name}`"));
                continue;
            };
            check_columns(table, rights, &line, problems);
            if role.raw_sql && !role.admin {
                for reason in leaks(conn, role, table, rights).unwrap_or_else(|cause| vec![cause.to_string()])
                {
                    problems.add(FILE, line("select"), reason);
                }
            }
            spelled.insert(table.name.clone(), rights.clone());
        }
        if spelled.len() == role.tables.len() && !spelled.keys().eq(role.tables.keys()) {
            Arc::make_mut(role).tables = spelled;
        }
    }
}

fn check_columns(table: &Table, rights: &TableRights, line: &impl Fn(&str) -> u32, problems: &mut Problems) {
    let name = &table.name;
    let lists = [
        ("select", &rights.select),
        ("insert", &rights.insert),
        ("update", &rights.update),
    ];
    for (right, columns) in lists {
        let Columns::Only(listed) = columns else { continue };
        for column in listed {
            match table.column(column) {
                None => problems.add(FILE, line(right), format!("`{name}` has no column `{column}`")),
                Some((_, found)) if found.generated && right != "select" => {
                    let reason = format!("`{name}.{column}` is computed: nobody can write it");
                    problems.add(FILE, line(right), reason);
                }
                Some(_) => {}
            }
        }
    }
    if let (Columns::Only(_), Key::Columns(key)) = (&rights.select, &table.key) {
        for column in key.iter().filter_map(|index| table.columns.get(*index)) {
            if !rights.select.allows(&column.name) {
                let reason = format!("`select` of `{name}` must hold its key `{}`", column.name);
                problems.add(FILE, line("select"), reason);
            }
        }
    }
    if let Some(owner) = &rights.owner
        && table.column(owner).is_none()
    {
        problems.add(FILE, line("owner"), format!("`{name}` has no column `{owner}`"));
    }
}

/// A role with `raw_sql` may see rows in the order of an index: one over a column that it may not read tells of it.
fn leaks(
    conn: &Connection,
    role: &Role,
    table: &Table,
    rights: &TableRights,
) -> rusqlite::Result<Vec<String>> {
    let hidden: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .filter(|column| !rights.select.allows(column))
        .collect();
    // Who reads nothing of a table sees no order of it.
    if rights.select.is_none() || hidden.is_empty() {
        return Ok(Vec::new());
    }
    let mut indexes = conn.prepare(
        "SELECT l.name, s.sql FROM pragma_index_list(?1) l LEFT JOIN sqlite_schema s ON s.name = l.name ORDER BY 1",
    )?;
    let mut columns = conn.prepare("SELECT cid, name FROM pragma_index_xinfo(?1) WHERE key = 1")?;
    let mut reasons = Vec::new();
    for row in indexes.query_map([&table.name], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?))
    })? {
        let (index, sql) = row?;
        let mut named: Vec<String> = columns
            .query_map([&index], |row| row.get::<_, Option<String>>(1))?
            .filter_map(Result::transpose)
            .collect::<rusqlite::Result<_>>()?;
        // Expressions and a partial index's WHERE have no column of their own: their words are looked at.
        let words = sql
            .iter()
            .flat_map(|sql| sql.split(|c: char| !c.is_alphanumeric() && c != '_'));
        named.extend(words.map(str::to_owned));
        if let Some(column) = hidden
            .iter()
            .find(|column| named.iter().any(|name| name.eq_ignore_ascii_case(column)))
        {
            reasons.push(format!(
                "role `{}` may not read `{column}` of `{}`, but could tell its order from the index `{index}`: \
                 drop the index, let the role read the column, or take `raw_sql` from the role",
                role.name, table.name
            ));
        }
    }
    Ok(reasons)
}
