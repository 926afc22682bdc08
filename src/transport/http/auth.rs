//! `/api/auth`: logging in, renewing and logging out (PROTOCOL section 2).

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use super::{
    HttpState,
    body::{Json, ok_value},
    caller::{Identified, Visitor},
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Deserialize)]
struct RefreshRequest {
    refresh_token: String,
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::post(
            "/api/auth",
            log_in,
            Operation::new("logIn", "login", "Logs in.")
                .open()
                .takes(true, schema_ref("Credentials"))
                .answers(200, "Tokens, and who logged in.", schema_ref("Grant")),
        ),
        Endpoint::post(
            "/api/auth/refresh",
            refresh,
            Operation::new("refreshToken", "login", "Changes a refresh token for new tokens.")
                .open()
                .takes(true, schema_ref("RefreshRequest"))
                .answers(200, "Tokens, and who logged in.", schema_ref("Grant")),
        ),
        Endpoint::post(
            "/api/auth/logout",
            log_out,
            Operation::new(
                "logOut",
                "login",
                "Ends this login session; its sockets close with 4401.",
            )
            .answers_nothing(204, "Logged out."),
        ),
    ]
}

async fn log_in(
    visitor: Visitor,
    state: web::Data<HttpState>,
    Json(given): Json<Credentials>,
) -> Result<HttpResponse, Problem> {
    let accounts = &state.context.accounts;
    let grant = accounts
        .login(given.username, given.password, visitor.peer, visitor.user_agent)
        .await?;
    Ok(ok_value(&grant)?)
}

async fn refresh(
    visitor: Visitor,
    state: web::Data<HttpState>,
    Json(given): Json<RefreshRequest>,
) -> Result<HttpResponse, Problem> {
    let grant = state
        .context
        .accounts
        .refresh(given.refresh_token, visitor.peer)
        .await?;
    Ok(ok_value(&grant)?)
}

async fn log_out(
    Identified(caller): Identified,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    state.context.accounts.logout(&caller.who, caller.peer).await?;
    Ok(HttpResponse::NoContent().finish())
}
