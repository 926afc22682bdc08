//! Insert, Update, Delete.

use bytes::Bytes;
use rusqlite::Connection;

use crate::{
    domain::{Role, Schema, TableAction, TableRequest},
    protocol::{
        SqlValue,
        error::{Code, Error, Result},
        result::Body,
    },
};

use super::{Seen, Sql, key_values};
use crate::store::data::{guard::shadow::quoted, statement::RunLimits};

/// What a write of `/api/tables` did.
#[derive(Debug, Clone)]
pub struct Written {
    /// The row as the role may read it (Insert, Update), or `null` (Delete).
    pub body: Body,
    pub rows_affected: u64,
    /// What was run, without values: for the audit.
    pub sql: String,
}

/// Insert, Update or Delete, on the writer's connection, under the hub's authority and inside a savepoint: the caller
/// undoes an error. A row of another owner is `not_found`; giving a row to another owner is `forbidden`.
pub fn write(
    conn: &Connection,
    schema: &Schema,
    role: &Role,
    user_id: i64,
    request: &TableRequest,
    limits: &RunLimits,
) -> Result<Written> {
    let seen = Seen::find(conn, schema, role, user_id, &request.table)?;
    match &request.action {
        TableAction::Insert { values } => seen.insert(values, limits),
        TableAction::Update { key, values } => seen.update(key, values, limits),
        TableAction::Delete { key } => seen.delete(key),
        TableAction::List { .. } | TableAction::Get { .. } => {
            Err(Error::internal("a read was sent to the writer"))
        }
    }
}

impl Seen<'_> {
    fn insert(&self, values: &[(String, SqlValue)], limits: &RunLimits) -> Result<Written> {
        let table = &self.table.name;
        if !self.role.admin && self.role.rights(table).is_none_or(|r| r.insert.is_none()) {
            return Err(Error::of(Code::Forbidden));
        }
        let mut names = Vec::new();
        let mut sql = Sql::default();
        for (name, value) in values {
            names.push(self.writable(name, value, |column| self.role.may_insert(table, column))?);
            sql.bind(value.clone());
        }
        // Rows of one's own: the owner goes without saying.
        if let Some(owner) = self.owner()?
            && !names.contains(&owner.name)
        {
            names.push(owner.name.clone());
            sql.bind(SqlValue::Integer(self.user_id));
        }
        let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        sql.text = if columns.is_empty() {
            format!("INSERT INTO {} DEFAULT VALUES", self.name())
        } else {
            format!(
                "INSERT INTO {}({}) VALUES ({})",
                self.name(),
                columns.join(", "),
                vec!["?"; columns.len()].join(", ")
            )
        };
        let key = self.returning(&mut sql)?;
        self.written(key, sql, limits)
    }

    fn update(&self, key: &[String], values: &[(String, SqlValue)], limits: &RunLimits) -> Result<Written> {
        let table = &self.table.name;
        if !self.role.admin && self.role.rights(table).is_none_or(|r| r.update.is_none()) {
            return Err(Error::of(Code::Forbidden));
        }
        if values.is_empty() {
            return Err(Error::invalid("There is nothing to update."));
        }
        let mut sql = Sql::new(format!("UPDATE {} SET ", self.name()));
        for (index, (name, value)) in values.iter().enumerate() {
            let column = self.writable(name, value, |column| self.role.may_update(table, column))?;
            if index > 0 {
                sql.push(", ");
            }
            sql.push(&quoted(&column));
            sql.push(" = ?");
            sql.bind(value.clone());
        }
        self.push_row(&mut sql, &key_values(key))?;
        let Some(key) = self.returning(&mut sql)? else {
            return Err(Error::of(Code::NotFound));
        };
        self.written(Some(key), sql, limits)
    }

    fn delete(&self, key: &[String]) -> Result<Written> {
        if !self.role.may_delete(&self.table.name) {
            return Err(Error::of(Code::Forbidden));
        }
        let mut sql = Sql::new(format!("DELETE FROM {}", self.name()));
        self.push_row(&mut sql, &key_values(key))?;
        if self.returning(&mut sql)?.is_none() {
            return Err(Error::of(Code::NotFound));
        }
        Ok(Written {
            body: Body(Bytes::from_static(b"null")),
            rows_affected: 1,
            sql: sql.text,
        })
    }

    /// The column's name as the schema spells it, where the role may write it and the value does not give the row away.
    fn writable(&self, name: &str, value: &SqlValue, allowed: impl Fn(&str) -> bool) -> Result<String> {
        let column = self.column(name)?;
        if self.owner()?.is_some_and(|owner| owner.name == column.name) {
            if *value != SqlValue::Integer(self.user_id) {
                return Err(Error::forbidden("A row cannot be given to somebody else."));
            }
        } else if !allowed(&column.name) {
            return Err(Error::of(Code::Forbidden));
        }
        if column.generated {
            return Err(Error::invalid("This column is computed and cannot be written."));
        }
        Ok(column.name.clone())
    }

    /// Runs the write; answers the key of the row it touched.
    fn returning(&self, sql: &mut Sql) -> Result<Option<Vec<SqlValue>>> {
        let key = self.key();
        sql.push(" RETURNING ");
        // Of a view's row nothing identifies it.
        sql.push(&key.map_or_else(|| "1".to_owned(), |key| key.join(", ")));
        self.first_row(sql)
    }

    /// Reads the row again, as triggers left it, and holds it against the owner.
    fn written(&self, key: Option<Vec<SqlValue>>, sql: Sql, limits: &RunLimits) -> Result<Written> {
        let mut body = Body::empty();
        if let (Some(key), true) = (&key, self.key().is_some()) {
            if self.owner()?.is_some() {
                let mut own = Sql::new(format!("SELECT 1 FROM {}", self.name()));
                self.push_row(&mut own, key)?;
                if self.first_row(&own)?.is_none() {
                    return Err(Error::forbidden("A row cannot be given to somebody else."));
                }
            }
            if self.role.may_read_table(&self.table.name) {
                let mut row = self.select(None)?;
                self.push_row(&mut row, key)?;
                body = self.object(row, limits)?.unwrap_or_else(Body::empty);
            }
        }
        Ok(Written {
            body,
            rows_affected: 1,
            sql: sql.text,
        })
    }
}
