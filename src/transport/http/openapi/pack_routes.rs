//! Operations of the routes that a pack's functions declare.

use serde_json::{Map, Value, json};

use crate::pack::{Cardinality, Function, Pack, Param, ParamType};

use super::operation::{Operation, schema_ref};

/// `(path, method, operation)` of every declared route; `:name` becomes `{name}`.
pub fn operations(pack: &Pack) -> impl Iterator<Item = (String, &'static str, Operation)> {
    pack.routes().into_iter().map(|(function, route)| {
        let method = route.method.as_str();
        let path: Vec<String> = route
            .path
            .split('/')
            .map(|segment| match segment.strip_prefix(':') {
                Some(name) => format!("{{{name}}}"),
                None => segment.to_owned(),
            })
            .collect();
        (path.join("/"), method, operation(function, &route.path, method))
    })
}

fn operation(function: &Function, path: &str, method: &str) -> Operation {
    let mut operation = Operation::new(
        &format!("pack_{}", function.name),
        "pack",
        &format!("Calls the function {}.", function.name),
    )
    .describe(&format!("For the roles: {}.", function.roles.join(", ")));
    let in_path: Vec<&str> = path.split('/').filter_map(|s| s.strip_prefix(':')).collect();
    let mut body = Map::new();
    for name in &in_path {
        let schema = function
            .params
            .iter()
            .find(|p| p.name == *name)
            .map_or(json!({ "type": "string" }), |p| param_schema(p.kind));
        operation = operation.path(name, "Parameter of the function.", schema);
    }
    for param in function
        .params
        .iter()
        .filter(|p| !in_path.contains(&p.name.as_str()))
    {
        let needed = required(param);
        if method == "GET" {
            operation = operation.parameter(
                "query",
                &param.name,
                "Parameter of the function.",
                needed,
                param_schema(param.kind),
            );
        } else {
            body.insert(param.name.clone(), nullable(param));
        }
    }
    if method != "GET" {
        operation = operation.idempotent();
        if !body.is_empty() {
            // The query string may give them as well, so none is required of the body.
            operation = operation.takes(false, json!({ "type": "object", "properties": body }));
        }
    }
    operation.answers(200, "The bare data.", answer_schema(function))
}

/// `data` of a function's answer.
fn answer_schema(function: &Function) -> Value {
    let data = match function.cardinality {
        Cardinality::One => schema_ref("Row"),
        Cardinality::Many => json!({ "type": "array", "items": schema_ref("Row") }),
        Cardinality::Exec => json!({
            "type": "object",
            "required": ["rows_affected"],
            "properties": { "rows_affected": { "type": "integer" } }
        }),
    };
    if function.envelope {
        json!({
            "type": "object",
            "required": ["success", "data"],
            "properties": { "success": { "const": true }, "data": data }
        })
    } else {
        data
    }
}

fn required(param: &Param) -> bool {
    !param.optional && param.default.is_none()
}

fn param_schema(kind: ParamType) -> Value {
    match kind {
        ParamType::Text => json!({ "type": "string" }),
        ParamType::Integer => json!({ "type": "integer", "format": "int64" }),
        ParamType::Real => json!({ "type": "number" }),
        ParamType::Boolean => json!({ "type": "boolean" }),
        ParamType::Json => json!({}),
    }
}

fn nullable(param: &Param) -> Value {
    let schema = param_schema(param.kind);
    if required(param) || param.kind == ParamType::Json {
        schema
    } else {
        json!({ "anyOf": [schema, { "type": "null" }] })
    }
}
