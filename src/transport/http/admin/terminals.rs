//! Registered terminals: machines that count as clients wherever they stand.

use std::net::IpAddr;

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::transport::http::{
    HttpState,
    body::{Json, created_value, ok_value},
    caller::Administrator,
    encoding,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTerminal {
    name: String,
    #[serde(default)]
    address: Option<IpAddr>,
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/api/admin/terminals",
            list,
            Operation::new("listTerminals", "admin", "Registered terminals.").answers(
                200,
                "All of them.",
                schema_ref("Terminals"),
            ),
        ),
        Endpoint::post(
            "/api/admin/terminals",
            add,
            Operation::new("addTerminal", "admin", "Registers a terminal.")
                .takes(true, schema_ref("NewTerminal"))
                .answers(201, "The terminal.", schema_ref("Terminal")),
        ),
        Endpoint::delete(
            "/api/admin/terminals/{name}",
            remove,
            Operation::new("removeTerminal", "admin", "Forgets a terminal.")
                .path("name", "Name of the terminal.", json!({ "type": "string" }))
                .answers_nothing(204, "Forgotten."),
        ),
    ]
}

async fn list(_: Administrator, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let terminals = state.context.accounts.terminals().await?;
    Ok(ok_value(&json!({ "terminals": terminals }))?)
}

async fn add(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    Json(terminal): Json<NewTerminal>,
) -> Result<HttpResponse, Problem> {
    // Without an address it is the machine at which the administrator sits.
    let address = terminal.address.unwrap_or(caller.peer.address);
    let added = state
        .context
        .accounts
        .add_terminal(&caller.who, caller.peer, terminal.name, Some(address))
        .await?;
    Ok(created_value(&added)?)
}

async fn remove(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let name = encoding::path_parameter(&req, "name")?;
    state
        .context
        .accounts
        .remove_terminal(&caller.who, caller.peer, name)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
