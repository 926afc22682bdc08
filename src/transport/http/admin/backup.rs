//! A backup now.

use actix_web::{HttpResponse, web};

use crate::transport::http::{
    HttpState,
    body::created_value,
    caller::Administrator,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::post(
        "/api/admin/backup",
        make,
        Operation::new(
            "makeBackup",
            "admin",
            "Backs both databases up at one position, online, and verifies the copy.",
        )
        .answers(201, "The backup.", schema_ref("Backup")),
    )]
}

async fn make(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
) -> Result<HttpResponse, Problem> {
    let made = (state.backup)().await;
    let mut entry = caller.audit_act("admin", "backup");
    match &made {
        Ok(backup) => {
            entry.detail = Some(backup.file.clone());
            entry.commit = i64::try_from(backup.commit).ok();
        }
        Err(error) => entry.outcome = error.code.as_str().to_owned(),
    }
    state.context.audit.record_durably(entry).await?;
    Ok(created_value(&made?)?)
}
