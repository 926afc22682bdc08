//! The app pack that is served: roles, functions, notification rules, migrations.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use crate::{
    domain::{Role, text::Text},
    pack::{Cardinality, Function, ParamType, Recipient, Rule},
    transport::http::{
        HttpState,
        body::ok_value,
        caller::Administrator,
        endpoint::Endpoint,
        openapi::{Operation, schema_ref},
        problem::Problem,
    },
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get(
        "/api/admin/pack",
        show,
        Operation::new(
            "getPack",
            "admin",
            "The app pack that is served, and the roles that accounts may have.",
        )
        .answers(
            200,
            "All of it, texts in the caller's language.",
            schema_ref("Pack"),
        ),
    )]
}

async fn show(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let lang = &*caller.who.lang;
    let pack = &state.context.pack;
    let roles = state.context.accounts.roles();
    let schema = state.context.executor.schema();
    let tables: Vec<Value> = schema
        .tables
        .iter()
        .map(|table| json!({ "name": table.name, "columns": table.columns.len() }))
        .collect();
    Ok(ok_value(&json!({
        "name": (!pack.is_none()).then_some(&pack.name),
        "title": (!pack.is_none()).then(|| pack.title.in_lang(lang)),
        // A pack inside the binary lies nowhere.
        "directory": pack.dir,
        "roles": roles.iter().map(|role| role_json(role, lang)).collect::<Vec<_>>(),
        "functions": pack.functions.values().map(|f| function_json(f)).collect::<Vec<_>>(),
        "rules": pack.rules.iter().map(|rule| rule_json(rule, lang)).collect::<Vec<_>>(),
        "migrations": pack.migrations.iter().map(|migration| json!({
            "version": migration.version,
            "file": migration.source.file,
            "checksum": migration.checksum
        })).collect::<Vec<_>>(),
        "tables": tables
    }))?)
}

fn role_json(role: &Role, lang: &str) -> Value {
    let tables: serde_json::Map<String, Value> = role
        .tables
        .iter()
        .map(|(name, rights)| {
            let rights = json!({
                "select": !rights.select.is_none(),
                "insert": !rights.insert.is_none(),
                "update": !rights.update.is_none(),
                "delete": rights.delete,
                "owner": rights.owner
            });
            (name.clone(), rights)
        })
        .collect();
    json!({
        "name": role.name,
        "title": title(&role.title, lang, &role.name),
        "login_from": match role.login_from {
            crate::domain::LoginFrom::Server => "server",
            crate::domain::LoginFrom::Client => "client",
            crate::domain::LoginFrom::Anywhere => "anywhere",
        },
        "admin": role.admin,
        "raw_sql": role.raw_sql,
        "notify": role.notify,
        "open_calls": role.open_calls,
        "external": role.external,
        "tables": tables
    })
}

fn function_json(function: &Function) -> Value {
    json!({
        "name": function.name,
        "cardinality": match function.cardinality {
            Cardinality::One => "one",
            Cardinality::Many => "many",
            Cardinality::Exec => "exec",
        },
        "params": function.params.iter().map(|param| json!({
            "name": param.name,
            "type": match param.kind {
                ParamType::Text => "text",
                ParamType::Integer => "integer",
                ParamType::Real => "real",
                ParamType::Boolean => "boolean",
                ParamType::Json => "json",
            },
            "optional": param.optional
        })).collect::<Vec<_>>(),
        "roles": function.roles,
        "route": function.route.as_ref().map(|route| json!({
            "method": format!("{:?}", route.method).to_ascii_uppercase(),
            "path": route.path
        })),
        "read_only": function.read_only,
        "statements": function.steps.iter().map(|step| &step.sql).collect::<Vec<_>>(),
        "file": function.file,
        "line": function.line
    })
}

fn rule_json(rule: &Rule, lang: &str) -> Value {
    let (kind, to) = match &rule.to {
        Recipient::User(sql) => ("user", Some(sql)),
        Recipient::Role(role) => ("role", Some(role)),
        Recipient::Room(sql) => ("room", Some(sql)),
        Recipient::Everyone => ("everyone", None),
    };
    json!({
        "event": rule.event,
        "on": format!("{:?}", rule.on).to_ascii_lowercase(),
        "table": rule.table,
        "columns": rule.columns,
        "when": rule.when,
        "to": { "kind": kind, "value": to },
        "title": rule.title.in_lang(lang),
        "body": rule.body.in_lang(lang),
        "file": rule.file,
        "line": rule.line
    })
}

fn title<'a>(text: &'a Text, lang: &str, otherwise: &'a str) -> &'a str {
    Some(text.in_lang(lang))
        .filter(|title| !title.is_empty())
        .unwrap_or(otherwise)
}
