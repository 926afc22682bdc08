//! List and Get.

use bytes::Bytes;
use rusqlite::Connection;

use crate::{
    domain::{
        Column, Role, Schema, TableAction, TableRequest,
        table_request::{Filter, Operator, Order},
    },
    protocol::{
        SqlValue,
        error::{Code, Error, Result},
        result::Body,
        value::Params,
    },
};

use super::{Seen, Sql, key_values, names};
use crate::store::data::{
    guard::shadow::quoted,
    statement::{self, Ran, RowForm, RunLimits},
};

/// Most values of one `in.(…)`.
const MOST_VALUES: usize = 1000;
/// Longest pattern, bytes: `connection::limit`.
const LONGEST_PATTERN: usize = 256;

/// List: an array of objects, at most `max_rows`, and whether there were more. Get: one object, or `not_found`.
pub fn read(
    conn: &Connection,
    schema: &Schema,
    role: &Role,
    user_id: i64,
    request: &TableRequest,
    limits: &RunLimits,
) -> Result<(Body, bool)> {
    let seen = Seen::find(conn, schema, role, user_id, &request.table)?;
    if !role.may_read_table(&seen.table.name) {
        return Err(Error::of(Code::Forbidden));
    }
    match &request.action {
        TableAction::List {
            select,
            filters,
            order,
            limit,
            offset,
        } => {
            let mut sql = seen.select(select.as_deref())?;
            seen.push_filters(&mut sql, filters)?;
            seen.push_order(&mut sql, order)?;
            // One more than is given shows that there are more.
            let most = limits.max_rows as u64 + 1;
            sql.push(" LIMIT ? OFFSET ?");
            for number in [limit.map_or(most, |limit| limit.min(most)), *offset] {
                sql.bind(SqlValue::Integer(i64::try_from(number).unwrap_or(i64::MAX)));
            }
            let ran = seen.objects(sql, limits)?;
            Ok((Body(Bytes::from(ran.rows)), ran.truncated))
        }
        TableAction::Get { key, select } => {
            let mut sql = seen.select(select.as_deref())?;
            seen.push_row(&mut sql, &key_values(key))?;
            let row = seen
                .object(sql, limits)?
                .ok_or_else(|| Error::of(Code::NotFound))?;
            Ok((row, false))
        }
        TableAction::Insert { .. } | TableAction::Update { .. } | TableAction::Delete { .. } => {
            Err(Error::internal("a write was sent to a reader"))
        }
    }
}

impl Seen<'_> {
    /// `SELECT` the columns asked for, or all that the role may read.
    pub(super) fn select(&self, asked: Option<&[String]>) -> Result<Sql> {
        let columns: Vec<&Column> = match asked {
            Some(asked) => asked
                .iter()
                .map(|name| self.readable(name))
                .collect::<Result<_>>()?,
            None => self.readable_columns(),
        };
        if columns.is_empty() {
            return Err(Error::invalid("No column was asked for."));
        }
        Ok(Sql::new(format!(
            "SELECT {} FROM {}",
            names(&columns),
            self.name()
        )))
    }

    fn objects(&self, sql: Sql, limits: &RunLimits) -> Result<Ran> {
        let run = || {
            let mut statement = self.conn.prepare_cached(&sql.text)?;
            statement::run(
                self.conn,
                &mut statement,
                &Params::Positional(sql.values),
                limits,
                RowForm::Objects,
            )
        };
        let ran = run().map_err(|failure| self.error(failure))?;
        // A plain array has no place to say that it was cut short.
        if ran.truncated && ran.row_count < limits.max_rows {
            return Err(
                Error::new(Code::PayloadTooLarge, "The rows are more than a result may hold.")
                    .with("limit", "max_result_bytes"),
            );
        }
        Ok(ran)
    }

    /// The first row as one JSON object.
    pub(super) fn object(&self, sql: Sql, limits: &RunLimits) -> Result<Option<Body>> {
        let mut ran = self.objects(sql, limits)?;
        if ran.row_count == 0 {
            return Ok(None);
        }
        // `[{…}]`
        ran.rows.pop();
        Ok(Some(Body(Bytes::from(ran.rows).slice(1..))))
    }

    fn push_filters(&self, sql: &mut Sql, filters: &[Filter]) -> Result<()> {
        let mut before = " WHERE ";
        for filter in filters {
            let column = self.readable(&filter.column)?;
            sql.push(before);
            push_filter(sql, column, filter)?;
            before = " AND ";
        }
        self.push_owner(sql, before)
    }

    /// The order asked for, then the key: pages of equal rows neither overlap nor miss any.
    fn push_order(&self, sql: &mut Sql, order: &[Order]) -> Result<()> {
        let mut terms = Vec::new();
        for term in order {
            let column = self.readable(&term.column)?;
            terms.push(format!(
                "{}{}",
                quoted(&column.name),
                if term.descending { " DESC" } else { "" }
            ));
        }
        terms.extend(self.key().unwrap_or_else(|| {
            self.readable_columns()
                .iter()
                .map(|column| quoted(&column.name))
                .collect()
        }));
        sql.push(" ORDER BY ");
        sql.push(&terms.join(", "));
        Ok(())
    }
}

