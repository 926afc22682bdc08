//! Bodies of answers, as they travel and as they are kept under an idempotency key.

use bytes::Bytes;
use serde_json::Value;

use crate::{
    protocol::result::Body,
    store::data::{idempotency::MAX_ANSWER_BYTES, statement::Ran},
};

/// `{"results":[…],"commit":n}`
pub fn batch(results: &[Ran], commit: u64) -> Body {
    let size: usize = results.iter().map(|ran| ran.rows.len() + 160).sum();
    let mut out = Vec::with_capacity(size + 40);
    out.extend_from_slice(b"{\"results\":[");
    for (index, ran) in results.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        ran.write_batch_item(&mut out);
    }
    out.extend_from_slice(format!("],\"commit\":{commit}}}").as_bytes());
    Body(Bytes::from(out))
}

/// `{"data":…,"commit":n}`, with `"truncated":true` where rows are missing.
pub fn data(data: &[u8], truncated: bool, commit: u64) -> Body {
    let mut out = Vec::with_capacity(data.len() + 48);
    out.extend_from_slice(b"{\"data\":");
    out.extend_from_slice(data);
    if truncated {
        out.extend_from_slice(TRUNCATED.as_bytes());
    }
    out.extend_from_slice(format!(",\"commit\":{commit}}}").as_bytes());
    Body(Bytes::from(out))
}

const TRUNCATED: &str = ",\"truncated\":true";

/// What `data` put together.
pub struct DataAnswer<'a> {
    pub data: Bytes,
    pub truncated: bool,
    /// The commit's number, as text.
    pub commit: &'a str,
}

/// Takes apart what `data` put together.
pub fn take_apart(body: &Body) -> Option<DataAnswer<'_>> {
    const HEAD: &str = "{\"data\":";
    const BETWEEN: &str = ",\"commit\":";
    let text = std::str::from_utf8(&body.0).ok()?;
    let at = text.starts_with(HEAD).then(|| text.rfind(BETWEEN))??;
    let commit = text.get(at + BETWEEN.len()..)?.strip_suffix('}')?;
    let whole = text.get(..at)?.strip_suffix(TRUNCATED);
    Some(DataAnswer {
        data: body.0.slice(HEAD.len()..whole.map_or(at, str::len)),
        truncated: whole.is_some(),
        commit,
    })
}

/// The text to be kept of an answer: whole, or without its rows where it is long.
pub fn to_keep(body: &Body) -> String {
    let text = String::from_utf8_lossy(&body.0);
    if text.len() <= MAX_ANSWER_BYTES {
        return text.into_owned();
    }
    match serde_json::from_str::<Value>(&text) {
        Ok(mut value) => {
            leave_out_rows(&mut value);
            value.to_string()
        }
        Err(_) => "{}".to_owned(), // bodies are JSON
    }
}

fn leave_out_rows(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("rows", Value::Array(rows)) => rows.clear(),
                    ("results", Value::Array(results)) => results.iter_mut().for_each(leave_out_rows),
                    ("data", Value::Array(rows)) => rows.clear(),
                    ("data", data @ Value::Object(_)) => *data = Value::Null,
                    _ => {}
                }
            }
        }
        Value::Array(rows) => rows.clear(),
        _ => {}
    }
}

/// A kept answer, given again.
pub fn duplicate(kept: String) -> Body {
    let mut bytes = kept.into_bytes();
    if bytes.first() == Some(&b'{') && bytes.last() == Some(&b'}') {
        bytes.pop();
        bytes.extend_from_slice(if bytes.len() > 1 {
            b",\"duplicate\":true}"
        } else {
            b"\"duplicate\":true}"
        });
    }
    Body(Bytes::from(bytes))
}
