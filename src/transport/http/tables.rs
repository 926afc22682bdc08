//! `/api/tables/{table}[/{key}]`: tables and views in the manner of PostgREST, for every role within its rights.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    domain::{TableAction, TableRequest},
    executor::{Idempotency, Job, Work, take_apart},
    protocol::{Code, Error, SqlValue, error::Result, result::Body},
    session::requests::http_origin,
};

use super::{
    HttpState,
    body::{self, Json, idempotency_key},
    caller::{Authenticated, Caller, route_name},
    encoding::{path_parameter, raw_path_parameter},
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
    table_query,
};

/// Which commit the rows are of: who follows the changes too passes over those up to here.
pub const COMMIT: &str = "comptoir-commit";

pub fn endpoints() -> Vec<Endpoint> {
    let text = || json!({ "type": "string" });
    let count = || json!({ "type": "integer", "minimum": 0 });
    let on_table = |operation: Operation| operation.path("table", "A table or view.", text());
    let on_row = |operation: Operation| {
        on_table(operation).path(
            "key",
            "The primary key; several values are separated by commas, a comma within a value is %2C.",
            text(),
        )
    };
    let select = "Columns, separated by commas; default: all that the role may read.";
    vec![
        Endpoint::get(
            "/api/tables/{table}",
            list,
            on_table(Operation::new("listRows", "data", "Rows of a table."))
                .describe(
                    "Filters are further parameters, `column=operator.value`: eq, neq, gt, gte, lt, lte, like, ilike \
                     (`*` for any text), `in.(a,\"b,c\")`, `is.null`, `not.is.null`. All of them must hold.",
                )
                .query("select", select, text())
                .query("order", "`column.desc,column`", text())
                .query("limit", "At most so many rows.", count())
                .query("offset", "After so many rows.", count())
                .answers(200, "The rows.", json!({ "type": "array", "items": schema_ref("Row") })),
        ),
        Endpoint::post(
            "/api/tables/{table}",
            insert,
            on_table(Operation::new("insertRow", "data", "Inserts a row."))
                .idempotent()
                .takes(true, schema_ref("NewRow"))
                .answers(201, "The row.", schema_ref("Row")),
        ),
        Endpoint::get(
            "/api/tables/{table}/{key}",
            get,
            on_row(Operation::new("getRow", "data", "One row."))
                .query("select", select, text())
                .answers(200, "The row.", schema_ref("Row")),
        ),
        Endpoint::patch(
            "/api/tables/{table}/{key}",
            update,
            on_row(Operation::new("updateRow", "data", "Changes columns of one row."))
                .idempotent()
                .takes(true, schema_ref("NewRow"))
                .answers(200, "The row.", schema_ref("Row")),
        ),
        Endpoint::delete(
            "/api/tables/{table}/{key}",
            delete,
            on_row(Operation::new("deleteRow", "data", "Deletes one row."))
                .idempotent()
                .answers_nothing(204, "Deleted."),
        ),
    ]
}

async fn list(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let action = table_query::parse_list(req.query_string())?;
    rows(&run(&state, &caller, &req, action).await?)
}

async fn get(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let action = TableAction::Get {
        key: key(&req)?,
        select: table_query::parse_select_only(req.query_string())?,
    };
    rows(&run(&state, &caller, &req, action).await?)
}

async fn insert(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(row): Json<Value>,
) -> Result<HttpResponse, Problem> {
    table_query::expect_no_query(req.query_string())?;
    let action = TableAction::Insert {
        values: values(&row)?,
    };
    let inserted = run(&state, &caller, &req, action).await?;
    Ok(body::json_bytes(HttpResponse::Created(), inserted.0))
}

async fn update(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(row): Json<Value>,
) -> Result<HttpResponse, Problem> {
    table_query::expect_no_query(req.query_string())?;
    let values = values(&row)?;
    if values.is_empty() {
        return Err(Error::invalid("The body names no column to change.").into());
    }
    let action = TableAction::Update {
        key: key(&req)?,
        values,
    };
    Ok(body::ok(run(&state, &caller, &req, action).await?))
}

