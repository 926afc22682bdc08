//! What a role may do, spelled out over the schema as it is: for `/api/me` and `/api/schema`.

use serde_json::{Map, Value, json};

use crate::{
    domain::{Collation, Column, Key, Role, Schema, Table, TableKind, text::Text},
    pack::{Cardinality, Function, Labels, Pack, Param, ParamType},
};

/// Whether the role may call the function: only roles that it lists, administrators too.
pub fn may_call(role: &Role, function: &Function) -> bool {
    function.callable_by(role)
}

/// Rights by table name, columns spelled out; tables without any right are left out.
pub fn tables(role: &Role, schema: &Schema) -> Value {
    let rights: Map<String, Value> = visible(role, schema)
        .map(|table| {
            let names = |may: &dyn Fn(&Column) -> bool| -> Vec<&str> {
                table
                    .columns
                    .iter()
                    .filter(|c| may(c))
                    .map(|c| c.name.as_str())
                    .collect()
            };
            let mut rights = json!({
                "select": names(&|c| role.may_select(&table.name, &c.name)),
                "insert": names(&|c| may_insert(role, table, c)),
                "update": names(&|c| may_update(role, table, c)),
                "delete": may_delete(role, table)
            });
            if let Some(owner) = role.owner_column(&table.name) {
                rights["owner"] = owner.into();
            }
            (table.name.clone(), rights)
        })
        .collect();
    rights.into()
}

/// Tables with the columns that the role may use in any way.
pub fn schema(role: &Role, schema: &Schema, labels: &Labels) -> Vec<Value> {
    visible(role, schema)
        .map(|table| {
            let columns: Vec<Value> = table
                .columns
                .iter()
                .filter(|column| uses(role, table, column))
                .map(|column| {
                    let shown = json!({
                        "name": column.name,
                        "type": column.declared_type,
                        "not_null": column.not_null,
                        "has_default": column.has_default,
                        "generated": column.generated,
                        "collation": column.collation.map(Collation::as_str),
                        "select": role.may_select(&table.name, &column.name),
                        "insert": may_insert(role, table, column),
                        "update": may_update(role, table, column)
                    });
                    titled(shown, labels.field(&table.name, &column.name))
                })
                .collect();
            let shown = json!({
                "name": table.name,
                "kind": match table.kind {
                    TableKind::Table => "table",
                    TableKind::View => "view",
                    TableKind::Virtual => "virtual",
                },
                "columns": columns,
                "key": key(role, table),
                "delete": may_delete(role, table)
            });
            titled(shown, labels.table(&table.name))
        })
        .collect()
}

/// With what people call it, where the pack says so.
fn titled(mut shown: Value, title: Option<&Text>) -> Value {
    if let Some(title) = title {
        shown["title"] = json!(title);
    }
    shown
}

/// What people call these roles.
pub fn role_titles<'a>(names: impl Iterator<Item = &'a str>, pack: &Pack) -> Map<String, Value> {
    names
        .filter_map(|name| Some((name.to_owned(), json!(pack.roles.get(name)?.title))))
        .collect()
}

/// Functions that the role may call.
pub fn functions(role: &Role, pack: &Pack) -> Vec<Value> {
    pack.functions
        .values()
        .filter(|function| may_call(role, function))
        .map(|function| {
            let params = function.params.iter();
            let mut shown = json!({
                "name": function.name,
                "cardinality": match function.cardinality {
                    Cardinality::One => "one",
                    Cardinality::Many => "many",
                    Cardinality::Exec => "exec",
                },
                "read_only": function.read_only,
                "params": params.map(|one| titled(param(one), pack.labels.field(&function.name, &one.name))).collect::<Vec<_>>()
            });
            if let Some(route) = &function.route {
                shown["route"] = json!({ "method": route.method.as_str(), "path": route.path });
            }
            let answered = pack.labels.results.get(&*function.name).into_iter().flatten();
            let columns: Map<String, Value> = answered
                .filter_map(|name| Some((name.clone(), json!(pack.labels.field(&function.name, name)?))))
                .collect();
            if !columns.is_empty() {
                shown["columns"] = columns.into();
            }
            titled(shown, pack.labels.function(&function.name))
        })
        .collect()
}

