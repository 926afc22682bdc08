//! The audit as a file: a page at a time from the disk, never whole in memory.

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use bytes::Bytes;
use serde_json::json;

use crate::{
    hub::audit::{AuditFilter, AuditHandle, AuditRecord},
    protocol::{Error, error::Result},
    transport::http::{
        HttpState, caller::Administrator, encoding::decode_query, endpoint::Endpoint, openapi::Operation,
        problem::Problem,
    },
};

use super::audit::{filter_of, filter_parameters};

/// Entries read at once.
const PAGE: i64 = 1_000;

const HEADINGS: [&str; 13] = [
    "id",
    "at",
    "action",
    "user_id",
    "username",
    "address",
    "session",
    "subject",
    "detail",
    "tables",
    "rows_affected",
    "commit",
    "outcome",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

pub fn endpoints() -> Vec<Endpoint> {
    let operation = Operation::new(
        "exportAudit",
        "admin",
        "Every entry of the audit that matches, as a file, newest first.",
    )
    .query(
        "format",
        "Of the file.",
        json!({ "enum": ["csv", "json"], "default": "csv" }),
    );
    vec![Endpoint::get(
        "/api/admin/audit/export",
        export,
        filter_parameters(operation).answers_as(
            200,
            "The file.",
            json!({
                "text/csv": { "schema": { "type": "string" } },
                "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/AuditEntry" } } }
            }),
        ),
    )]
}

async fn export(
    Administrator(caller): Administrator,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let mut format = Format::Csv;
    let mut filters = Vec::new();
    for (name, value) in decode_query(req.query_string())? {
        match (name.as_str(), value.as_str()) {
            ("format", "csv") => format = Format::Csv,
            ("format", "json") => format = Format::Json,
            ("format", _) => return Err(Error::invalid("format is csv or json.").into()),
            _ => filters.push((name, value)),
        }
    }
    let filter = AuditFilter {
        limit: PAGE,
        ..filter_of(filters)?
    };
    let mut entry = caller.audit_act("admin", "audit export");
    entry.detail = Some(req.query_string().chars().take(500).collect());
    state.context.audit.record_durably(entry).await?;
    let (kind, name) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "audit.csv"),
        Format::Json => ("application/json", "audit.json"),
    };
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header((
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ))
        .streaming(pages(state.context.audit.clone(), filter, format)))
}

/// The file in pieces. An error cuts it short, which the client sees as a broken transfer.
fn pages(
    audit: AuditHandle,
    filter: AuditFilter,
    format: Format,
) -> impl futures_util::Stream<Item = Result<Bytes>> {
    let start = (audit, Some(filter), true);
    futures_util::stream::try_unfold(start, move |(audit, filter, is_first)| async move {
        let Some(filter) = filter else {
            return Ok(None);
        };
        let entries = audit.list(filter.clone()).await?;
        let is_full = i64::try_from(entries.len()).is_ok_and(|n| n >= PAGE);
        let next = entries.last().filter(|_| is_full).map(|last| AuditFilter {
            before_id: Some(last.id),
            ..filter
        });
        let piece = match format {
            Format::Csv => csv(&entries, is_first),
            Format::Json => json_piece(&entries, is_first, next.is_none())?,
        };
        Ok(Some((Bytes::from(piece), (audit, next, false))))
    })
}

fn json_piece(entries: &[AuditRecord], is_first: bool, is_last: bool) -> Result<String> {
    let mut text = String::from(if is_first { "[" } else { "" });
    for (i, entry) in entries.iter().enumerate() {
        if !is_first || i > 0 {
            text.push_str(",\n");
        }
        text.push_str(&serde_json::to_string(entry).map_err(Error::internal)?);
    }
    if is_last {
        text.push_str("]\n");
    }
    Ok(text)
}

fn csv(entries: &[AuditRecord], is_first: bool) -> String {
    let mut text = String::new();
    if is_first {
        // The mark that makes spreadsheets read UTF-8.
        text.push('\u{feff}');
        text.push_str(&HEADINGS.join(","));
        text.push_str("\r\n");
    }
    for entry in entries {
        let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
        let word = |word: &Option<String>| cell(word.as_deref().unwrap_or_default());
        text.push_str(
            &[
                entry.id.to_string(),
                cell(&entry.at),
                cell(&entry.action),
                number(entry.user_id),
                word(&entry.username),
                word(&entry.address),
                word(&entry.session),
                word(&entry.subject),
                word(&entry.detail),
                word(&entry.tables),
                number(entry.rows_affected),
                number(entry.commit),
                cell(&entry.outcome),
            ]
            .join(","),
        );
        text.push_str("\r\n");
    }
    text
}

/// Quoted where it must be. What a spreadsheet would take for a formula is kept a text: names and statements are
/// written by strangers.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if guard.is_empty() && !text.contains([',', '"', '\n', '\r', ';']) {
        return text.to_owned();
    }
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        assert_eq!(cell("awa"), "awa");
        assert_eq!(cell("a,b"), "\"a,b\"");
        assert_eq!(cell("dit \"oui\""), "\"dit \"\"oui\"\"\"");
        assert_eq!(cell("=HYPERLINK(1)"), "\"'=HYPERLINK(1)\"");
        assert_eq!(cell("@x"), "\"'@x\"");
    }
}
