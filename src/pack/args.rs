//! From what a caller sent to the values of a function's parameters.

use serde_json::{Map, Value};

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
    fn from_json(self, value: &Value) -> Option<SqlValue> {
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
    fn from_text(self, text: &str) -> Option<SqlValue> {
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
    kind.from_text(text)
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

    fn from_json(&self, value: &Value) -> Result<SqlValue> {
        match value {
            Value::Null if self.optional => Ok(SqlValue::Null),
            // By position, `null` is the way to leave one out.
            Value::Null if self.default.is_some() => self.absent(),
            Value::Null => Err(self.mistyped()),
            _ => self.kind.from_json(value).ok_or_else(|| self.mistyped()),
        }
    }

    fn from_text(&self, text: &str) -> Result<SqlValue> {
        // An empty field of a form means that nothing was entered.
        if text.is_empty() && self.kind != ParamType::Text && (self.optional || self.default.is_some()) {
            return self.absent();
        }
        self.kind.from_text(text).ok_or_else(|| self.mistyped())
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
                            .map_or_else(|| param.absent(), |v| param.from_json(v))
                    })
                    .collect()
            }
            Value::Object(members) => self.bind_route(&[], Some(members)),
            _ => Err(Error::invalid("`args` is an array or an object.")),
        }
    }

    /// The values of the parameters from the path and the query string: name and decoded text.
    pub fn bind_texts(&self, texts: &[(String, String)]) -> Result<Vec<SqlValue>> {
        self.bind_route(texts, None)
    }

    /// The values of the parameters of a route: from path and query string, and from the members of a
    /// JSON body. A parameter given by two of them is `invalid_request`.
    pub fn bind_route(
        &self,
        texts: &[(String, String)],
        body: Option<&Map<String, Value>>,
    ) -> Result<Vec<SqlValue>> {
        let names = texts
            .iter()
            .map(|(name, _)| name)
            .chain(body.into_iter().flat_map(Map::keys));
        for name in names {
            if !self.params.iter().any(|param| &param.name == name) {
                return Err(Error::invalid(format!("There is no parameter `{name}`.")));
            }
        }
        self.params
            .iter()
            .map(|param| {
                let mut given = texts.iter().filter(|(name, _)| *name == param.name);
                let text = given.next();
                let member = body.and_then(|body| body.get(&param.name));
                if given.next().is_some() || (text.is_some() && member.is_some()) {
                    let reason = format!("The parameter `{}` is given twice.", param.name);
                    return Err(Error::invalid(reason));
                }
                match (text, member) {
                    (Some((_, text)), _) => param.from_text(text),
                    (None, Some(value)) => param.from_json(value),
                    (None, None) => param.absent(),
                }
            })
            .collect()
    }
}