async fn delete(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    table_query::expect_no_query(req.query_string())?;
    run(&state, &caller, &req, TableAction::Delete { key: key(&req)? }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Rows as they are, since an array has no place for its commit, nor to say that it was cut short: headers do.
fn rows(read: &Body) -> Result<HttpResponse, Problem> {
    let read = take_apart(read).ok_or_else(|| Error::internal("a read of a table has no commit"))?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((COMMIT, read.commit));
    body::say_truncated(&mut answer, read.truncated);
    Ok(body::json_bytes(answer, read.data))
}

async fn run(state: &HttpState, caller: &Caller, req: &HttpRequest, action: TableAction) -> Result<Body> {
    let request = TableRequest {
        table: path_parameter(req, "table")?,
        action,
    };
    let idempotency = match idempotency_key(req)? {
        Some(key) if !request.action.is_read() => Some(Idempotency {
            key,
            body: meaning(&request),
        }),
        _ => None,
    };
    let table = request.table.clone();
    let job = Job {
        origin: http_origin(&caller.who, caller.peer.address),
        work: Work::Table(request),
        idempotency,
    };
    let answered = state.context.executor.run(job).await;
    if let Err(refused) = &answered
        && refused.code == Code::Forbidden
    {
        let mut entry = caller.audit_entry("refused", &route_name(req), refused);
        entry.tables = Some(table);
        state.context.audit.record(entry);
    }
    answered
}

fn key(req: &HttpRequest) -> Result<Vec<String>> {
    table_query::parse_key(raw_path_parameter(req, "key")?)
}

fn values(row: &Value) -> Result<Vec<(String, SqlValue)>> {
    let row: &Map<String, Value> = row
        .as_object()
        .ok_or_else(|| Error::invalid("The body is one object: column and value."))?;
    row.iter()
        .map(|(column, value)| {
            let value = SqlValue::from_json(value).map_err(Error::invalid)?;
            Ok((column.clone(), value))
        })
        .collect()
}

/// What an idempotency key stands for: table, action, key and values.
fn meaning(request: &TableRequest) -> [u8; 32] {
    let (action, key, values): (&str, &[String], &[(String, SqlValue)]) = match &request.action {
        TableAction::List { .. } => ("list", &[], &[]),
        TableAction::Get { key, .. } => ("get", key, &[]),
        TableAction::Insert { values } => ("insert", &[], values),
        TableAction::Update { key, values } => ("update", key, values),
        TableAction::Delete { key } => ("delete", key, &[]),
    };
    let meaning = json!(["table", request.table.to_ascii_lowercase(), action, key, values]);
    Sha256::digest(meaning.to_string()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(row: Value) -> TableRequest {
        TableRequest {
            table: "ventes".into(),
            action: TableAction::Insert {
                values: values(&row).unwrap(),
            },
        }
    }

    #[test]
    fn the_same_row_means_the_same_and_another_row_another() {
        let first = meaning(&insert(json!({ "a": 1, "b": "x" })));
        assert_eq!(first, meaning(&insert(json!({ "b": "x", "a": 1 }))));
        assert_ne!(first, meaning(&insert(json!({ "a": "1", "b": "x" }))));
        let update = TableRequest {
            table: "ventes".into(),
            action: TableAction::Update {
                key: vec![],
                values: vec![("a".into(), SqlValue::Integer(1))],
            },
        };
        assert_ne!(meaning(&insert(json!({ "a": 1 }))), meaning(&update));
    }

    #[test]
    fn rows_are_objects_of_values() {
        assert!(values(&json!([])).is_err());
        assert!(values(&json!({ "a": [1] })).is_err());
        assert_eq!(
            values(&json!({ "a": { "$int": "9" } })).unwrap(),
            [("a".to_owned(), SqlValue::Integer(9))]
        );
    }
}
