//! Connected sessions, and disconnecting one.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::{
    protocol::{Code, Error},
    transport::http::{
        HttpState,
        body::{Json, ok_value},
        caller::Administrator,
        encoding,
        endpoint::Endpoint,
        openapi::{Operation, schema_ref},
        problem::Problem,
    },
};

use super::announce::Announcement;

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
        Endpoint::post(
            "/api/admin/sessions/{id}/message",
            message,
            Operation::new(
                "messageSession",
                "admin",
                "Sends a `system_message` to one session.",
            )
            .path(
                "id",
                "As in `welcome.session`.",
                json!({ "type": "string", "format": "uuid" }),
            )
            .takes(true, schema_ref("Announcement"))
            .answers_nothing(204, "Sent."),
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

async fn message(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(announcement): Json<Announcement>,
) -> Result<HttpResponse, Problem> {
    announcement.check()?;
    let session = encoding::uuid(&encoding::path_parameter(&req, "id")?)?;
    let registry = &state.context.registry;
    let to = registry.list().await?.into_iter().find(|s| s.id == session);
    let to = to.ok_or_else(|| Error::of(Code::NotFound))?;
    let mut entry = caller.audit_act("admin", &to.username);
    entry.detail = Some(format!(
        "message to session {session}: {}",
        announcement.describe()
    ));
    state.context.audit.record_durably(entry).await?;
    registry.message(
        session,
        announcement.level(),
        &announcement.text,
        announcement.expires_at.clone(),
    );
    Ok(HttpResponse::NoContent().finish())
}