fn param(param: &Param) -> Value {
    let mut shown = json!({
        "name": param.name,
        "type": match param.kind {
            ParamType::Text => "text",
            ParamType::Integer => "integer",
            ParamType::Real => "real",
            ParamType::Boolean => "boolean",
            ParamType::Json => "json",
        },
        "optional": param.optional || param.default.is_some()
    });
    if let Some(default) = &param.default {
        shown["default"] = default.to_json();
    }
    shown
}

fn visible<'a>(role: &'a Role, schema: &'a Schema) -> impl Iterator<Item = &'a Table> {
    schema.tables.iter().map(|table| &**table).filter(|table| {
        may_delete(role, table) || table.columns.iter().any(|column| uses(role, table, column))
    })
}

fn uses(role: &Role, table: &Table, column: &Column) -> bool {
    role.may_select(&table.name, &column.name)
        || may_insert(role, table, column)
        || may_update(role, table, column)
}

/// The key as far as the role may see it: a key that it may not read it cannot address rows by.
fn key<'a>(role: &Role, table: &'a Table) -> Vec<&'a str> {
    match &table.key {
        Key::Rowid => vec!["rowid"],
        Key::Columns(indexes) => indexes
            .iter()
            .filter_map(|&index| table.columns.get(index))
            .filter(|column| uses(role, table, column))
            .map(|column| column.name.as_str())
            .collect(),
    }
}

fn may_insert(role: &Role, table: &Table, column: &Column) -> bool {
    is_writable(table, column) && role.may_insert(&table.name, &column.name)
}

fn may_update(role: &Role, table: &Table, column: &Column) -> bool {
    is_writable(table, column) && role.may_update(&table.name, &column.name)
}

fn may_delete(role: &Role, table: &Table) -> bool {
    table.kind != TableKind::View && role.may_delete(&table.name)
}

/// What no right can change: views are read, generated columns are computed.
fn is_writable(table: &Table, column: &Column) -> bool {
    table.kind != TableKind::View && !column.generated
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::domain::{Columns, TableRights};

    use super::*;

    fn column(name: &str) -> Column {
        Column {
            name: name.into(),
            declared_type: "TEXT".into(),
            not_null: false,
            has_default: false,
            generated: name == "computed",
            collation: None,
        }
    }

    fn sample() -> Schema {
        let table = |name: &str| {
            Arc::new(Table {
                name: name.into(),
                kind: TableKind::Table,
                columns: vec![column("id"), column("nom"), column("secret"), column("computed")],
                key: Key::Columns(vec![0]),
                without_rowid: false,
                rowid_alias: Some(0),
            })
        };
        Schema {
            tables: vec![table("produits"), table("paie")],
            triggers: Vec::new(),
        }
    }

    fn seller() -> Role {
        let mut role = Role {
            admin: false,
            ..Role::builtin_administrator()
        };
        role.tables.insert(
            "produits".into(),
            TableRights {
                select: Columns::Only(vec!["id".into(), "nom".into()]),
                update: Columns::Only(vec!["nom".into()]),
                ..TableRights::default()
            },
        );
        role
    }

    #[test]
    fn a_role_sees_its_own_tables_and_columns_only() {
        let shown = tables(&seller(), &sample());
        assert_eq!(
            shown,
            json!({ "produits": { "select": ["id", "nom"], "insert": [], "update": ["nom"], "delete": false } })
        );
        let schema = schema(&seller(), &sample(), &Labels::default());
        assert_eq!(schema.len(), 1);
        assert!(!json!(schema).to_string().contains("secret"));
        assert_eq!(schema[0]["key"], json!(["id"]));
    }

    #[test]
    fn an_administrator_sees_everything_and_writes_no_computed_column() {
        let shown = tables(&Role::builtin_administrator(), &sample());
        assert_eq!(
            shown["paie"]["select"],
            json!(["id", "nom", "secret", "computed"])
        );
        assert_eq!(shown["paie"]["update"], json!(["id", "nom", "secret"]));
    }
}
