//! Backups: what there is, and one now.

use actix_web::{HttpResponse, web};

use crate::transport::http::{
    HttpState,
    body::{created_value, ok_value},
    caller::Administrator,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

pub fn endpoints() -> Vec<Endpoint> {
    let list = Endpoint::get(
        "/api/admin/backup",
        list,
        Operation::new(
            "listBackups",
            "admin",
            "Where backups go, how often, and what lies there.",
        )
        .answers(200, "Newest first.", schema_ref("Backups")),
    );
    let make = Endpoint::post(
        "/api/admin/backup",
        make,
        Operation::new(
            "makeBackup",
            "admin",
            "Backs both databases up at one position, online, and verifies the copy.",
        )
        .answers(201, "The backup.", schema_ref("Backup")),
    );
    vec![list, make]
}

async fn list(_: Administrator, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let backups = (state.admin.backups)().await?;
    Ok(ok_value(&backups)?)
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
