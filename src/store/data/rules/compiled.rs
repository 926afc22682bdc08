//! A rule made ready for the rows of one shape.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::{
    Connection, ToSql,
    types::{ToSqlOutput, Value, ValueRef},
};
use serde::de::IgnoredAny;

use super::{Side, index_of, template::Template};
use crate::{
    domain::{Change, Key, Shape},
    pack::{Recipient, Rule},
    protocol::{SqlValue, error::Code},
    store::data::{
        capture::quote,
        guard::{Authority, Guard},
        statement,
    },
};

/// `data` is at most so many bytes, and so is a key.
const MAX_DATA_BYTES: usize = 64 << 10;
const MAX_KEY_BYTES: usize = 4 << 10;
/// A blob is not captured: rules see zeros in its place, at most so many.
const MOST_ZEROS: usize = 1 << 20;

#[derive(Debug)]
pub struct Compiled {
    pub rule: Arc<Rule>,
    /// Only when one of these changed; empty: any.
    columns: Vec<usize>,
    question: Option<Question>,
    title: Template,
    body: Template,
    suspended: Option<Instant>,
}

/// The SQL of a rule, all of it in one statement.
#[derive(Debug)]
struct Question {
    sql: String,
    /// What is bound, in the order of the parameters.
    binds: Vec<(Side, usize)>,
}

/// To whom, as the rule's SQL says it.
#[derive(Debug, PartialEq, Eq)]
pub enum To {
    User(i64),
    Role(String),
    Room(i64),
    Everyone,
}

/// A rule fired. Texts are JSON.
#[derive(Debug)]
pub struct Firing {
    pub to: To,
    pub title: String,
    pub body: String,
    pub data: Option<String>,
    pub dedup_key: Option<String>,
}

/// What the SQL of a rule said.
#[derive(Debug, Default)]
struct Said {
    to: SqlValueOrNothing,
    data: SqlValueOrNothing,
    dedup_key: SqlValueOrNothing,
}

/// `None`: not asked.
type SqlValueOrNothing = Option<SqlValue>;

impl Compiled {
    /// An error says why the rule does not fit the shape.
    pub fn new(rule: Arc<Rule>, shape: &Shape) -> Result<Self, String> {
        let columns = rule
            .columns
            .iter()
            .map(|column| index_of(shape, column).ok_or_else(|| format!("there is no column `{column}`")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            columns,
            question: Question::new(&rule, shape),
            title: Template::new(&rule.title, shape)?,
            body: Template::new(&rule.body, shape)?,
            suspended: None,
            rule,
        })
    }

    /// Leaves the rule out for a while.
    pub fn suspend(&mut self, time: Duration) {
        self.suspended = Some(Instant::now() + time);
    }

    /// Whether the change is of the kind that the rule watches; its SQL is not asked yet.
    pub fn concerns(&self, change: &Change) -> bool {
        change.op == self.rule.on
            && self.is_touched(change)
            && self.suspended.is_none_or(|until| Instant::now() >= until)
    }

    /// An update that left everything as it was is none.
    fn is_touched(&self, change: &Change) -> bool {
        let (Some(old), Some(new)) = (&change.old, &change.new) else {
            return true;
        };
        if self.columns.is_empty() {
            old != new
        } else {
            self.columns.iter().any(|at| old.get(*at) != new.get(*at))
        }
    }

    /// Asks the rule's SQL about a change. `None`: it has nothing to say to anybody.
    pub fn evaluate(
        &self,
        conn: &Connection,
        guard: &Guard,
        change: &Change,
    ) -> Result<Option<Firing>, String> {
        let said = match &self.question {
            Some(question) => match question.ask(conn, guard, change)? {
                Some(said) => said,
                None => return Ok(None),
            },
            None => Said::default(),
        };
        let to = match (&self.rule.to, said.to) {
            (Recipient::Role(role), _) => Some(To::Role(role.clone())),
            (Recipient::Everyone, _) => Some(To::Everyone),
            (Recipient::User(_), value) => user(value)?,
            (Recipient::Room(_), value) => room(value)?,
        };
        let Some(to) = to else { return Ok(None) };
        Ok(Some(Firing {
            to,
            title: json(&self.title.fill(change))?,
            body: json(&self.body.fill(change))?,
            data: data(said.data)?,
            dedup_key: self.dedup_key(said.dedup_key.filter(|_| self.rule.dedup_key.is_some()), change)?,
        }))
    }

