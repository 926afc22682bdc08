//! Binding, stepping and writing out one prepared statement, under limits.

use bytes::Bytes;
use rusqlite::{
    Connection, Statement, ToSql, ffi,
    types::{ToSqlOutput, Value, ValueRef},
};

use crate::protocol::{
    SqlValue,
    error::{Code, Error},
    result::Body,
    value::{Params, write_blob, write_integer, write_real, write_text},
};

use super::error::from_sqlite;

/// Why a statement did not run: what SQLite says (to be put into words for the role), or our own refusal.
#[derive(Debug)]
pub enum Failure {
    Sqlite(rusqlite::Error),
    Refused(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Sqlite(error) => from_sqlite(error),
            Failure::Refused(error) => error,
        }
    }
}

/// How much one statement may answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunLimits {
    pub max_rows: usize,
    /// Of the rows as JSON text.
    pub max_result_bytes: usize,
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowForm {
    /// `[1,"a"]`
    Arrays,
    /// `{"id":1,"name":"a"}`
    Objects,
}

/// What a statement answered.
#[derive(Debug, Clone, Default)]
pub struct Ran {
    pub columns: Vec<String>,
    /// Finished JSON text: an array of rows in the form asked for.
    pub rows: Vec<u8>,
    pub row_count: usize,
    /// Rows this statement changed directly, not its triggers; 0 for a read.
    pub rows_affected: u64,
    /// The rowid that this INSERT made last.
    pub last_insert_id: Option<i64>,
    /// A read that had more rows than the limits allow.
    pub truncated: bool,
    /// The value, where the answer was exactly one row of one column.
    pub first_value: Option<SqlValue>,
}

impl Ran {
    /// The members of a `query` result (PROTOCOL section 3).
    pub fn query_body(&self, commit: u64) -> Body {
        let mut out = Vec::with_capacity(self.rows.len() + 160);
        self.write_members(&mut out);
        out.extend_from_slice(b",\"commit\":");
        out.extend_from_slice(commit.to_string().as_bytes());
        out.push(b'}');
        Body(Bytes::from(out))
    }

    /// One element of a batch's `results`: as [`Ran::query_body`] without `commit`.
    pub fn write_batch_item(&self, out: &mut Vec<u8>) {
        self.write_members(out);
        out.push(b'}');
    }

    fn write_members(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"columns\":[");
        for (index, column) in self.columns.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_text(out, column);
        }
        out.extend_from_slice(b"],\"rows\":");
        out.extend_from_slice(if self.rows.is_empty() { b"[]" } else { &self.rows });
        out.extend_from_slice(b",\"rows_affected\":");
        out.extend_from_slice(self.rows_affected.to_string().as_bytes());
        out.extend_from_slice(b",\"last_insert_id\":");
        match self.last_insert_id {
            Some(id) => write_integer(out, id),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"truncated\":");
        out.extend_from_slice(if self.truncated { b"true" } else { b"false" });
    }
}

struct Bound<'a>(&'a SqlValue);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            SqlValue::Null => ToSqlOutput::Owned(Value::Null),
            SqlValue::Integer(i) => ToSqlOutput::Owned(Value::Integer(*i)),
            SqlValue::Real(r) => ToSqlOutput::Owned(Value::Real(*r)),
            SqlValue::Text(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            SqlValue::Blob(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
            SqlValue::BlobBytes(n) => {
                ToSqlOutput::Owned(Value::Integer(i64::try_from(*n).unwrap_or(i64::MAX)))
            }
        })
    }
}

/// A value of SQLite's as an owned one; invalid UTF-8 is replaced.
pub fn owned(value: ValueRef<'_>) -> SqlValue {
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(i) => SqlValue::Integer(i),
        ValueRef::Real(r) => SqlValue::Real(r),
        ValueRef::Text(t) => SqlValue::Text(String::from_utf8_lossy(t).into_owned()),
        ValueRef::Blob(b) => SqlValue::Blob(b.to_vec()),
    }
}

/// Appends a value of SQLite's as JSON; invalid UTF-8 is replaced.
pub fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Integer(i) => write_integer(out, i),
        ValueRef::Real(r) => write_real(out, r),
        ValueRef::Text(t) => write_text(out, &String::from_utf8_lossy(t)),
        ValueRef::Blob(b) => write_blob(out, b),
    }
}

