//! Every function, run once and undone.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, types::Value};

use crate::{
    domain::timestamp,
    pack::{Function, Pack, PackError, ParamType, Problems, Step},
    protocol::SqlValue,
};

use super::scratch::{locate, unexpected};

/// How a trial ended. All of them are good: with sample arguments a condition may well not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The last statement returned so many rows (or, without columns, changed them).
    Rows(usize),
    /// An `-- expect:`, a `-- let:` or a rule of the schema said no.
    Refused(String),
}

#[derive(Debug, Clone)]
pub struct Trial {
    pub function: String,
    pub outcome: Outcome,
    pub elapsed: Duration,
}

/// Runs every function in a savepoint that is rolled back.
pub fn run_all(conn: &Connection, pack: &Pack) -> Result<Vec<Trial>, PackError> {
    let mut problems = Problems::default();
    let mut trials = Vec::new();
    for function in pack.functions.values() {
        let start = Instant::now();
        conn.execute_batch("SAVEPOINT trial").map_err(unexpected)?;
        let outcome = run(conn, pack, function);
        conn.execute_batch("ROLLBACK TO trial; RELEASE trial")
            .map_err(unexpected)?;
        match outcome {
            Ok(outcome) => trials.push(Trial {
                function: function.name.to_string(),
                outcome,
                elapsed: start.elapsed(),
            }),
            Err((line, reason)) => {
                let reason = format!("`{}` failed with sample arguments: {reason}", function.name);
                problems.add(&function.file, line, reason);
            }
        }
    }
    problems.into_result()?;
    Ok(trials)
}

fn run(conn: &Connection, pack: &Pack, function: &Function) -> Result<Outcome, (u32, String)> {
    let mut values = caller(pack, function);
    for param in &function.params {
        let value = match &param.default {
            Some(default) => sql_value(default),
            None => sample(param.kind),
        };
        values.insert(param.name.clone(), value);
    }
    let mut last = 0;
    for step in &function.steps {
        let done = run_step(conn, step, &values);
        let (rows, first) = match done {
            Ok(done) => done,
            Err(cause) if cause.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Ok(Outcome::Refused(locate(0, "", &cause).1));
            }
            Err(cause) => return Err(locate(step.line, &step.sql, &cause)),
        };
        if let Some(name) = &step.binds {
            match (rows, first) {
                (1, Some(value)) => {
                    values.insert(name.clone(), value);
                }
                _ => return Ok(Outcome::Refused(format!("{rows} rows for `{name}`"))),
            }
        }
        if let Some(expect) = &step.expect
            && conn.changes() != expect.rows
        {
            let message = expect
                .message
                .clone()
                .unwrap_or_else(|| format!("{} rows expected", expect.rows));
            return Ok(Outcome::Refused(message));
        }
        last = rows;
    }
    Ok(Outcome::Rows(last))
}

/// Rows returned (or changed, without columns) and the first value of the first.
fn run_step(
    conn: &Connection,
    step: &Step,
    values: &BTreeMap<String, Value>,
) -> rusqlite::Result<(usize, Option<Value>)> {
    let mut statement = conn.prepare(&step.sql)?;
    for (name, value) in values {
        if let Some(index) = statement.parameter_index(&format!(":{name}"))? {
            statement.raw_bind_parameter(index, value)?;
        }
    }
    if statement.column_count() == 0 {
        return Ok((statement.raw_execute()?, None));
    }
    let mut rows = statement.raw_query();
    let (mut count, mut first) = (0, None);
    while let Some(row) = rows.next()? {
        if count == 0 {
            first = Some(row.get(0)?);
        }
        count += 1;
    }
    Ok((count, first))
}

/// The first demo user who may call the function.
fn caller(pack: &Pack, function: &Function) -> BTreeMap<String, Value> {
    let user = pack
        .demo_users
        .iter()
        .zip(1_i64..)
        .find(|(user, _)| function.roles.contains(&user.role));
    let (id, username, role) = match user {
        Some((user, id)) => (id, user.username.clone(), user.role.clone()),
        None => (
            1,
            "sample".into(),
            function.roles.first().cloned().unwrap_or_default(),
        ),
    };
    BTreeMap::from([
        ("me_id".into(), Value::Integer(id)),
        ("me_username".into(), Value::Text(username)),
        ("me_role".into(), Value::Text(role)),
        ("now".into(), Value::Text(timestamp::rfc3339(timestamp::now_ms()))),
    ])
}

fn sample(kind: ParamType) -> Value {
    match kind {
        ParamType::Text => Value::Text("a".into()),
        ParamType::Integer | ParamType::Boolean => Value::Integer(1),
        ParamType::Real => Value::Real(1.0),
        ParamType::Json => Value::Text("[]".into()),
    }
}

fn sql_value(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null | SqlValue::BlobBytes(_) => Value::Null,
        SqlValue::Integer(i) => Value::Integer(*i),
        SqlValue::Real(r) => Value::Real(*r),
        SqlValue::Text(text) => Value::Text(text.clone()),
        SqlValue::Blob(blob) => Value::Blob(blob.clone()),
    }
}
