//! From what a caller sends to the values of a function's parameters.

use std::sync::Arc;

use comptoir::{
    pack::Function,
    protocol::{Code, SqlValue},
};
use serde_json::{Value, json};

use crate::support::check;

fn function() -> Arc<Function> {
    let text = "-- name: f :one\n-- roles: vendeur\n-- param: t text\n-- param: i integer = 7\n-- param: r real?\n\
                -- param: b boolean = true\n-- param: j json?\nSELECT :t, :i, :r, :b, :j;\n";
    let pack = check(&[("functions/f.sql", text)]).unwrap();
    let function = pack.functions["f"].clone();
    assert!(function.read_only);
    function
}

fn text(text: &str) -> SqlValue {
    SqlValue::Text(text.into())
}

#[test]
fn arguments_are_taken_by_position_or_by_name() {
    let f = function();
    let defaults = vec![
        text("a"),
        SqlValue::Integer(7),
        SqlValue::Null,
        SqlValue::Integer(1),
        SqlValue::Null,
    ];
    assert_eq!(f.bind_args(&json!(["a"])).unwrap(), defaults);
    assert_eq!(f.bind_args(&json!({"t": "a"})).unwrap(), defaults);
    let all = vec![
        text("a"),
        SqlValue::Integer(i64::MAX),
        SqlValue::Real(2.0),
        SqlValue::Integer(0),
        text("[1,{\"x\":null}]"),
    ];
    let big = json!({"$int": i64::MAX.to_string()});
    assert_eq!(
        f.bind_args(&json!(["a", big, 2, false, [1, {"x": null}]]))
            .unwrap(),
        all
    );
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    let f = function();
    let refused = |args: Value, word: &str| {
        let error = f.bind_args(&args).unwrap_err();
        assert_eq!(error.code, Code::InvalidRequest);
        assert!(error.message.contains(word), "{args}: {}", error.message);
    };
    refused(Value::Null, "`t` is missing");
    refused(json!([]), "`t` is missing");
    refused(json!([null]), "`t`");
    refused(json!([1]), "`t` must be a text");
    refused(json!(["a", "1"]), "`i` must be an integer");
    refused(json!(["a", 1.5]), "`i`");
    refused(json!(["a", 1, "x"]), "`r`");
    refused(json!(["a", 1, 1, 2]), "`b`");
    refused(json!(["a", 1, 1, true, 1, 1]), "5 arguments");
    refused(json!({"t": "a", "x": 1}), "`x`");
    refused(json!("a"), "`args`");
}

#[test]
fn texts_of_a_path_are_read_by_type() {
    let f = function();
    let texts = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        f.bind_texts(&pairs)
    };
    let values = texts(&[("t", "a"), ("i", "12"), ("r", "1.5"), ("b", "false")]).unwrap();
    assert_eq!(
        values,
        [
            text("a"),
            SqlValue::Integer(12),
            SqlValue::Real(1.5),
            SqlValue::Integer(0),
            SqlValue::Null
        ]
    );
    assert_eq!(
        texts(&[("t", ""), ("i", "")]).unwrap()[..2],
        [text(""), SqlValue::Integer(7)]
    );
    for wrong in [
        &[("t", "a"), ("i", "x")][..],
        &[("t", "a"), ("t", "b")],
        &[("t", "a"), ("z", "b")],
        &[("i", "1")],
    ] {
        assert_eq!(texts(wrong).unwrap_err().code, Code::InvalidRequest);
    }
}
