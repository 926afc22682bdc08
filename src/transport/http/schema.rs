//! `GET /api/schema`: tables and functions that the role may use.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::{
    HttpState,
    body::ok_value,
    caller::Authenticated,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
    rights,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get(
        "/api/schema",
        show,
        Operation::new(
            "getSchema",
            "data",
            "Tables, columns, types, keys and functions that the role may use.",
        )
        .answers(200, "The schema as this role sees it.", schema_ref("Schema")),
    )]
}

async fn show(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let role = &caller.who.role;
    let schema = state.context.executor.schema();
    let contacts = state.context.accounts.contacts(&caller.who);
    let names = contacts.iter().map(|user| &*user.role).chain([&*role.name]);
    Ok(ok_value(&json!({
        "roles": rights::role_titles(names, &state.context.pack),
        "tables": rights::schema(role, &schema, &state.context.pack.labels),
        "functions": rights::functions(role, &state.context.pack)
    }))?)
}
