//! `/api/me`: who one is, what one may do, one's password and one's other devices.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::domain::LoginFrom;

use super::{
    HttpState,
    body::{Json, ok_value},
    caller::{Authenticated, Identified},
    encoding,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
    rights,
};

#[derive(Deserialize)]
struct PasswordChange {
    current: String,
    new: String,
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/api/me",
            show,
            Operation::new("getMe", "login", "The user, the role and what it may do.").answers(
                200,
                "Who is asking.",
                schema_ref("Me"),
            ),
        ),
        Endpoint::post(
            "/api/me/password",
            change_password,
            Operation::new(
                "changePassword",
                "login",
                "Sets a new password; ends the user's other logins.",
            )
            .takes(true, schema_ref("PasswordChange"))
            .answers_nothing(204, "Changed."),
        ),
        Endpoint::get(
            "/api/me/sessions",
            list_sessions,
            Operation::new("listMySessions", "login", "One's login sessions.").answers(
                200,
                "All of them, this one marked.",
                schema_ref("LoginSessions"),
            ),
        ),
        Endpoint::delete(
            "/api/me/sessions/{id}",
            end_session,
            Operation::new("endMySession", "login", "Logs one of one's devices out.")
                .path(
                    "id",
                    "A login session.",
                    json!({ "type": "string", "format": "uuid" }),
                )
                .answers_nothing(204, "Ended."),
        ),
    ]
}

async fn show(Identified(caller): Identified, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let (who, role) = (&caller.who, &caller.who.role);
    let schema = state.context.executor.schema();
    Ok(ok_value(&json!({
        "user": {
            "id": who.user_id,
            "username": who.username,
            "display_name": who.display_name,
            "role": role.name,
            "lang": who.lang
        },
        "role": {
            "name": role.name,
            "title": role.title.in_lang(&who.lang),
            "login_from": match role.login_from {
                LoginFrom::Server => "server",
                LoginFrom::Client => "client",
                LoginFrom::Anywhere => "anywhere",
            },
            "admin": role.admin,
            "raw_sql": role.raw_sql,
            "notify": role.notify,
            "open_calls": role.open_calls
        },
        "password_change_required": who.must_change_password,
        "tables": rights::tables(role, &schema),
        "functions": rights::functions(role, &state.context.pack),
        "contacts": state.context.accounts.contacts(who)
    }))?)
}

async fn change_password(
    Identified(caller): Identified,
    state: web::Data<HttpState>,
    Json(change): Json<PasswordChange>,
) -> Result<HttpResponse, Problem> {
    let accounts = &state.context.accounts;
    accounts
        .change_password(&caller.who, caller.peer, change.current, change.new)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn list_sessions(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let sessions = state.context.accounts.my_sessions(&caller.who).await?;
    Ok(ok_value(&json!({ "sessions": sessions }))?)
}

async fn end_session(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let sid = encoding::path_parameter(&req, "id")?;
    state
        .context
        .accounts
        .end_my_session(&caller.who, caller.peer, encoding::uuid(&sid)?)
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
