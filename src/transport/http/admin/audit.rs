//! Reading the audit, newest first.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use crate::{
    domain::timestamp,
    hub::audit::AuditFilter,
    protocol::{Error, error::Result},
    transport::http::{
        HttpState,
        body::ok_value,
        caller::Administrator,
        encoding::decode_query,
        endpoint::Endpoint,
        openapi::{Operation, schema_ref},
        problem::Problem,
    },
};

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1_000;

pub fn endpoints() -> Vec<Endpoint> {
    let operation = Operation::new("listAudit", "admin", "Entries of the audit, newest first.");
    vec![Endpoint::get(
        "/api/admin/audit",
        list,
        filter_parameters(operation)
            .query(
                "before",
                "Only older than this id: `next_before` of the page before.",
                json!({ "type": "integer" }),
            )
            .query(
                "limit",
                "Entries a page.",
                json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
            )
            .answers(200, "A page.", schema_ref("AuditPage")),
    )]
}

/// The parameters that say which entries.
pub fn filter_parameters(operation: Operation) -> Operation {
    let text = || json!({ "type": "string" });
    let time = || json!({ "type": "string", "format": "date-time" });
    operation
        .query("user", "Only of this user name.", text())
        .query(
            "action",
            "Only of this kind: `login`, `write`, `refused`, `admin`, …",
            text(),
        )
        .query(
            "outcome",
            "Only with this outcome: `ok` or an error's code.",
            text(),
        )
        .query(
            "text",
            "Only with this text in the subject, detail, user name, address or tables.",
            text(),
        )
        .query("since", "Only at or after this time.", time())
        .query("until", "Only before this time.", time())
}

async fn list(
    _: Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let filter = parse(req.query_string())?;
    let limit = filter.limit;
    let entries = state.context.audit.list(filter).await?;
    let is_full = i64::try_from(entries.len()).is_ok_and(|n| n >= limit);
    let next_before = entries.last().filter(|_| is_full).map(|entry| entry.id);
    Ok(ok_value(
        &json!({ "entries": entries, "next_before": next_before }),
    )?)
}

fn parse(raw: &str) -> Result<AuditFilter> {
    filter_of(decode_query(raw)?)
}

/// The filter that these parameters ask for.
pub fn filter_of(parameters: Vec<(String, String)>) -> Result<AuditFilter> {
    let mut filter = AuditFilter {
        limit: DEFAULT_LIMIT,
        ..AuditFilter::default()
    };
    let number = |name: &str, value: &str| {
        value
            .parse::<i64>()
            .map_err(|_| Error::invalid(format!("{name} is a whole number.")))
    };
    let time = |name: &str, value: &str| {
        timestamp::parse(value)
            .map(Some)
            .ok_or_else(|| Error::invalid(format!("{name} is a time such as 2025-12-07T09:30:00Z.")))
    };
    for (name, value) in parameters {
        match name.as_str() {
            "user" => filter.user = Some(value),
            "action" => filter.action = Some(value),
            "outcome" => filter.outcome = Some(value),
            "text" => filter.text = Some(value).filter(|text| !text.is_empty()),
            "since" => filter.since_ms = time("since", &value)?,
            "until" => filter.until_ms = time("until", &value)?,
            "before" => filter.before_id = Some(number("before", &value)?),
            "limit" => filter.limit = number("limit", &value)?.clamp(1, MAX_LIMIT),
            _ => {
                return Err(Error::invalid(
                    "Known are user, action, outcome, text, since, until, before and limit.",
                ));
            }
        }
    }
    Ok(filter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_bounded() {
        let filter =
            parse("user=awa&action=login&outcome=ok&text=riz&since=1970-01-01T00:00:01Z&before=9&limit=5000")
                .unwrap();
        assert_eq!(filter.user.as_deref(), Some("awa"));
        assert_eq!(
            (filter.since_ms, filter.before_id, filter.limit),
            (Some(1_000), Some(9), MAX_LIMIT)
        );
        assert_eq!(
            (filter.outcome.as_deref(), filter.text.as_deref()),
            (Some("ok"), Some("riz"))
        );
        assert_eq!(parse("").unwrap().limit, DEFAULT_LIMIT);
        for raw in ["since=yesterday", "limit=x", "usr=awa"] {
            assert!(parse(raw).is_err(), "{raw}");
        }
    }
}
