//! Roles against the schema: what they name exists, and no index tells what they may not read.

use std::{collections::BTreeMap, sync::Arc};

use rusqlite::Connection;

use crate::{
    domain::{Columns, Key, Role, Schema, Table, TableRights},
    pack::{Pack, Problems},
    store::data::guard::{Leak, index_leaks},
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
                for reason in leaks(conn, role, table, rights) {
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

/// One sentence for each index whose order would tell a role with `raw_sql` of a column that it may not read.
fn leaks(conn: &Connection, role: &Role, table: &Table, rights: &TableRights) -> Vec<String> {
    // Who reads nothing of a table sees no order of it.
    if rights.select.is_none() {
        return Vec::new();
    }
    let leaks = match index_leaks(conn, table, |column| rights.select.allows(column)) {
        Ok(leaks) => leaks,
        Err(cause) => return vec![cause.to_string()],
    };
    let sentence = |Leak { index, column }: Leak| {
        format!(
            "role `{}` may not read `{column}` of `{}`, but could tell its order from the index `{index}`: \
             drop the index, let the role read the column, or take `raw_sql` from the role",
            role.name, table.name
        )
    };
    leaks.into_iter().map(sentence).collect()
}
