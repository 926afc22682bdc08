//! A `system_message` to everybody who is connected.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::{
    domain::timestamp,
    protocol::{Error, error::Result},
    transport::http::{
        HttpState,
        body::Json,
        caller::Administrator,
        endpoint::Endpoint,
        openapi::{Operation, schema_ref},
        problem::Problem,
    },
};

/// Longest announcement, in characters.
const MAX_TEXT: usize = 2_000;

#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    #[default]
    Info,
    Warning,
    Error,
}

impl Level {
    const fn as_str(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    pub text: String,
    #[serde(default)]
    level: Level,
    #[serde(default)]
    pub expires_at: Option<String>,
}

impl Announcement {
    /// `info`, `warning` or `error`.
    pub const fn level(&self) -> &'static str {
        self.level.as_str()
    }

    /// For the audit.
    pub fn describe(&self) -> String {
        format!("{}: {}", self.level(), self.text)
    }

    pub fn check(&self) -> Result<()> {
        let length = self.text.chars().count();
        if self.text.trim().is_empty() || length > MAX_TEXT {
            return Err(Error::invalid("text is 1 to 2000 characters."));
        }
        if self
            .expires_at
            .as_deref()
            .is_some_and(|at| timestamp::parse(at).is_none())
        {
            return Err(Error::invalid(
                "expires_at is a time such as 2025-12-07T09:30:00Z.",
            ));
        }
        Ok(())
    }
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::post(
        "/api/admin/announce",
        announce,
        Operation::new(
            "announce",
            "admin",
            "Sends a `system_message` to everybody who is connected.",
        )
        .takes(true, schema_ref("Announcement"))
        .answers_nothing(204, "Sent."),
    )]
}

async fn announce(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    Json(announcement): Json<Announcement>,
) -> Result<HttpResponse, Problem> {
    announcement.check()?;
    let mut entry = caller.audit_act("admin", "announce");
    entry.detail = Some(announcement.describe());
    // First the audit: an act that cannot be audited does not happen.
    state.context.audit.record_durably(entry).await?;
    state
        .context
        .registry
        .announce(announcement.level(), &announcement.text, announcement.expires_at);
    Ok(HttpResponse::NoContent().finish())
}
