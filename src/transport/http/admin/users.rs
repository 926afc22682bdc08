//! Accounts.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::{
    hub::accounts::{NewUser, UserPatch},
    protocol::{Code, Error},
    transport::http::{
        HttpState,
        body::{Json, created_value, ok_value},
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
            "/api/admin/users",
            list,
            Operation::new("listUsers", "admin", "All accounts.").answers(
                200,
                "All of them.",
                schema_ref("Users"),
            ),
        ),
        Endpoint::post(
            "/api/admin/users",
            create,
            Operation::new("createUser", "admin", "Makes an account.")
                .takes(true, schema_ref("NewUser"))
                .answers(201, "The account.", schema_ref("UserRecord")),
        ),
        Endpoint::patch(
            "/api/admin/users/{id}",
            update,
            Operation::new(
                "updateUser",
                "admin",
                "Changes an account; what it no longer may ends at once.",
            )
            .path("id", "Id of the account.", json!({ "type": "integer" }))
            .takes(true, schema_ref("UserPatch"))
            .answers(200, "The account.", schema_ref("UserRecord")),
        ),
    ]
}

async fn list(_: Administrator, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let users = state.context.accounts.users().await?;
    Ok(ok_value(&json!({ "users": users }))?)
}

async fn create(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    Json(user): Json<NewUser>,
) -> Result<HttpResponse, Problem> {
    let accounts = &state.context.accounts;
    let created = accounts.create_user(&caller.who, caller.peer, user).await?;
    Ok(created_value(&created)?)
}

async fn update(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(patch): Json<UserPatch>,
) -> Result<HttpResponse, Problem> {
    let id: i64 = encoding::path_parameter(&req, "id")?
        .parse()
        .map_err(|_| Error::of(Code::NotFound))?;
    let accounts = &state.context.accounts;
    let updated = accounts.update_user(&caller.who, caller.peer, id, patch).await?;
    Ok(ok_value(&updated)?)
}
