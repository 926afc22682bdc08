//! Labels against the schema: what they name exists, and what functions answer has a name too.

use rusqlite::Connection;

use crate::{
    domain::Schema,
    pack::{Function, Pack, Problems, labels::FILE},
};

use super::steps;

/// Checks the labels, and notes the columns that each function answers.
pub fn check(conn: &Connection, schema: &Schema, pack: &mut Pack, problems: &mut Problems) {
    if pack.labels.fields.is_empty() && pack.labels.tables.is_empty() && pack.labels.functions.is_empty() {
        return;
    }
    pack.labels.results = pack
        .functions
        .values()
        .map(|function| {
            let columns = steps::result_columns(conn, function).into_iter();
            (function.name.to_string(), columns.map(|(name, _)| name).collect())
        })
        .collect();
    let labels = &pack.labels;
    for (name, label) in &labels.tables {
        if schema.table(name).is_none_or(|table| table.name != *name) {
            problems.add(FILE, label.line, format!("there is no table `{name}`"));
        }
    }
    let of_function = |function: &Function, field: &str| {
        let answered = labels.results.get(&*function.name);
        function.params.iter().any(|param| param.name == field)
            || answered.is_some_and(|columns| columns.iter().any(|column| column == field))
    };
    for (name, label) in &labels.fields {
        let found = match name.split_once('.') {
            Some((owner, field)) => {
                let column = schema
                    .table(owner)
                    .is_some_and(|table| table.column(field).is_some());
                let function = pack.functions.get(owner);
                column || function.is_some_and(|function| of_function(function, field))
            }
            None => {
                schema.tables.iter().any(|table| table.column(name).is_some())
                    || pack
                        .functions
                        .values()
                        .any(|function| of_function(function, name))
            }
        };
        if !found {
            let reason = format!("no table has a column `{name}`, and no function a parameter or an answer");
            problems.add(FILE, label.line, reason);
        }
    }
}
