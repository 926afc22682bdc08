//! What a typed line means.

use serde_json::{Value, json};
use uuid::Uuid;

#[derive(Debug, PartialEq)]
pub enum Command {
    Nothing,
    Help,
    Tables,
    Quit,
    /// A request frame, whole but for its id.
    Send(Value),
    Wrong(String),
}

const SQL: &[&str] = &[
    "select", "insert", "update", "delete", "replace", "with", "values", "explain", "pragma", "create",
    "drop",
];

pub fn parse(line: &str) -> Command {
    let line = line.trim();
    let (word, rest) = line.split_once(|c: char| c.is_whitespace()).unwrap_or((line, ""));
    match word {
        "" => Command::Nothing,
        ".help" | ".h" => Command::Help,
        ".tables" => Command::Tables,
        ".quit" | ".q" | ".exit" => Command::Quit,
        ".call" => {
            let (name, args) = rest
                .trim()
                .split_once(|c: char| c.is_whitespace())
                .unwrap_or((rest.trim(), ""));
            call(name, args)
        }
        _ if word.starts_with('.') => Command::Wrong(format!("{word}? (.help)")),
        _ if SQL.contains(&word.to_lowercase().as_str()) => query(line),
        _ => {
            // `sell{"id":1}` is a call too.
            let at = line
                .find(|c: char| c.is_whitespace() || c == '{' || c == '[')
                .unwrap_or(line.len());
            call(&line[..at], &line[at..])
        }
    }
}

fn query(sql: &str) -> Command {
    let mut frame = json!({"type": "query", "query": sql.trim_end_matches(';')});
    if may_write(sql) {
        frame["idempotency_key"] = json!(Uuid::new_v4());
    }
    Command::Send(frame)
}

fn call(name: &str, args: &str) -> Command {
    let args = args.trim();
    let args = match args {
        "" => Ok(json!({})),
        _ => serde_json::from_str::<Value>(args),
    };
    match args {
        Ok(args) if args.is_object() || args.is_array() => Command::Send(
            json!({"type": "rpc", "function": name, "args": args, "idempotency_key": Uuid::new_v4()}),
        ),
        Ok(_) => Command::Wrong(format!("{name}: {{…}} | […]")),
        Err(cause) => Command::Wrong(format!("{name}: {cause}")),
    }
}

/// Whether the statement could change something, so that a retry needs a key.
fn may_write(sql: &str) -> bool {
    let words = || {
        sql.split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty())
    };
    let starts_as_read = words()
        .next()
        .is_some_and(|word| matches!(&*word.to_lowercase(), "select" | "values" | "explain"));
    !starts_as_read
        && words().any(|word| matches!(&*word.to_lowercase(), "insert" | "update" | "delete" | "replace"))
}
