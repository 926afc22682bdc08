//! Running the functions of a pack (PROTOCOL section 5).

use rusqlite::{Connection, Statement};
use serde_json::json;

use super::{
    guard::{Authority, Guard},
    statement::{self, Ran, RowForm, RunLimits},
};
use crate::{
    domain::timestamp,
    pack::{Cardinality, Function, Step},
    protocol::{
        SqlValue,
        error::{Code, Error, Result},
        value::Params,
    },
};

/// Who calls, for the implicit parameters.
#[derive(Debug, Clone, Copy)]
pub struct Caller<'a> {
    pub user_id: i64,
    pub username: &'a str,
    pub role: &'a str,
    pub at_ms: i64,
}

/// What a function answered.
#[derive(Debug)]
pub struct Called {
    /// Finished JSON text of `data`.
    pub data: Vec<u8>,
    /// Of all its steps.
    pub rows_affected: u64,
    /// A `:many` read that had more rows than the limits allow.
    pub truncated: bool,
}

/// Names and values that the steps may use.
type Scope = Vec<(String, SqlValue)>;

/// Runs all steps. `args` are in the order of the function's parameters. The caller undoes an error.
pub fn call(
    conn: &Connection,
    guard: &Guard,
    function: &Function,
    args: &[SqlValue],
    caller: Caller<'_>,
    limits: &RunLimits,
) -> Result<Called> {
    let mut scope = scope(function, args, caller);
    let mut rows_affected = 0;
    let mut last = Ran::default();
    for (index, step) in function.steps.iter().enumerate() {
        let is_last = index + 1 == function.steps.len();
        let ran = run(
            conn,
            guard,
            step,
            &scope,
            is_last.then_some(function.cardinality),
            limits,
        )?;
        rows_affected += ran.rows_affected;
        if let Some(name) = &step.binds {
            let value = ran.first_value.clone().ok_or_else(|| {
                Error::new(
                    Code::PreconditionFailed,
                    "A step of the function did not return exactly one value; nothing was kept.",
                )
            })?;
            scope.retain(|(known, _)| known != name);
            scope.push((name.clone(), value));
        }
        last = ran;
    }
    Ok(Called {
        truncated: function.cardinality == Cardinality::Many && last.truncated,
        data: data(function.cardinality, last)?,
        rows_affected,
    })
}

fn scope(function: &Function, args: &[SqlValue], caller: Caller<'_>) -> Scope {
    let named = function
        .params
        .iter()
        .zip(args)
        .map(|(param, value)| (param.name.clone(), value.clone()));
    let implicit = [
        ("me_id", SqlValue::Integer(caller.user_id)),
        ("me_role", SqlValue::Text(caller.role.to_owned())),
        ("me_username", SqlValue::Text(caller.username.to_owned())),
        ("now", SqlValue::Text(timestamp::rfc3339(caller.at_ms))),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    named.chain(implicit).collect()
}

/// Runs one step; `answers` where it is the last.
fn run(
    conn: &Connection,
    guard: &Guard,
    step: &Step,
    scope: &Scope,
    answers: Option<Cardinality>,
    limits: &RunLimits,
) -> Result<Ran> {
    let mut statement = guard.prepare(conn, &Authority::Pack, &step.sql, None)?;
    let reads = statement.readonly();
    let mut limits = *limits;
    if answers == Some(Cardinality::One) && reads {
        limits.max_rows = 1;
    }
    let params = used(&statement, scope);
    let ran = statement::run(conn, &mut statement, &params, &limits, RowForm::Objects)?;
    if let Some(expect) = &step.expect {
        let got = if reads {
            ran.row_count as u64
        } else {
            ran.rows_affected
        };
        if got != expect.rows {
            let error = match &expect.message {
                Some(message) => Error::new(Code::PreconditionFailed, message.clone()),
                None => Error::of(Code::PreconditionFailed),
            };
            return Err(match &expect.texts {
                Some(texts) => error.with("texts", json!(texts)),
                None => error,
            });
        }
    }
    Ok(ran)
}

/// What of the scope the statement names.
fn used(statement: &Statement<'_>, scope: &Scope) -> Params {
    let names = (1..=statement.parameter_count())
        .filter_map(|index| statement.parameter_name(index))
        .filter_map(|name| name.get(1..));
    Params::Named(
        names
            .filter_map(|name| scope.iter().find(|(known, _)| known == name))
            .cloned()
            .collect(),
    )
}

fn data(cardinality: Cardinality, ran: Ran) -> Result<Vec<u8>> {
    match cardinality {
        Cardinality::Exec => Ok(format!("{{\"rows_affected\":{}}}", ran.rows_affected).into_bytes()),
        Cardinality::Many if ran.rows.is_empty() => Ok(b"[]".to_vec()),
        Cardinality::Many => Ok(ran.rows),
        Cardinality::One if ran.row_count == 0 && ran.truncated => Err(Error::new(
            Code::PayloadTooLarge,
            "The row is more than a result may hold.",
        )
        .with("limit", "max_result_bytes")),
        Cardinality::One if ran.row_count == 0 => Ok(b"null".to_vec()),
        Cardinality::One => {
            let rows: Vec<&serde_json::value::RawValue> =
                serde_json::from_slice(&ran.rows).map_err(Error::internal)?;
            let first = rows.first().map_or("null", |row| row.get());
            Ok(first.as_bytes().to_vec())
        }
    }
}