/// Binds every parameter of the statement, and nothing else: a wrong count, an unknown or a missing name is `invalid_sql`.
pub fn bind(statement: &mut Statement<'_>, params: &Params) -> Result<(), Failure> {
    let wrong = |sentence: &'static str| Err(Failure::Refused(Error::new(Code::InvalidSql, sentence)));
    let count = statement.parameter_count();
    match params {
        Params::Positional(values) => {
            if values.len() != count {
                return wrong("The number of parameters differs from that of the statement.");
            }
            for (index, value) in values.iter().enumerate() {
                statement.raw_bind_parameter(index + 1, Bound(value))?;
            }
        }
        Params::Named(values) => {
            // A cached statement may hold the values of its last use.
            let mut bound = vec![false; count];
            for index in 1..=count {
                let Some(name) = statement.parameter_name(index) else {
                    return wrong("The statement has parameters without a name.");
                };
                let name = name.get(1..).unwrap_or("");
                let Some((_, value)) = values.iter().find(|(given, _)| given == name) else {
                    return wrong("A named parameter of the statement is missing.");
                };
                statement.raw_bind_parameter(index, Bound(value))?;
                bound[index - 1] = true;
            }
            let known = |given: &str| {
                (1..=count).any(|index| {
                    statement
                        .parameter_name(index)
                        .is_some_and(|name| name.get(1..) == Some(given))
                })
            };
            if !values.iter().all(|(given, _)| known(given)) {
                return wrong("The statement has no parameter of this name.");
            }
        }
    }
    Ok(())
}

/// The fewest bytes a value can take in JSON, without writing it.
fn least_json_len(value: ValueRef<'_>) -> usize {
    match value {
        ValueRef::Text(t) => t.len(),
        ValueRef::Blob(b) => b.len() / 3 * 4,
        _ => 1,
    }
}

/// Binds and runs a statement to its end. A read past the limits ends at the last whole row; a write whose RETURNING
/// passes them is `payload_too_large`, and the caller undoes it.
pub fn run(
    conn: &Connection,
    statement: &mut Statement<'_>,
    params: &Params,
    limits: &RunLimits,
    form: RowForm,
) -> Result<Ran, Failure> {
    bind(statement, params)?;
    let writes = !statement.readonly();
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(ToOwned::to_owned)
        .collect();
    let names = member_names(&columns, form);
    if writes {
        forget_last_insert(conn);
    }
    let mut ran = Ran {
        columns,
        ..Ran::default()
    };
    ran.rows.push(b'[');
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let start = ran.rows.len();
        let fits = ran.row_count < limits.max_rows
            && write_row(
                &mut ran.rows,
                row,
                &names,
                ran.row_count > 0,
                limits.max_result_bytes,
            )?;
        if !fits {
            if writes {
                let limit = if ran.row_count < limits.max_rows {
                    "max_result_bytes"
                } else {
                    "max_rows"
                };
                return Err(Failure::Refused(
                    Error::new(
                        Code::PayloadTooLarge,
                        "The write returns more than a result may hold; nothing was kept.",
                    )
                    .with("limit", limit),
                ));
            }
            ran.rows.truncate(start);
            ran.truncated = true;
            break;
        }
        ran.row_count += 1;
        ran.first_value = if ran.row_count == 1 && names.len() == 1 {
            Some(owned(row.get_ref(0)?))
        } else {
            None
        };
    }
    drop(rows);
    ran.rows.push(b']');
    if writes {
        ran.rows_affected = conn.changes();
        ran.last_insert_id = Some(conn.last_insert_rowid()).filter(|id| *id != 0);
    }
    Ok(ran)
}

/// What is written before each value of a row: `"name":` or nothing. Of columns with the same name the last counts,
/// as in JSON.
fn member_names(columns: &[String], form: RowForm) -> Vec<Vec<u8>> {
    columns
        .iter()
        .map(|column| {
            let mut name = Vec::new();
            if form == RowForm::Objects {
                write_text(&mut name, column);
                name.push(b':');
            }
            name
        })
        .collect()
}

/// Appends a row; false where it does not fit.
fn write_row(
    out: &mut Vec<u8>,
    row: &rusqlite::Row<'_>,
    names: &[Vec<u8>],
    comma: bool,
    max_bytes: usize,
) -> rusqlite::Result<bool> {
    let object = names.first().is_some_and(|name| !name.is_empty());
    if comma {
        out.push(b',');
    }
    out.push(if object { b'{' } else { b'[' });
    for (index, name) in names.iter().enumerate() {
        let value = row.get_ref(index)?;
        if out.len() + name.len() + least_json_len(value) + 2 > max_bytes {
            return Ok(false);
        }
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(name);
        write_value(out, value);
    }
    out.push(if object { b'}' } else { b']' });
    Ok(out.len() < max_bytes)
}

/// SQLite keeps the last rowid of the connection, which may be another caller's: only what comes after this is the
/// statement's own.
#[allow(unsafe_code)]
fn forget_last_insert(conn: &Connection) {
    // SAFETY: the handle is open as long as `conn`, which this thread owns; the call only sets a number.
    unsafe { ffi::sqlite3_set_last_insert_rowid(conn.handle(), 0) }
}
