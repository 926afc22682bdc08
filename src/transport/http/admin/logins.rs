//! Login sessions: the devices at which people are logged in, connected or not.

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
            "/api/admin/users/{id}/logins",
            of_user,
            Operation::new("listUserLogins", "admin", "The login sessions of an account.")
                .path("id", "Id of the account.", json!({ "type": "integer" }))
                .answers(200, "The last used first.", schema_ref("LoginSessions")),
        ),
        Endpoint::delete(
            "/api/admin/logins/{id}",
            revoke,
            Operation::new(
                "revokeLogin",
                "admin",
                "Ends a login session: its tokens are worth nothing, its sockets close with 4403.",
            )
            .path(
                "id",
                "The `sid` of a session.",
                json!({ "type": "string", "format": "uuid" }),
            )
            .answers_nothing(204, "Ended."),
        ),
    ]
}

async fn of_user(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id: i64 = encoding::path_parameter(&req, "id")?
        .parse()
        .map_err(|_| Error::of(Code::NotFound))?;
    let sessions = state.context.accounts.logins_of_user(&caller.who, id)?;
    Ok(ok_value(&json!({ "sessions": sessions }))?)
}

async fn revoke(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let sid = encoding::uuid(&encoding::path_parameter(&req, "id")?)?;
    state
        .context
        .accounts
        .disconnect(&caller.who, caller.peer, sid)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
