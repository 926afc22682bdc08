//! Connected sessions, and disconnecting one.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::{
    protocol::{Code, Error},
    transport::http::{
        HttpState,
        body::ok_value,
        caller::Administrator,
        encoding,
        endpoint::Endpoint,
        openapi::{Operation, schema_ref},
        problem::Problem,
    },
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/api/admin/sessions",
            list,
            Operation::new("listSessions", "admin", "The connected sessions.").answers(
                200,
                "All of them.",
                schema_ref("Sessions"),
            ),
        ),
        Endpoint::delete(
            "/api/admin/sessions/{id}",
            disconnect,
            Operation::new(
                "disconnectSession",
                "admin",
                "Closes a session with 4403 and revokes the login behind it.",
            )
            .path(
                "id",
                "As in `welcome.session`.",
                json!({ "type": "string", "format": "uuid" }),
            )
            .answers_nothing(204, "Disconnected."),
        ),
    ]
}

async fn list(_: Administrator, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let sessions = state.context.registry.list().await?;
    Ok(ok_value(&json!({ "sessions": sessions }))?)
}

async fn disconnect(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let session = encoding::uuid(&encoding::path_parameter(&req, "id")?)?;
    let sid = state
        .context
        .registry
        .sid_of(session)
        .await?
        .ok_or_else(|| Error::of(Code::NotFound))?;
    state
        .context
        .accounts
        .disconnect(&caller.who, caller.peer, sid)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
