//! Frames as a person reads them.

use serde_json::Value;

use crate::words::Words;

/// Rows of a table, or of a function's objects, in aligned columns.
pub fn result(frame: &Value, words: &Words) -> String {
    let mut out = String::new();
    if let Some(data) = frame.get("data") {
        out = data_of_function(data);
    } else if let Some(columns) = frame["columns"].as_array().filter(|columns| !columns.is_empty()) {
        let head = columns.iter().map(cell).collect();
        let rows = frame["rows"].as_array().into_iter().flatten();
        out = table(
            head,
            rows.map(|row| row.as_array().into_iter().flatten().map(cell).collect())
                .collect(),
        );
    }
    if let Some(n) = frame["rows_affected"].as_u64().filter(|&n| n > 0) {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("✓ {n}"));
        if let Some(id) = frame["last_insert_id"].as_i64() {
            out.push_str(&format!("  id {id}"));
        }
    }
    if out.is_empty() {
        out.push('✓');
    }
    for (member, said) in [("truncated", words.truncated), ("duplicate", words.duplicate)] {
        if frame[member] == true {
            out.push(' ');
            out.push_str(said);
        }
    }
    out
}

fn data_of_function(data: &Value) -> String {
    let objects: Vec<&Value> = match data {
        Value::Array(many) => many.iter().collect(),
        Value::Object(_) => vec![data],
        other => return cell(other),
    };
    let Some(first) = objects.first().and_then(|first| first.as_object()) else {
        return "0".into();
    };
    let head: Vec<String> = first.keys().cloned().collect();
    let rows = objects
        .iter()
        .map(|row| head.iter().map(|name| cell(&row[name])).collect())
        .collect();
    table(head, rows)
}

/// One line for each changed row: who, table, what, row.
pub fn change(frame: &Value) -> String {
    let at = frame["at"].as_str().and_then(|at| at.get(11..19)).unwrap_or("");
    let who = frame["by"]["username"].as_str().unwrap_or("?");
    if frame["truncated"] == true {
        return format!("→ {at} {who}: {} …", frame["tables"]);
    }
    let changes = frame["changes"].as_array().into_iter().flatten();
    let lines = changes.map(|change| {
        let (op, row) = match change["op"].as_str() {
            Some("delete") => ("-", &change["old"]),
            Some("update") => ("~", &change["row"]),
            _ => ("+", &change["row"]),
        };
        let row = if row.is_null() { &change["key"] } else { row };
        let fields = row.as_object().into_iter().flatten();
        let text: Vec<String> = fields
            .map(|(name, value)| format!("{name}={}", cell(value)))
            .collect();
        format!("→ {at} {who} {op} {}: {}", cell(&change["table"]), text.join(" "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Tables and functions of `GET /api/schema`.
pub fn schema(schema: &Value) -> String {
    let mut lines = Vec::new();
    for part in ["tables", "functions"] {
        for (name, item) in named(&schema[part]) {
            let inside = ["columns", "params"].iter().find_map(|member| item.get(member));
            let inside: Vec<String> = inside
                .into_iter()
                .flat_map(named)
                .map(|(name, _)| name.to_owned())
                .collect();
            lines.push(format!("{name}({})", inside.join(", ")));
        }
    }
    lines.join("\n")
}

/// Items of a list of `{name, …}` or of an object by name.
fn named(value: &Value) -> Vec<(&str, &Value)> {
    match value {
        Value::Array(items) => items
            .iter()
            .filter_map(|item| Some((item.as_str().or_else(|| item["name"].as_str())?, item)))
            .collect(),
        Value::Object(items) => items.iter().map(|(name, item)| (name.as_str(), item)).collect(),
        _ => Vec::new(),
    }
}

fn table(head: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let mut widths: Vec<usize> = head.iter().map(|name| name.chars().count()).collect();
    for row in &rows {
        for (width, text) in widths.iter_mut().zip(row) {
            *width = (*width).max(text.chars().count());
        }
    }
    let line = |row: &[String]| {
        let padded = row
            .iter()
            .zip(&widths)
            .map(|(text, &width)| format!("{text:width$}"));
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    let mut out = line(&head) + &line(&rule);
    for row in &rows {
        out.push_str(&line(row));
    }
    out.push_str(&format!("({})", rows.len()));
    out
}

/// A value on one line. Control characters are shown, not obeyed: a row must not move the cursor.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => return "∅".into(),
        Value::String(text) => text.clone(),
        Value::Object(form) if form.len() == 1 && form.contains_key("$int") => {
            form["$int"].as_str().unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    };
    text.chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .collect()
}
