//! Reading back the rows that the capture triggers wrote.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::{domain::change::Row, protocol::SqlValue};

/// One value in the form of [`super::capture`].
struct Captured(SqlValue);

/// A row from its text. Text that is not UTF-8 (SQLite takes it) comes with replacement characters.
pub fn parse_row(text: &[u8]) -> serde_json::Result<Row> {
    let row: Vec<Captured> = match std::str::from_utf8(text) {
        Ok(text) => serde_json::from_str(text)?,
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(text))?,
    };
    Ok(row.into_iter().map(|value| value.0).collect())
}

impl<'de> Deserialize<'de> for Captured {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Form).map(Self)
    }
}

struct Form;

impl<'de> Visitor<'de> for Form {
    type Value = SqlValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a captured value")
    }

    fn visit_unit<E: Error>(self) -> Result<SqlValue, E> {
        Ok(SqlValue::Null)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<SqlValue, E> {
        Ok(SqlValue::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<SqlValue, E> {
        i64::try_from(value).map(SqlValue::Integer).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<SqlValue, E> {
        Ok(SqlValue::Text(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<SqlValue, E> {
        Ok(SqlValue::Text(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SqlValue, A::Error> {
        let form: Option<String> = map.next_key()?;
        match form.as_deref() {
            Some("$real") => real(&map.next_value::<String>()?).map(SqlValue::Real),
            Some("$blob_bytes") => Ok(SqlValue::BlobBytes(map.next_value()?)),
            _ => Err(A::Error::custom("not a captured value")),
        }
    }
}

/// A real as SQLite prints it (`Inf`, `-Inf`, or digits).
fn real<E: Error>(text: &str) -> Result<f64, E> {
    text.parse().map_err(E::custom)
}
