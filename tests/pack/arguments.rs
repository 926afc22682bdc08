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
fn texts_of_an_address_are_read_by_type() {
    let f = function();
    let argument = |name: &str, text: &str| {
        let param = f.params.iter().find(|param| param.name == name).unwrap();
        param.argument_of_text(text)
    };
    for (name, text, expected) in [
        ("t", "5", json!("5")),
        ("t", "", json!("")),
        ("i", "-5", json!(-5)),
        (
            "i",
            "9223372036854775807",
            json!({ "$int": "9223372036854775807" }),
        ),
        ("i", "", Value::Null),
        ("r", "1.5", json!(1.5)),
        ("b", "false", json!(0)),
        ("j", "[1]", json!([1])),
    ] {
        assert_eq!(argument(name, text).unwrap(), expected, "{name}={text}");
    }
    for (name, text) in [("i", "5x"), ("r", "inf"), ("b", "yes"), ("j", "{")] {
        assert_eq!(
            argument(name, text).unwrap_err().code,
            Code::InvalidRequest,
            "{name}={text}"
        );
    }
    let args = json!({ "t": "a", "i": argument("i", "").unwrap(), "b": argument("b", "true").unwrap() });
    let bound = f.bind_args(&args).unwrap();
    assert_eq!(
        [&bound[1], &bound[3]],
        [&SqlValue::Integer(7), &SqlValue::Integer(1)],
        "an empty field is the default"
    );
}
