//! SQL values in JSON (PROTOCOL section 1): `null`, numbers, strings; `{"$int":"…"}` beyond
//! ±(2^53−1), `{"$blob":"<base64>"}`, `{"$real":"Infinity"}`. `true`/`false` bind as 1/0.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Value, json};

/// The largest integer that a JSON number carries exactly.
pub const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// One SQL value.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
    /// Only in changes: a blob appears as its length, `{"$blob_bytes":n}`.
    BlobBytes(u64),
}

impl SqlValue {
    /// The value of its JSON form. Other objects, arrays and numbers out of range are errors.
    pub fn from_json(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self::Null),
            Value::Bool(b) => Ok(Self::Integer(i64::from(*b))),
            Value::String(s) => Ok(Self::Text(s.clone())),
            Value::Number(n) => {
                if let Some(i) = n.as_i64() {
                    Ok(Self::Integer(i))
                } else if n.is_u64() {
                    Err("an integer is beyond 64 bits")
                } else {
                    n.as_f64().map(Self::Real).ok_or("a number is out of range")
                }
            }
            Value::Object(o) if o.len() == 1 => {
                let (form, inner) = o.iter().next().ok_or("empty object")?;
                let text = inner.as_str().ok_or("a value form holds a string")?;
                match form.as_str() {
                    "$int" => text
                        .parse()
                        .map(Self::Integer)
                        .map_err(|_| "$int is not a 64-bit integer"),
                    "$blob" => BASE64
                        .decode(text)
                        .map(Self::Blob)
                        .map_err(|_| "$blob is not base64"),
                    "$real" => match text {
                        "Infinity" => Ok(Self::Real(f64::INFINITY)),
                        "-Infinity" => Ok(Self::Real(f64::NEG_INFINITY)),
                        "NaN" => Ok(Self::Null), // SQLite stores NaN as NULL
                        _ => Err("$real is Infinity or -Infinity"),
                    },
                    _ => Err("a value is null, a number, a string, or a $int, $blob or $real form"),
                }
            }
            _ => Err("a value is null, a number, a string, or a $int, $blob or $real form"),
        }
    }

    /// Its JSON form.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(i) if i.unsigned_abs() <= MAX_SAFE_INTEGER as u64 => json!(i),
            Self::Integer(i) => json!({ "$int": i.to_string() }),
            Self::Real(r) if r.is_finite() => json!(r),
            Self::Real(r) => json!({ "$real": if *r > 0.0 { "Infinity" } else { "-Infinity" } }),
            Self::Text(s) => json!(s),
            Self::Blob(b) => json!({ "$blob": BASE64.encode(b) }),
            Self::BlobBytes(n) => json!({ "$blob_bytes": n }),
        }
    }

    /// Appends its JSON form, without an intermediate `Value`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Integer(i) => write_integer(out, *i),
            Self::Real(r) => write_real(out, *r),
            Self::Text(s) => write_text(out, s),
            Self::Blob(b) => write_blob(out, b),
            Self::BlobBytes(n) => {
                out.extend_from_slice(b"{\"$blob_bytes\":");
                out.extend_from_slice(n.to_string().as_bytes());
                out.push(b'}');
            }
        }
    }
}

/// Appends an integer; beyond ±(2^53−1) in its `$int` form.
pub fn write_integer(out: &mut Vec<u8>, i: i64) {
    if i.unsigned_abs() <= MAX_SAFE_INTEGER as u64 {
        let _ = serde_json::to_writer(out, &i); // writing to a Vec cannot fail
    } else {
        out.extend_from_slice(b"{\"$int\":\"");
        out.extend_from_slice(i.to_string().as_bytes());
        out.extend_from_slice(b"\"}");
    }
}

/// Appends a real; a non-finite one in its `$real` form.
pub fn write_real(out: &mut Vec<u8>, r: f64) {
    if r.is_finite() {
        let _ = serde_json::to_writer(out, &r);
    } else {
        out.extend_from_slice(if r > 0.0 {
            b"{\"$real\":\"Infinity\"}"
        } else {
            b"{\"$real\":\"-Infinity\"}"
        });
    }
}

/// Appends a JSON string.
pub fn write_text(out: &mut Vec<u8>, s: &str) {
    let _ = serde_json::to_writer(out, s);
}

/// Appends a blob in its `$blob` form.
pub fn write_blob(out: &mut Vec<u8>, b: &[u8]) {
    out.extend_from_slice(b"{\"$blob\":\"");
    out.extend_from_slice(BASE64.encode(b).as_bytes());
    out.extend_from_slice(b"\"}");
}

impl Serialize for SqlValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SqlValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Parameters of a statement or arguments of a function: by position or by name.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    Positional(Vec<SqlValue>),
    /// Names without `:`, `@` or `$`, in the order given.
    Named(Vec<(String, SqlValue)>),
}

impl Default for Params {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

impl Params {
    pub fn from_json(value: &Value) -> Result<Self, &'static str> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Array(items) => items
                .iter()
                .map(SqlValue::from_json)
                .collect::<Result<_, _>>()
                .map(Self::Positional),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| {
                    let name = name.strip_prefix([':', '@', '$']).unwrap_or(name);
                    Ok((name.to_owned(), SqlValue::from_json(value)?))
                })
                .collect::<Result<_, _>>()
                .map(Self::Named),
            _ => Err("params is an array or an object"),
        }
    }
}

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_json(&Value::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}
