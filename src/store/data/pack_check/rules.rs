//! Notification rules against the schema: each expression prepares over `new` and `old` as the writer will ask it, and
//! none of them fails on the rows of the seed.

use rusqlite::Connection;

use crate::{
    domain::{Op, Schema, Table, TableKind, text::Text},
    pack::{Pack, PackError, Problems, Recipient, Rule},
    protocol::error::Code,
};

use super::scratch::{self, lift, locate};
use crate::store::data::{
    guard::{Authority, Guard},
    rules as engine, schema,
};

/// Rows of the seed that a rule is tried on.
const TRIED: usize = 50;

pub fn check(conn: &Connection, schema: &std::sync::Arc<Schema>, pack: &Pack, problems: &mut Problems) {
    if pack.rules.is_empty() {
        return;
    }
    let guard = match Guard::install(conn, schema.clone()) {
        Ok(guard) => guard,
        Err(cause) => {
            return problems.add(
                "notifications.toml",
                0,
                format!("the check itself failed: {cause}"),
            );
        }
    };
    for rule in &pack.rules {
        for reason in faults(conn, &guard, schema, rule) {
            problems.add(&rule.file, rule.line, reason);
        }
    }
    if let Err(error) = lift(conn) {
        problems.add("notifications.toml", 0, error.to_string());
    }
}

fn faults(conn: &Connection, guard: &Guard, schema: &Schema, rule: &Rule) -> Vec<String> {
    let Some(table) = schema.table(&rule.table) else {
        return vec![format!("there is no table `{}`", rule.table)];
    };
    if table.kind != TableKind::Table {
        return vec![format!(
            "`{}` is no ordinary table: its changes are not seen",
            table.name
        )];
    }
    let mut faults = Vec::new();
    if rule.event.trim().is_empty() {
        faults.push("`event` is empty".to_owned());
    }
    for column in &rule.columns {
        if table.column(column).is_none() {
            faults.push(format!("`{}` has no column `{column}`", table.name));
        }
    }
    let to = match &rule.to {
        Recipient::User(sql) => Some(("to_user", sql)),
        Recipient::Room(sql) => Some(("to_room", sql)),
        Recipient::Role(_) | Recipient::Everyone => None,
    };
    let expressions = [
        rule.when.as_ref().map(|sql| ("when", sql)),
        to,
        rule.data.as_ref().map(|sql| ("data", sql)),
        rule.dedup_key.as_ref().map(|sql| ("dedup_key", sql)),
    ];
    for (key, sql) in expressions.into_iter().flatten() {
        if let Err(reason) = expression(conn, guard, table, rule.on, sql) {
            faults.push(format!("`{key}`: {reason}"));
        }
    }
    faults.extend(placeholders(rule, table));
    faults
}

fn expression(conn: &Connection, guard: &Guard, table: &Table, on: Op, sql: &str) -> Result<(), String> {
    let name = table.name.replace('"', "\"\"");
    let rows: Vec<String> = sides(on)
        .iter()
        .map(|side| format!("(SELECT * FROM \"{name}\") AS {side}"))
        .collect();
    // A line of its own: the expression may end with a comment.
    let statement = format!("SELECT (\n{sql}\n) FROM {} WHERE 0", rows.join(", "));
    let said = |cause: &rusqlite::Error| locate(0, "", cause).1;
    let mut prepared = conn.prepare(&statement).map_err(|cause| said(&cause))?;
    if !prepared.readonly() || prepared.column_count() != 1 {
        return Err("is not an expression".into());
    }
    if prepared.parameter_count() > 0 {
        return Err("has a parameter: a rule has `new.` and `old.` only".into());
    }
    if prepared.exists([]).map_err(|cause| said(&cause))? {
        return Err("counts over rows: put that into a `(SELECT …)` of its own".into());
    }
    match guard.prepare(conn, &Authority::Pack, &statement, None) {
        Err(error) if error.code == Code::Forbidden => Err("reads or does what a pack may not".into()),
        Err(error) => Err(error.cause.unwrap_or_else(|| error.message.to_string())),
        Ok(_) => Ok(()),
    }
}

const fn sides(on: Op) -> &'static [&'static str] {
    match on {
        Op::Insert => &["new"],
        Op::Update => &["new", "old"],
        Op::Delete => &["old"],
    }
}

/// Faults of `{new.column}` and `{old.column}` in title and body.
fn placeholders(rule: &Rule, table: &Table) -> Vec<String> {
    let texts = |text: &Text| [text.fr.clone(), text.en.clone(), text.ar.clone()];
    let mut reasons = Vec::new();
    for text in texts(&rule.title).into_iter().chain(texts(&rule.body)).flatten() {
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            let Some((inner, tail)) = after.split_once('}') else {
                reasons.push("a `{` in a text is not closed".to_owned());
                break;
            };
            let is_known = inner.split_once('.').is_some_and(|(side, column)| {
                sides(rule.on).contains(&side) && table.column(column).is_some()
            });
            if !is_known {
                reasons.push(format!("`{{{inner}}}` names no column of `{}`", table.name));
            }
            rest = tail;
        }
    }
    reasons
}

/// Tries every rule on rows of the seed, as if each had just changed.
pub fn try_all(conn: &Connection, pack: &Pack) -> Result<(), PackError> {
    if pack.rules.is_empty() {
        return Ok(());
    }
    let schema = schema::read(conn).map_err(scratch::unexpected)?;
    let guard = Guard::install(conn, schema.clone()).map_err(scratch::unexpected)?;
    let mut problems = Problems::default();
    for rule in &pack.rules {
        if let Some(table) = schema.table(&rule.table)
            && let Err(reason) = engine::try_on_rows(conn, &guard, rule, table, TRIED)
        {
            let reason = format!("fails on a row of the seed: {reason}");
            problems.add(&rule.file, rule.line, reason);
        }
    }
    lift(conn)?;
    problems.into_result()
}
