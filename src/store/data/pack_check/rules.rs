//! Notification rules against the schema: each expression prepares over `new` and `old`.

use rusqlite::Connection;

use crate::{
    domain::{Op, Schema, Table, text::Text},
    pack::{Pack, Problems, Recipient, Rule},
};

use super::scratch::locate;

pub fn check(conn: &Connection, schema: &Schema, pack: &Pack, problems: &mut Problems) {
    for rule in &pack.rules {
        let mut fault = |reason: String| problems.add(&rule.file, rule.line, reason);
        let Some(table) = schema.table(&rule.table) else {
            fault(format!("there is no table `{}`", rule.table));
            continue;
        };
        for column in &rule.columns {
            if table.column(column).is_none() {
                fault(format!("`{}` has no column `{column}`", table.name));
            }
        }
        let to = match &rule.to {
            Recipient::User(sql) => Some(("to_user", sql)),
            Recipient::Room(sql) => Some(("to_room", sql)),
            Recipient::Role(_) => None,
        };
        let expressions = [
            rule.when.as_ref().map(|sql| ("when", sql)),
            to,
            rule.data.as_ref().map(|sql| ("data", sql)),
            rule.dedup_key.as_ref().map(|sql| ("dedup_key", sql)),
        ];
        for (key, sql) in expressions.into_iter().flatten() {
            if let Err(reason) = prepare(conn, table, rule.on, sql) {
                fault(format!("`{key}`: {reason}"));
            }
        }
        for reason in placeholders(rule, table) {
            fault(reason);
        }
    }
}

fn prepare(conn: &Connection, table: &Table, on: Op, sql: &str) -> Result<(), String> {
    let name = table.name.replace('"', "\"\"");
    let rows: Vec<String> = sides(on)
        .iter()
        .map(|side| format!("(SELECT * FROM \"{name}\") AS {side}"))
        .collect();
    let statement = format!("SELECT ({sql}) FROM {}", rows.join(", "));
    match conn.prepare(&statement) {
        Ok(prepared) if !prepared.readonly() => Err("is not an expression".into()),
        Ok(_) => Ok(()),
        Err(cause) => Err(locate(0, "", &cause).1),
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