    /// Without SQL of its own: event, table, key and columns.
    fn dedup_key(&self, said: SqlValueOrNothing, change: &Change) -> Result<Option<String>, String> {
        let key = match said {
            Some(SqlValue::Text(key)) => key,
            Some(SqlValue::Integer(key)) => key.to_string(),
            Some(SqlValue::Null) => return Ok(None),
            Some(_) => return Err("`dedup_key` gives neither text nor a number".into()),
            None => format!(
                "{}:{}:{}:{}",
                self.rule.event,
                change.shape.table,
                row_key(change)?,
                self.rule.columns.join(",")
            ),
        };
        if key.len() > MAX_KEY_BYTES {
            return Err(format!("`dedup_key` is longer than {MAX_KEY_BYTES} bytes"));
        }
        Ok(Some(key))
    }
}

fn user(said: SqlValueOrNothing) -> Result<Option<To>, String> {
    match said {
        None | Some(SqlValue::Null) => Ok(None),
        Some(SqlValue::Integer(id)) => Ok(Some(To::User(id))),
        Some(SqlValue::Text(text)) if text.trim().parse::<i64>().is_ok() => {
            Ok(text.trim().parse().ok().map(To::User))
        }
        Some(_) => Err("`to_user` gives no user id".into()),
    }
}

fn room(said: SqlValueOrNothing) -> Result<Option<To>, String> {
    match said {
        None | Some(SqlValue::Null) => Ok(None),
        Some(SqlValue::Integer(id)) => Ok(Some(To::Room(id))),
        Some(SqlValue::Text(text)) => match Recipient::named_room(&text) {
            Some(Recipient::Role(role)) => Ok(Some(To::Role(role))),
            Some(_) => Ok(Some(To::Everyone)),
            None => match text.trim().parse() {
                Ok(id) => Ok(Some(To::Room(id))),
                Err(_) => Err("`to_room` gives no room".into()),
            },
        },
        Some(_) => Err("`to_room` gives no room".into()),
    }
}

fn data(said: SqlValueOrNothing) -> Result<Option<String>, String> {
    match said {
        None | Some(SqlValue::Null) => Ok(None),
        Some(SqlValue::Text(text)) if text.len() > MAX_DATA_BYTES => {
            Err(format!("`data` is longer than {MAX_DATA_BYTES} bytes"))
        }
        Some(SqlValue::Text(text)) if serde_json::from_str::<IgnoredAny>(&text).is_ok() => Ok(Some(text)),
        Some(_) => Err("`data` gives no JSON".into()),
    }
}

fn json(value: &impl serde::Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|cause| cause.to_string())
}

fn row_key(change: &Change) -> Result<String, String> {
    let row = change.new.as_ref().or(change.old.as_ref());
    match (&change.shape.key, row) {
        (Key::Columns(indexes), Some(row)) => {
            let values: Vec<&SqlValue> = indexes.iter().filter_map(|at| row.get(*at)).collect();
            json(&values)
        }
        _ => Ok(change.rowid.to_string()),
    }
}

