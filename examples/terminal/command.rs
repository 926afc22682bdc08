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

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(line: &str) -> Value {
        match parse(line) {
            Command::Send(frame) => frame,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn a_write_carries_a_key_and_a_read_does_not() {
        assert!(sent("INSERT INTO a VALUES (1)")["idempotency_key"].is_string());
        assert!(sent("with x as (select 1) update a set b = 2")["idempotency_key"].is_string());
        assert!(sent("SELECT * FROM a").get("idempotency_key").is_none());
        assert!(
            sent("WITH x AS (SELECT 1) SELECT * FROM x")
                .get("idempotency_key")
                .is_none()
        );
    }

    #[test]
    fn a_call_is_written_with_or_without_the_dot() {
        for line in [r#"sell {"id":1}"#, r#".call sell {"id":1}"#, r#"sell{"id":1}"#] {
            let frame = sent(line);
            assert_eq!(
                (&frame["function"], &frame["args"]),
                (&json!("sell"), &json!({"id": 1})),
                "{line}"
            );
        }
        assert_eq!(sent("totals")["args"], json!({}));
        assert_eq!(sent("sell [1, 2]")["args"], json!([1, 2]));
    }

    #[test]
    fn what_is_not_understood_is_not_sent() {
        for line in ["sell [", "sell 3", ".nothing"] {
            assert!(matches!(parse(line), Command::Wrong(_)), "{line}");
        }
        assert_eq!(parse("  "), Command::Nothing);
        assert_eq!(parse(".quit"), Command::Quit);
    }
}
