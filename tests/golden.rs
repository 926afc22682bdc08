//! The frames of `tests/golden/`, which the JavaScript SDK reads too, are what the hub's types write and read.

use std::{collections::BTreeSet, fs};

use bytes::Bytes;
use comptoir::protocol::{
    Code, Error, SqlValue,
    close::Close,
    event::{Event, ResyncReason},
    request::Frame,
    result::Body,
};
use serde_json::{Value, json};

fn golden(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/golden/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{path}: {cause}"));
    serde_json::from_str(&text).unwrap_or_else(|cause| panic!("{path}: {cause}"))
}

#[test]
fn every_golden_request_is_read_as_what_it_is() {
    for mut frame in golden("requests") {
        frame["id"] = "g1".into();
        let parsed = Frame::parse(&frame.to_string());
        assert_eq!(parsed.id, Some("g1".into()));
        let request = parsed.request.unwrap_or_else(|error| panic!("{frame}: {error}"));
        assert_eq!(request.name(), frame["type"], "{frame}");
    }
}

#[test]
fn results_are_written_as_the_golden_ones() {
    for one in golden("results") {
        let mut written = Vec::new();
        Body::from_value(&one["members"]).write_frame(&one["frame"]["id"], &mut written);
        let written: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written, one["frame"]);
    }
    let mut empty = Vec::new();
    Body::empty().write_frame(&json!(3), &mut empty);
    assert_eq!(Bytes::from(empty), r#"{"type":"result","id":3}"#);
}

#[test]
fn events_are_written_as_the_golden_ones() {
    let text = |event: &Value, member: &str| event[member].as_str().unwrap_or_default().to_owned();
    let mut checked = BTreeSet::new();
    for golden in golden("events") {
        let cursor = text(&golden, "cursor");
        let event = match golden["type"].as_str().unwrap() {
            "caught_up" => Event::CaughtUp {
                cursor,
                replayed: golden["replayed"].as_u64().unwrap(),
            },
            "resync" => Event::Resync {
                reason: match golden["reason"].as_str().unwrap() {
                    "expired" => ResyncReason::Expired,
                    "unknown" => ResyncReason::Unknown,
                    "rights" => ResyncReason::Rights,
                    other => panic!("{other} is no reason"),
                },
                cursor,
            },
            "cursor" => Event::Cursor { cursor },
            "pong" => Event::Pong {
                id: golden["id"].clone(),
                at: text(&golden, "at"),
                cursor,
            },
            "system_message" => Event::SystemMessage {
                level: text(&golden, "level"),
                text: text(&golden, "text"),
                expires_at: golden["expires_at"].as_str().map(str::to_owned),
            },
            // Written elsewhere; the SDK's tests hold a real hub's against these.
            "welcome" | "data_change" => continue,
            other => panic!("{other} is no event of the hub"),
        };
        assert_eq!(serde_json::to_value(&event).unwrap(), golden);
        checked.insert(golden["type"].to_string());
    }
    assert_eq!(checked.len(), 5);
}

#[test]
fn every_error_of_the_catalogue_is_written_as_the_golden_one() {
    let golden = golden("errors");
    let named: Vec<&str> = golden
        .iter()
        .map(|one| one["frame"]["code"].as_str().unwrap())
        .collect();
    let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(named, known);
    for (code, one) in Code::ALL.iter().zip(&golden) {
        assert_eq!(one["status"], code.status());
        let frame = &one["frame"];
        let mut error = Error::of(*code);
        for extra in ["retry_after_ms", "constraint", "limit"] {
            if let Some(value) = frame.get(extra) {
                error = error.with(extra, value.clone());
            }
        }
        assert_eq!(&error.to_frame(Some(&frame["id"]), "r1"), frame);
    }
}

#[test]
fn every_golden_value_is_the_same_both_ways() {
    for value in golden("values") {
        let read = SqlValue::from_json(&value).unwrap_or_else(|cause| panic!("{value}: {cause}"));
        assert_eq!(read.to_json(), value);
    }
}

#[test]
fn every_close_is_sent_with_its_golden_code_and_reason() {
    let closes = [
        Close::GoingAway { retry_after_ms: 1500 },
        Close::ProtocolError,
        Close::InvalidPayload,
        Close::TooBig,
        Close::Internal,
        Close::InvalidRequests,
        Close::Unauthorized,
        Close::Disconnected,
        Close::SlowConsumer,
        Close::RateLimitIgnored,
    ];
    let golden = golden("closes");
    assert_eq!(golden.len(), closes.len());
    for (close, golden) in closes.iter().zip(&golden) {
        assert_eq!(golden["code"], close.code());
        assert_eq!(golden["reason"], close.reason());
    }
}
