//! Query strings of `/api/tables` in the manner of PostgREST, and keys in paths. Pure.
//!
//! `select=a,b` · `order=a.desc,b` · `limit=` · `offset=` · `a=eq.1` · `a=in.(1,"x,y")` · `a=is.null` ·
//! `a=not.is.null`

use crate::{
    domain::{
        TableAction,
        table_request::{Filter, Operator, Order},
    },
    protocol::{Error, error::Result},
};

use super::encoding::{decode_query, decode_segment};

/// The list that a query string asks for.
pub fn parse_list(raw: &str) -> Result<TableAction> {
    let (mut select, mut filters, mut order, mut limit, mut offset) =
        (None, Vec::new(), Vec::new(), None, None);
    for (name, value) in decode_query(raw)? {
        match name.as_str() {
            "select" => once(&mut select, "select", parse_select(&value)?)?,
            "order" => order.extend(parse_order(&value)?),
            "limit" => once(&mut limit, "limit", parse_count("limit", &value)?)?,
            "offset" => once(&mut offset, "offset", parse_count("offset", &value)?)?,
            _ => filters.push(parse_filter(name, &value)?),
        }
    }
    Ok(TableAction::List {
        select: select.flatten(),
        filters,
        order,
        limit,
        offset: offset.unwrap_or(0),
    })
}

/// `select=` alone, as `GET …/{key}` takes it.
pub fn parse_select_only(raw: &str) -> Result<Option<Vec<String>>> {
    let mut select = None;
    for (name, value) in decode_query(raw)? {
        match name.as_str() {
            "select" => once(&mut select, "select", parse_select(&value)?)?,
            _ => return Err(Error::invalid("With a key only select= is taken.")),
        }
    }
    Ok(select.flatten())
}

/// No query string at all, as writes want it.
pub fn expect_no_query(raw: &str) -> Result<()> {
    if raw.is_empty() {
        Ok(())
    } else {
        Err(Error::invalid(
            "A write takes no query string: the key stands in the path.",
        ))
    }
}

/// The values of a key in key order. They are separated before they are decoded, so `%2C` stays in its value.
pub fn parse_key(raw: &str) -> Result<Vec<String>> {
    raw.split(',').map(decode_segment).collect()
}

fn once<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<()> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(Error::invalid(format!("{name}= is given twice."))),
    }
}

