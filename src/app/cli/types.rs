//! `comptoir types`: TypeScript declarations of what a pack offers.

use std::{fmt::Write as _, path::PathBuf};

use super::{Failure, Global, output::say};
use crate::{
    app::packs,
    domain::{Column, Table},
    pack::{Cardinality, Function, Pack, ParamType},
    store::data::pack_check::{self, Description},
};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The pack's directory, or the name of one that ships [default: the pack that the data directory remembers]
    #[arg(long, value_name = "DIR")]
    app: Option<PathBuf>,
    /// The database that the pack is for, where its migrations do not make the tables; only its schema is read
    /// [default: `database` in app.toml]
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
}

/// # Errors
/// The faults of the pack.
pub fn run(args: Args, global: &Global) -> Result<(), Failure> {
    let (mut pack, served) = match &args.app {
        Some(dir) => (Pack::named(dir).map_err(Failure::failed)?, None),
        None => {
            let (_, dir) = global.open()?;
            (packs::choose(&dir, None)?, Some(dir.data_db().to_owned()))
        }
    };
    if pack.is_none() {
        return Err(Failure::usage("there is no pack here; name one with --app DIR"));
    }
    let served = served.filter(|path| pack.migrations.is_empty() && path.is_file());
    let existing = args.database.or(served).or_else(|| pack.database.clone());
    let existing = existing.as_deref();
    pack_check::check_against(&mut pack, existing).map_err(Failure::failed)?;
    let description = pack_check::describe(&pack, existing).map_err(Failure::failed)?;
    say(declarations(&pack, &description).trim_end())
}

/// What values look like in JSON (PROTOCOL section 1).
const VALUES: &str = "\
export type Integer = number | { $int: string };
export type Real = number | { $real: \"Infinity\" | \"-Infinity\" };
export type Blob = { $blob: string };
export type SqlValue = null | string | Integer | Real | Blob;
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
";

/// The whole text. Writing to a `String` cannot fail, hence the discarded results.
fn declarations(pack: &Pack, description: &Description) -> String {
    let mut out = format!(
        "// Tables and functions of `{}`, by `comptoir types`.\n\n{VALUES}\n",
        pack.name
    );
    out.push_str("export interface Tables {\n");
    for table in &description.schema.tables {
        write_table(&mut out, table);
    }
    out.push_str("}\n\nexport interface Functions {\n");
    for function in pack.functions.values() {
        let columns = description
            .results
            .get(&*function.name)
            .map_or(&[][..], Vec::as_slice);
        write_function(&mut out, function, columns);
    }
    out.push_str("}\n");
    out
}

fn write_table(out: &mut String, table: &Table) {
    _ = writeln!(out, "  {}: {{", key(&table.name));
    for column in &table.columns {
        _ = writeln!(out, "    {}: {};", key(&column.name), column_type(table, column));
    }
    out.push_str("  };\n");
}

fn column_type(table: &Table, column: &Column) -> String {
    let kind = value_type(&column.declared_type);
    let is_rowid = table
        .rowid_alias
        .and_then(|index| table.columns.get(index))
        .is_some_and(|alias| alias.name == column.name);
    if column.not_null || is_rowid || kind == "SqlValue" {
        kind.to_owned()
    } else {
        format!("{kind} | null")
    }
}

/// By SQLite's rules of affinity.
fn value_type(declared: &str) -> &'static str {
    let upper = declared.to_ascii_uppercase();
    let has = |word: &str| upper.contains(word);
    if has("INT") {
        "Integer"
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        "string"
    } else if has("BLOB") {
        "Blob"
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "Real"
    } else {
        "SqlValue"
    }
}

fn write_function(out: &mut String, function: &Function, columns: &[(String, String)]) {
    // A function that names no role is the administrators'.
    let roles = match function.roles.is_empty() {
        true => "administrators".to_owned(),
        false => function.roles.join(", "),
    };
    _ = write!(out, "  /** For {roles}.");
    if let Some(route) = &function.route {
        _ = write!(out, " {} {}", route.method.as_str(), route.path);
    }
    _ = write!(out, " */\n  {}: {{\n    args: {{", key(&function.name));
    for param in &function.params {
        let mark = if param.optional || param.default.is_some() {
            "?"
        } else {
            ""
        };
        let null = if param.optional { " | null" } else { "" };
        let kind = match param.kind {
            ParamType::Text => "string",
            ParamType::Integer => "Integer",
            ParamType::Real => "Real",
            ParamType::Boolean => "boolean",
            ParamType::Json => "Json",
        };
        _ = write!(out, " {}{mark}: {kind}{null};", key(&param.name));
    }
    out.push_str(if function.params.is_empty() {
        "};\n"
    } else {
        " };\n"
    });
    let fields: Vec<String> = columns
        .iter()
        .map(|(name, declared)| match value_type(declared) {
            "SqlValue" => format!("{}: SqlValue", key(name)),
            // SQLite does not say whether an expression may be NULL.
            kind => format!("{}: {kind} | null", key(name)),
        })
        .collect();
    let row = format!("{{ {} }}", fields.join("; "));
    let data = match function.cardinality {
        Cardinality::One => format!("{row} | null"),
        Cardinality::Many => format!("{row}[]"),
        Cardinality::Exec => "{ rows_affected: number }".to_owned(),
    };
    _ = writeln!(out, "    data: {data};\n  }};");
}

fn key(name: &str) -> String {
    if crate::pack::names::is_identifier(name) {
        name.to_owned()
    } else {
        serde_json::Value::from(name).to_string()
    }
}
