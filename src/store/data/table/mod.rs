//! Requests on one table (PROTOCOL section 4, `/api/tables`), as generated SQL over what the role may see. Names come
//! from the schema, values are bound; so the statements are the hub's own and need no guard.

mod read;
mod write;

pub use read::read;
pub use write::{Written, write};

use rusqlite::Connection;

use crate::{
    domain::{Column, Key, Role, Schema, Table, TableKind},
    protocol::{
        SqlValue,
        error::{Code, Error, Result},
        value::Params,
    },
};

use super::{
    error::for_role,
    guard::shadow::quoted,
    statement::{self, Failure},
};

/// A table as one user of a role sees it.
struct Seen<'a> {
    conn: &'a Connection,
    schema: &'a Schema,
    role: &'a Role,
    user_id: i64,
    table: &'a Table,
}

/// A piece of SQL and the values of its `?`, in order.
#[derive(Default)]
struct Sql {
    text: String,
    values: Vec<SqlValue>,
}

impl Sql {
    fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn bind(&mut self, value: SqlValue) {
        self.values.push(value);
    }
}

impl<'a> Seen<'a> {
    /// `not_found` where there is no such table, `forbidden` where the role has no right on it.
    fn find(
        conn: &'a Connection,
        schema: &'a Schema,
        role: &'a Role,
        user_id: i64,
        name: &str,
    ) -> Result<Self> {
        let table = schema.table(name).ok_or_else(|| Error::of(Code::NotFound))?;
        if !role.admin && role.rights(&table.name).is_none() {
            return Err(Error::of(Code::Forbidden));
        }
        Ok(Self {
            conn,
            schema,
            role,
            user_id,
            table,
        })
    }

    fn name(&self) -> String {
        format!("main.{}", quoted(&self.table.name))
    }

    /// A column that the caller named: unknown is `invalid_request`, not readable is `forbidden`.
    fn readable(&self, name: &str) -> Result<&'a Column> {
        let column = self.column(name)?;
        if self.role.may_select(&self.table.name, &column.name) {
            Ok(column)
        } else {
            Err(Error::of(Code::Forbidden))
        }
    }

    fn column(&self, name: &str) -> Result<&'a Column> {
        self.table
            .column(name)
            .map(|(_, column)| column)
            .ok_or_else(|| Error::invalid("The table has no column of this name."))
    }

    fn readable_columns(&self) -> Vec<&'a Column> {
        self.table
            .columns
            .iter()
            .filter(|column| self.role.may_select(&self.table.name, &column.name))
            .collect()
    }

    /// The names that identify a row, as SQL. A view has none.
    fn key(&self) -> Option<Vec<String>> {
        match (&self.table.key, self.table.kind) {
            (_, TableKind::View) => None,
            (Key::Columns(key), _) => Some(
                key.iter()
                    .map(|index| quoted(&self.table.columns[*index].name))
                    .collect(),
            ),
            (Key::Rowid, _) if self.table.without_rowid => None,
            (Key::Rowid, _) => Some(vec!["rowid".to_owned()]),
        }
    }

    /// Appends `WHERE` the row of this key, of this user where rows have owners.
    fn push_row(&self, sql: &mut Sql, key: &[SqlValue]) -> Result<()> {
        let names = self.key().ok_or_else(|| Error::of(Code::NotFound))?;
        if names.len() != key.len() {
            return Err(Error::invalid(
                "The key of this table has another number of columns.",
            ));
        }
        for (index, (name, value)) in names.iter().zip(key).enumerate() {
            sql.push(if index == 0 { " WHERE " } else { " AND " });
            sql.push(name);
            sql.push(" = ?");
            sql.bind(value.clone());
        }
        self.push_owner(sql, " AND ")
    }

    /// Appends the condition that keeps a user to his own rows, if rows have owners.
    fn push_owner(&self, sql: &mut Sql, before: &str) -> Result<()> {
        if let Some(owner) = self.owner()? {
            sql.push(before);
            sql.push(&quoted(&owner.name));
            sql.push(" = ?");
            sql.bind(SqlValue::Integer(self.user_id));
        }
        Ok(())
    }

    /// The column that holds the owner. A pack that names none of the table's would open every row: refuse.
    fn owner(&self) -> Result<Option<&'a Column>> {
        match self.role.owner_column(&self.table.name) {
            None => Ok(None),
            Some(name) => match self.table.column(name) {
                Some((_, column)) => Ok(Some(column)),
                None => Err(Error::of(Code::Forbidden).caused_by("the owner column is not in the table")),
            },
        }
    }

    /// The values of the first row.
    fn first_row(&self, sql: &Sql) -> Result<Option<Vec<SqlValue>>> {
        let run = || -> std::result::Result<Option<Vec<SqlValue>>, Failure> {
            let mut statement = self.conn.prepare_cached(&sql.text)?;
            statement::bind(&mut statement, &Params::Positional(sql.values.clone()))?;
            let columns = statement.column_count();
            let mut rows = statement.raw_query();
            let first = match rows.next()? {
                None => None,
                Some(row) => Some(
                    (0..columns)
                        .map(|index| row.get_ref(index).map(statement::owned))
                        .collect::<rusqlite::Result<Vec<_>>>()?,
                ),
            };
            // To its end: a write is not done before.
            while rows.next()?.is_some() {}
            Ok(first)
        };
        run().map_err(|failure| self.error(failure))
    }

    fn error(&self, failure: Failure) -> Error {
        match failure {
            Failure::Refused(error) => error,
            Failure::Sqlite(error) => {
                let error = for_role(error, "", self.schema, self.role);
                match error.code {
                    // The SQL is ours: the caller sent names and values only.
                    Code::InvalidSql => Error {
                        code: Code::InvalidRequest,
                        message: Code::InvalidRequest.title().into(),
                        ..error
                    },
                    _ => error,
                }
            }
        }
    }
}

fn names(columns: &[&Column]) -> String {
    columns
        .iter()
        .map(|column| quoted(&column.name))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Key values of a path.
fn key_values(key: &[String]) -> Vec<SqlValue> {
    key.iter().cloned().map(SqlValue::Text).collect()
}