/// `*` alone is everything readable.
fn parse_select(value: &str) -> Result<Option<Vec<String>>> {
    if value.trim() == "*" {
        return Ok(None);
    }
    let mut columns = Vec::new();
    for name in value.split(',') {
        let name = column(name.trim())?;
        // An object has a member once.
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    Ok(Some(columns))
}

fn parse_order(value: &str) -> Result<Vec<Order>> {
    value
        .split(',')
        .map(|term| {
            let term = term.trim();
            let (name, descending) = match term.rsplit_once('.') {
                Some((name, "desc")) => (name, true),
                Some((name, "asc")) => (name, false),
                Some((_, "nullsfirst" | "nullslast")) => {
                    return Err(Error::invalid("order= takes column, column.asc or column.desc."));
                }
                _ => (term, false),
            };
            Ok(Order {
                column: column(name)?,
                descending,
            })
        })
        .collect()
}

fn parse_count(name: &str, value: &str) -> Result<u64> {
    value
        .parse()
        .ok()
        .filter(|n| i64::try_from(*n).is_ok())
        .ok_or_else(|| Error::invalid(format!("{name}= is a whole number, zero or more.")))
}

fn column(name: &str) -> Result<String> {
    if name.is_empty() || name.contains('\0') {
        return Err(Error::invalid("A column name is missing in select= or order=."));
    }
    Ok(name.to_owned())
}

fn parse_filter(column: String, value: &str) -> Result<Filter> {
    let unknown = || {
        Error::invalid(
            "A filter is column=operator.value; the operators are eq, neq, gt, gte, lt, lte, like, ilike, in, is.null and not.is.null.",
        )
    };
    let (operator, rest) = value.split_once('.').ok_or_else(unknown)?;
    let (operator, values) = match operator {
        "eq" => (Operator::Eq, vec![rest.to_owned()]),
        "neq" => (Operator::Neq, vec![rest.to_owned()]),
        "gt" => (Operator::Gt, vec![rest.to_owned()]),
        "gte" => (Operator::Gte, vec![rest.to_owned()]),
        "lt" => (Operator::Lt, vec![rest.to_owned()]),
        "lte" => (Operator::Lte, vec![rest.to_owned()]),
        "like" => (Operator::Like, vec![rest.to_owned()]),
        "ilike" => (Operator::Ilike, vec![rest.to_owned()]),
        "in" => (Operator::In, parse_set(rest)?),
        "is" if rest.eq_ignore_ascii_case("null") => (Operator::IsNull, Vec::new()),
        "is" if rest.eq_ignore_ascii_case("not_null") => (Operator::IsNotNull, Vec::new()),
        "not" if rest.eq_ignore_ascii_case("is.null") => (Operator::IsNotNull, Vec::new()),
        _ => return Err(unknown()),
    };
    Ok(Filter {
        column,
        operator,
        values,
    })
}

/// `(a,"b,c",d)`: a value in double quotes may hold commas and brackets; `\` takes the next character as it is.
fn parse_set(text: &str) -> Result<Vec<String>> {
    let wrong = || Error::invalid("in. takes a list in brackets: in.(a,\"b,c\").");
    let inner = text
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or_else(wrong)?;
    if inner.is_empty() {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    let mut rest = inner.chars().peekable();
    loop {
        let mut value = String::new();
        if rest.next_if_eq(&'"').is_some() {
            loop {
                match rest.next().ok_or_else(wrong)? {
                    '"' => break,
                    '\\' => value.push(rest.next().ok_or_else(wrong)?),
                    other => value.push(other),
                }
            }
        } else {
            while let Some(other) = rest.next_if(|c| *c != ',') {
                value.push(other);
            }
        }
        values.push(value);
        match rest.next() {
            None => return Ok(values),
            Some(',') => {}
            Some(_) => return Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(raw: &str) -> Vec<(String, Operator, Vec<String>)> {
        match parse_list(raw).unwrap() {
            TableAction::List { filters, .. } => filters
                .into_iter()
                .map(|f| (f.column, f.operator, f.values))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_whole_query_string_is_understood() {
        let action =
            parse_list("select=id,nom&order=prix.desc,nom&limit=10&offset=20&prix=gte.5&prix=lt.9.5")
                .unwrap();
        assert_eq!(
            action,
            TableAction::List {
                select: Some(vec!["id".into(), "nom".into()]),
                filters: vec![
                    Filter {
                        column: "prix".into(),
                        operator: Operator::Gte,
                        values: vec!["5".into()]
                    },
                    Filter {
                        column: "prix".into(),
                        operator: Operator::Lt,
                        values: vec!["9.5".into()]
                    },
                ],
                order: vec![
                    Order {
                        column: "prix".into(),
                        descending: true
                    },
                    Order {
                        column: "nom".into(),
                        descending: false
                    },
                ],
                limit: Some(10),
                offset: 20,
            }
        );
    }

    #[test]
    fn values_keep_dots_quotes_and_escapes() {
        assert_eq!(filters("nom=eq.a.b")[0].2, ["a.b"]);
        assert_eq!(filters("nom=eq.")[0].2, [""]);
        assert_eq!(filters("nom=like.*caf%C3%A9*")[0].2, ["*café*"]);
        assert_eq!(
            filters("nom=in.(a,\"b,c\",\"d\\\"e\",)")[0].2,
            ["a", "b,c", "d\"e", ""]
        );
        assert_eq!(filters("nom=in.()")[0].2, Vec::<String>::new());
        assert_eq!(filters("nom=is.null")[0].1, Operator::IsNull);
        assert_eq!(filters("nom=not.is.null")[0].1, Operator::IsNotNull);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for raw in [
            "nom=5",
            "nom=is.true",
            "nom=between.1",
            "nom=in.1,2",
            "nom=in.(\"a)",
            "nom=in.(\"a\"b)",
            "limit=-1",
            "limit=x",
            "limit=1&limit=2",
            "offset=1.5",
            "select=",
            "select=a,,b",
            "order=",
            "order=a.nullslast",
            "limit=99999999999999999999",
            "nom=not.eq.1",
        ] {
            assert!(parse_list(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn a_comma_separates_the_values_of_a_key_unless_it_is_escaped() {
        assert_eq!(parse_key("1").unwrap(), ["1"]);
        assert_eq!(parse_key("1,b%2Cc").unwrap(), ["1", "b,c"]);
        assert_eq!(parse_key("a%2Fb,").unwrap(), ["a/b", ""]);
        assert!(parse_key("%zz").is_err());
    }
}