impl Question {
    /// `None` where the rule has no SQL at all.
    fn new(rule: &Rule, shape: &Shape) -> Option<Self> {
        let to = match &rule.to {
            Recipient::User(sql) | Recipient::Room(sql) => Some(sql),
            Recipient::Role(_) | Recipient::Everyone => None,
        };
        let when = rule.when.as_ref();
        let asked = [to, rule.data.as_ref(), rule.dedup_key.as_ref()];
        let all: Vec<&str> = asked
            .iter()
            .copied()
            .chain([when])
            .flatten()
            .map(String::as_str)
            .collect();
        if all.is_empty() {
            return None;
        }
        let words = all.join(" ").to_lowercase();
        let mut binds = Vec::new();
        let sources: Vec<String> = Side::of_op(rule.on)
            .iter()
            .map(|side| source(*side, shape, &words, &mut binds))
            .collect();
        // A line of its own for each: an expression may end with a comment.
        let values: Vec<String> = asked
            .iter()
            .map(|sql| sql.map_or_else(|| "NULL".to_owned(), |sql| format!("(\n{sql}\n)")))
            .collect();
        let condition = when.map_or_else(|| "1".to_owned(), |sql| format!("(\n{sql}\n)"));
        let sql = format!(
            "SELECT {} FROM {} WHERE {condition}",
            values.join(", "),
            sources.join(", ")
        );
        Some(Self { sql, binds })
    }

    fn ask(&self, conn: &Connection, guard: &Guard, change: &Change) -> Result<Option<Said>, String> {
        let mut prepared =
            guard
                .prepare(conn, &Authority::Pack, &self.sql, None)
                .map_err(|error| match error.code {
                    Code::Forbidden => "it reads what a pack may not".to_owned(),
                    _ => error.cause.unwrap_or_else(|| error.message.to_string()),
                })?;
        for (at, (side, index)) in self.binds.iter().enumerate() {
            let value = side.of(change).and_then(|row| row.get(*index));
            prepared
                .raw_bind_parameter(at + 1, Captured(value))
                .map_err(|cause| cause.to_string())?;
        }
        let mut rows = prepared.raw_query();
        let failed = |cause: rusqlite::Error| cause.to_string();
        let Some(row) = rows.next().map_err(failed)? else {
            return Ok(None);
        };
        let value = |at: usize| row.get_ref(at).map(statement::owned).map_err(failed);
        Ok(Some(Said {
            to: Some(value(0)?),
            data: Some(value(1)?),
            dedup_key: Some(value(2)?),
        }))
    }
}

/// `(SELECT …) AS new`: the values of the captured row, with the collations of the table. Only the columns that the
/// rule's words name, because each takes time.
fn source(side: Side, shape: &Shape, words: &str, binds: &mut Vec<(Side, usize)>) -> String {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (index, column) in shape.columns.iter().enumerate() {
        // A name with a quote in it is spelled otherwise in SQL.
        if words.contains(&column.to_lowercase()) || column.contains('"') {
            binds.push((side, index));
            names.push(quote(column));
            values.push(format!("?{}", binds.len()));
        }
    }
    if names.is_empty() {
        return format!("(SELECT 0) AS {}", side.name());
    }
    format!(
        "(SELECT {} FROM {} WHERE 0 UNION ALL SELECT {}) AS {}",
        names.join(", "),
        quote(&shape.table),
        values.join(", "),
        side.name()
    )
}

/// A captured value as a rule sees it.
struct Captured<'a>(Option<&'a SqlValue>);

impl ToSql for Captured<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self.0 {
            None | Some(SqlValue::Null) => ToSqlOutput::Owned(Value::Null),
            Some(SqlValue::Integer(i)) => ToSqlOutput::Owned(Value::Integer(*i)),
            Some(SqlValue::Real(r)) => ToSqlOutput::Owned(Value::Real(*r)),
            Some(SqlValue::Text(s)) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            Some(SqlValue::Blob(b)) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
            Some(SqlValue::BlobBytes(n)) => ToSqlOutput::Owned(Value::Blob(vec![
                0;
                usize::try_from(*n)
                    .unwrap_or(MOST_ZEROS)
                    .min(MOST_ZEROS)
            ])),
        })
    }
}
