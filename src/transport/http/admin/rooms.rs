//! The rooms of the hub: who and how much, never what was written.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::transport::http::{
    HttpState,
    body::ok_value,
    caller::Administrator,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::get(
        "/api/admin/rooms",
        list,
        Operation::new(
            "listRooms",
            "admin",
            "The rooms that were used last, without what was written in them.",
        )
        .answers(200, "The latest first, at most 500.", schema_ref("RoomRecords")),
    )]
}

async fn list(_: Administrator, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let (rooms, total) = state.context.rooms.overview().await?;
    Ok(ok_value(&json!({ "rooms": rooms, "total": total }))?)
}