fn push_filter(sql: &mut Sql, column: &Column, filter: &Filter) -> Result<()> {
    let name = quoted(&column.name);
    let one = || {
        filter
            .values
            .first()
            .filter(|_| filter.values.len() == 1)
            .ok_or_else(|| Error::invalid("A filter needs one value."))
    };
    let compare = match filter.operator {
        Operator::Eq => "=",
        Operator::Neq => "<>",
        Operator::Gt => ">",
        Operator::Gte => ">=",
        Operator::Lt => "<",
        Operator::Lte => "<=",
        Operator::Like => {
            sql.push(&format!("{name} GLOB ?"));
            sql.bind(SqlValue::Text(pattern(one()?, glob)?));
            return Ok(());
        }
        Operator::Ilike => {
            sql.push(&format!("{name} LIKE ?"));
            sql.bind(SqlValue::Text(pattern(one()?, |text| text.replace('*', "%"))?));
            return Ok(());
        }
        Operator::IsNull => {
            sql.push(&format!("{name} IS NULL"));
            return Ok(());
        }
        Operator::IsNotNull => {
            sql.push(&format!("{name} IS NOT NULL"));
            return Ok(());
        }
        Operator::In => {
            if filter.values.len() > MOST_VALUES {
                return Err(Error::invalid("A filter has too many values."));
            }
            let marks = vec!["?"; filter.values.len()].join(", ");
            sql.push(&format!("{name} IN ({marks})"));
            sql.values
                .extend(filter.values.iter().map(|value| compared(column, value)));
            return Ok(());
        }
    };
    sql.push(&format!("{name} {compare} ?"));
    sql.bind(compared(column, one()?));
    Ok(())
}

fn pattern(text: &str, translate: impl Fn(&str) -> String) -> Result<String> {
    let pattern = translate(text);
    if pattern.len() > LONGEST_PATTERN {
        return Err(Error::invalid("A pattern is too long."));
    }
    Ok(pattern)
}

/// SQLite's LIKE folds ASCII case; GLOB does not.
fn glob(like: &str) -> String {
    like.chars().fold(String::new(), |mut glob, c| {
        match c {
            '*' | '%' => glob.push('*'),
            '_' => glob.push('?'),
            '?' => glob.push_str("[?]"),
            '[' => glob.push_str("[[]"),
            c => glob.push(c),
        }
        glob
    })
}

/// SQLite gives a bound text the affinity of the column beside it. A column without affinity has none to give: a text
/// that is a number is compared as one. SQLite has no truth values; `true` is the 1 that a JSON `true` is stored as.
fn compared(column: &Column, text: &str) -> SqlValue {
    if column.declared_type.to_ascii_uppercase().starts_with("BOOL") {
        match text {
            "true" => return SqlValue::Integer(1),
            "false" => return SqlValue::Integer(0),
            _ => {}
        }
    }
    let has_affinity =
        !column.declared_type.is_empty() && !column.declared_type.to_ascii_uppercase().contains("BLOB");
    if !has_affinity {
        if let Ok(integer) = text.parse() {
            return SqlValue::Integer(integer);
        }
        if let Ok(real) = text.parse::<f64>()
            && real.is_finite()
        {
            return SqlValue::Real(real);
        }
    }
    SqlValue::Text(text.to_owned())
}
