//! From what a caller sent to the values of a function's parameters.

use serde_json::Value;

use crate::protocol::{Error, SqlValue, error::Result};

use super::{Function, Param, ParamType};

/// Integers up to here are exact in a JSON number with a fraction part (`5.0`).
const MAX_EXACT_REAL: f64 = 9_007_199_254_740_992.0;

impl ParamType {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::Json => "json",
        }
    }

    const fn with_article(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Integer => "an integer",
            Self::Real => "a number",
            Self::Boolean => "true or false",
            Self::Json => "a JSON value",
        }
    }

    /// The value of a JSON argument that is not `null`; `None` where it is of another type.
    fn read_json(self, value: &Value) -> Option<SqlValue> {
        match self {
            // A `json` parameter reaches SQL as text, for json_each() and its siblings.
            Self::Json => return Some(SqlValue::Text(value.to_string())),
            Self::Text => return value.as_str().map(|text| SqlValue::Text(text.to_owned())),
            Self::Boolean => {
                return match value {
                    Value::Bool(flag) => Some(SqlValue::Integer(i64::from(*flag))),
                    Value::Number(n) => n.as_i64().filter(|n| matches!(n, 0 | 1)).map(SqlValue::Integer),
                    _ => None,
                };
            }
            Self::Integer | Self::Real if !value.is_number() && !value.is_object() => return None,
            Self::Integer | Self::Real => {}
        }
        match (self, SqlValue::from_json(value).ok()?) {
            (Self::Real, SqlValue::Integer(i)) => Some(SqlValue::Real(i as f64)),
            (Self::Real, SqlValue::Real(r)) => Some(SqlValue::Real(r)),
            (Self::Integer, SqlValue::Integer(i)) => Some(SqlValue::Integer(i)),
            // Some languages write 5 as 5.0.
            (Self::Integer, SqlValue::Real(r)) if r.fract() == 0.0 && r.abs() < MAX_EXACT_REAL => {
                Some(SqlValue::Integer(r as i64))
            }
            _ => None,
        }
    }

    /// The value of a text from a path or a query string.
    fn read_text(self, text: &str) -> Option<SqlValue> {
        match self {
            Self::Text => Some(SqlValue::Text(text.to_owned())),
            Self::Integer => text.parse().ok().map(SqlValue::Integer),
            Self::Real => text
                .parse()
                .ok()
                .filter(|real: &f64| real.is_finite())
                .map(SqlValue::Real),
            Self::Boolean => match text {
                "true" | "1" => Some(SqlValue::Integer(1)),
                "false" | "0" => Some(SqlValue::Integer(0)),
                _ => None,
            },
            Self::Json => {
                let value: Value = serde_json::from_str(text).ok()?;
                Some(SqlValue::Text(value.to_string()))
            }
        }
    }
}

/// The default of `-- param: name type = default`: a text may stand in quotes; `null` where optional.
pub fn typed_default(kind: ParamType, optional: bool, text: &str) -> Option<SqlValue> {
    if optional && text.eq_ignore_ascii_case("null") {
        return Some(SqlValue::Null);
    }
    let quoted = |quote: char| {
        text.strip_prefix(quote)
            .and_then(|inner| inner.strip_suffix(quote))
            .map(str::to_owned)
    };
    if kind == ParamType::Text {
        let inner = quoted('"')
            .or_else(|| quoted('\''))
            .unwrap_or_else(|| text.to_owned());
        return Some(SqlValue::Text(inner));
    }
    kind.read_text(text)
}

impl Param {
    /// The value where the caller gave none.
    fn absent(&self) -> Result<SqlValue> {
        match &self.default {
            Some(default) => Ok(default.clone()),
            None if self.optional => Ok(SqlValue::Null),
            None => Err(Error::invalid(format!(
                "The parameter `{}` is missing.",
                self.name
            ))),
        }
    }

    fn mistyped(&self) -> Error {
        let kind = self.kind.with_article();
        Error::invalid(format!("The parameter `{}` must be {kind}.", self.name))
    }

    fn read_json(&self, value: &Value) -> Result<SqlValue> {
        match value {
            Value::Null if self.optional => Ok(SqlValue::Null),
            // By position, `null` is the way to leave one out.
            Value::Null if self.default.is_some() => self.absent(),
            Value::Null => Err(self.mistyped()),
            _ => self.kind.read_json(value).ok_or_else(|| self.mistyped()),
        }
    }

    /// The argument that a text of a path or a query string stands for.
    ///
    /// # Errors
    /// `invalid_request` naming the parameter, where the text is of another type.
    pub fn argument_of_text(&self, text: &str) -> Result<Value> {
        // An empty field of a form means that nothing was entered.
        if text.is_empty() && self.kind != ParamType::Text {
            return Ok(Value::Null);
        }
        let argument = match self.kind {
            ParamType::Json => serde_json::from_str(text).ok(),
            kind => kind.read_text(text).map(|value| value.to_json()),
        };
        argument.ok_or_else(|| self.mistyped())
    }
}

impl Function {
    /// The values of the parameters, in their order: from `null` (none), an array (by position) or an
    /// object (by name). Wrong type, missing, too many or unknown: `invalid_request` naming the parameter.
    pub fn bind_args(&self, args: &Value) -> Result<Vec<SqlValue>> {
        match args {
            Value::Null => self.params.iter().map(Param::absent).collect(),
            Value::Array(items) => {
                if items.len() > self.params.len() {
                    let n = self.params.len();
                    return Err(Error::invalid(format!(
                        "This function takes {n} arguments at most."
                    )));
                }
                self.params
                    .iter()
                    .enumerate()
                    .map(|(i, param)| {
                        items
                            .get(i)
                            .map_or_else(|| param.absent(), |v| param.read_json(v))
                    })
                    .collect()
            }
            Value::Object(members) => {
                let unknown = members
                    .keys()
                    .find(|name| !self.params.iter().any(|param| param.name == **name));
                if let Some(name) = unknown {
                    return Err(Error::invalid(format!("There is no parameter `{name}`.")));
                }
                self.params
                    .iter()
                    .map(|param| match members.get(&param.name) {
                        Some(value) => param.read_json(value),
                        None => param.absent(),
                    })
                    .collect()
            }
            _ => Err(Error::invalid("`args` is an array or an object.")),
        }
    }
}
