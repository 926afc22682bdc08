//! Replacements for SQL functions whose time grows with the product of their arguments: one call of SQLite's own
//! `instr` can run for hours, and no deadline cuts a call short. These take time in proportion to the sum.

use std::collections::HashSet;

use rusqlite::{
    Connection, Error, ffi,
    functions::{Context, FunctionFlags},
    types::{Value, ValueRef},
};

/// Largest text that `replace` makes; below it the connection's own limit holds.
const LARGEST_BYTES: usize = 64 << 20;

/// Installs them on a connection, in place of SQLite's.
pub fn install(conn: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    conn.create_scalar_function("instr", 2, flags, instr)?;
    conn.create_scalar_function("replace", 3, flags, replace)?;
    conn.create_scalar_function("unhex", 2, flags, unhex)?;
    for (name, sides) in [
        ("trim", Sides::BOTH),
        ("ltrim", Sides::LEFT),
        ("rtrim", Sides::RIGHT),
    ] {
        conn.create_scalar_function(name, 2, flags, move |context| trim(context, sides))?;
    }
    Ok(())
}

/// An argument as SQLite casts it to text; `None` for NULL.
fn text(context: &Context<'_>, index: usize) -> Option<String> {
    match context.get_raw(index) {
        ValueRef::Null => None,
        ValueRef::Integer(i) => Some(i.to_string()),
        ValueRef::Real(r) => Some(real_text(r)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// `1.5`, `2.0`, `1.0e+20`, `Inf`
fn real_text(r: f64) -> String {
    if !r.is_finite() {
        return if r > 0.0 { "Inf".into() } else { "-Inf".into() };
    }
    if r == 0.0 || (1e-4..1e15).contains(&r.abs()) {
        return format!("{r:?}");
    }
    let scientific = format!("{r:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let (sign, digits) = exponent
        .strip_prefix('-')
        .map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}{point}e{sign}{digits:0>2}")
}

fn instr(context: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    if let (ValueRef::Blob(hay), ValueRef::Blob(needle)) = (context.get_raw(0), context.get_raw(1)) {
        return Ok(Some(position(find_bytes(hay, needle))));
    }
    let (Some(hay), Some(needle)) = (text(context, 0), text(context, 1)) else {
        return Ok(None);
    };
    let found = hay.find(&needle).map(|at| hay[..at].chars().count());
    Ok(Some(position(found)))
}

/// Counted from one; zero for nothing.
fn position(found: Option<usize>) -> i64 {
    found.map_or(0, |at| i64::try_from(at).unwrap_or(i64::MAX - 1) + 1)
}

/// Knuth, Morris and Pratt: never looks at a byte of `hay` twice.
fn find_bytes(hay: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    if needle.len() > hay.len() {
        return None;
    }
    let mut borders = vec![0usize; needle.len()];
    let mut matched = 0;
    for index in 1..needle.len() {
        while matched > 0 && needle[index] != needle[matched] {
            matched = borders[matched - 1];
        }
        if needle[index] == needle[matched] {
            matched += 1;
        }
        borders[index] = matched;
    }
    matched = 0;
    for (index, byte) in hay.iter().enumerate() {
        while matched > 0 && *byte != needle[matched] {
            matched = borders[matched - 1];
        }
        if *byte == needle[matched] {
            matched += 1;
        }
        if matched == needle.len() {
            return Some(index + 1 - matched);
        }
    }
    None
}

fn replace(context: &Context<'_>) -> rusqlite::Result<Value> {
    let (Some(subject), Some(pattern)) = (text(context, 0), text(context, 1)) else {
        return Ok(Value::Null);
    };
    if pattern.is_empty() {
        return Ok(Value::Text(subject));
    }
    let Some(by) = text(context, 2) else {
        return Ok(Value::Null);
    };
    let found = subject.matches(&pattern).count();
    if subject.len().saturating_add(found.saturating_mul(by.len())) > LARGEST_BYTES {
        return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_TOOBIG), None));
    }
    Ok(Value::Text(subject.replace(&pattern, &by)))
}

#[derive(Debug, Clone, Copy)]
struct Sides {
    left: bool,
    right: bool,
}

impl Sides {
    const BOTH: Self = Self {
        left: true,
        right: true,
    };
    const LEFT: Self = Self {
        left: true,
        right: false,
    };
    const RIGHT: Self = Self {
        left: false,
        right: true,
    };
}

fn trim(context: &Context<'_>, sides: Sides) -> rusqlite::Result<Option<String>> {
    let (Some(subject), Some(set)) = (text(context, 0), text(context, 1)) else {
        return Ok(None);
    };
    let set: HashSet<char> = set.chars().collect();
    let mut rest = subject.as_str();
    if sides.left {
        rest = rest.trim_start_matches(|c| set.contains(&c));
    }
    if sides.right {
        rest = rest.trim_end_matches(|c| set.contains(&c));
    }
    Ok(Some(rest.to_owned()))
}

/// Pairs of hexadecimal digits, between which characters of the second argument are passed over.
fn unhex(context: &Context<'_>) -> rusqlite::Result<Option<Vec<u8>>> {
    let (Some(subject), Some(passed)) = (text(context, 0), text(context, 1)) else {
        return Ok(None);
    };
    let passed: HashSet<char> = passed.chars().collect();
    let mut bytes = Vec::with_capacity(subject.len() / 2);
    let mut characters = subject.chars();
    while let Some(c) = characters.next() {
        let Some(high) = c.to_digit(16) else {
            if passed.contains(&c) {
                continue;
            }
            return Ok(None);
        };
        let Some(low) = characters.next().and_then(|c| c.to_digit(16)) else {
            return Ok(None);
        };
        bytes.push(u8::try_from(high * 16 + low).unwrap_or(0));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_answer_what_sqlite_answers() {
        let own = Connection::open_in_memory().unwrap();
        let ours = Connection::open_in_memory().unwrap();
        install(&ours).unwrap();
        let values = [
            "NULL", "''", "'a'", "'abcab'", "'ééa'", "'  x '", "12", "1.5", "2.0", "-0.25", "1e20", "1.5e-7",
            "x''", "x'6162'", "x'62'", "'0aFf'", "'0a-ff'", "'-'", "'ab'",
        ];
        for a in values {
            for b in values {
                for call in ["instr", "trim", "ltrim", "rtrim", "unhex"] {
                    let sql = format!("SELECT quote({call}({a}, {b}))");
                    let [x, y]: [String; 2] =
                        [&own, &ours].map(|conn| conn.query_row(&sql, [], |row| row.get(0)).unwrap());
                    assert_eq!(x, y, "{sql}");
                }
                for c in ["'z'", "''", "NULL", "7", "'éa'"] {
                    let sql = format!("SELECT quote(replace({a}, {b}, {c}))");
                    let [x, y]: [String; 2] =
                        [&own, &ours].map(|conn| conn.query_row(&sql, [], |row| row.get(0)).unwrap());
                    assert_eq!(x, y, "{sql}");
                }
            }
        }
    }
}
