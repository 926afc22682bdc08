//! `docs/asyncapi.yaml` is what the code does: every frame is in it and none that is not there, what it says of requests is
//! what the parser wants, and what a running hub sends has the shapes that it says.

#[path = "behaviour/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the hub, which use all of it"
)]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use comptoir::protocol::{Code, request::Frame};
use serde_json::{Value, json};
use support::{Hub, Socket};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// How the fault of a member ends that the schema does not name.
const UNKNOWN: &str = ", of which nothing is said";

struct Document(Value);

impl Document {
    fn read() -> Self {
        let text = fs::read_to_string(root().join("docs/asyncapi.yaml")).unwrap();
        Self(serde_yaml_ng::from_str(&text).unwrap())
    }

    /// The messages whose key begins with `prefix`, by their name.
    fn messages(&self, prefix: &str) -> BTreeMap<String, &Value> {
        let all = self.0["components"]["messages"].as_object().unwrap();
        all.iter()
            .filter_map(|(key, message)| Some((key.strip_prefix(prefix)?.to_owned(), message)))
            .collect()
    }

    fn follow<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(target) => self.0.pointer(target.trim_start_matches('#')).expect(target),
            None => schema,
        }
    }

    /// What of the value is not as the schema says. Members that the schema does not name are faults too.
    fn faults(&self, schema: &Value, value: &Value, at: &str, out: &mut Vec<String>) {
        let schema = self.follow(schema);
        if let Some(any) = schema["anyOf"].as_array() {
            let tries = any.iter().map(|one| {
                let mut faults = Vec::new();
                self.faults(one, value, at, &mut faults);
                faults
            });
            // Of what it is not, the least; a member too many says less.
            let known =
                |faults: &Vec<String>| faults.iter().filter(|fault| !fault.ends_with(UNKNOWN)).count();
            let best = tries.min_by_key(|faults| (known(faults), faults.len())).unwrap();
            return out.extend(best);
        }
        if !schema["const"].is_null() && schema["const"] != *value {
            out.push(format!("{at} is {value}"));
        }
        if let Some(allowed) = schema["enum"].as_array()
            && !allowed.contains(value)
        {
            out.push(format!("{at} is {value}"));
        }
        let kinds: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().map(|kind| kind.as_str().unwrap()).collect(),
            _ => vec![],
        };
        if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(value, kind)) {
            out.push(format!("{at} is {value}, not {kinds:?}"));
        }
        if let (Some(least), Some(number)) = (schema["minimum"].as_i64(), value.as_i64())
            && number < least
        {
            out.push(format!("{at} is {value}"));
        }
        if let (Some(properties), Some(members)) = (schema["properties"].as_object(), value.as_object()) {
            for name in schema["required"].as_array().into_iter().flatten() {
                if !members.contains_key(name.as_str().unwrap()) {
                    out.push(format!("{at} has no {name}"));
                }
            }
            for (name, member) in members {
                match properties.get(name) {
                    Some(schema) => self.faults(schema, member, &format!("{at}.{name}"), out),
                    None => out.push(format!("{at} has {name}{UNKNOWN}")),
                }
            }
        }
        if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
            for value in values {
                self.faults(items, value, &format!("{at}[]"), out);
            }
        }
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    }
}

/// The Rust below these folders, tests at the end of a file left out.
fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            found.push((path, text));
        }
    }
    found
}

/// What stands between `open` and the next quote.
fn literals<'a>(text: &'a str, open: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(open)
        .skip(1)
        .filter_map(|rest| rest.split(['"', '\\']).next())
        .filter(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
}

/// The types of requests that the code reads: its match arms on `type` in `src/protocol`.
fn requests_in_code() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in sources(&["src/protocol"]) {
        for line in text.lines() {
            let line = line.trim_start();
            if let Some(word) = line
                .strip_prefix("Some(\"")
                .and_then(|rest| rest.split('"').next())
            {
                found.insert(word.to_owned());
            }
            // An item of a list on its own line.
            if let Some(word) = line.strip_prefix('"').and_then(|rest| rest.strip_suffix("\",")) {
                found.insert(word.to_owned());
            }
        }
        for function in text
            .split("fn name(")
            .skip(1)
            .chain(text.split("fn as_str(self)").skip(1))
        {
            let body = function.split("\n    }\n").next().unwrap();
            found.extend(literals(body, "=> \"").map(str::to_owned));
        }
    }
    // Of all these words, those that are types of frames: the parser knows them.
    found.retain(|word| {
        let text = json!({"type": word, "id": 1}).to_string();
        match Frame::parse(&text).request {
            Ok(_) => true,
            // Known by name, though not in this build.
            Err(error) => error.message != "This frame type is not known.",
        }
    });
    found
}

#[test]
fn every_request_is_in_the_document_and_none_that_is_not_there() {
    let document = Document::read();
    let described: BTreeSet<String> = document.messages("request_").into_keys().collect();
    assert_eq!(described, requests_in_code());
}

#[test]
fn what_the_document_says_of_a_request_is_what_the_parser_wants() {
    let document = Document::read();
    for (name, message) in document.messages("request_") {
        let example = &message["examples"][0]["payload"];
        let mut faults = Vec::new();
        document.faults(&message["payload"], example, &name, &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
        let parse = |frame: &Value| Frame::parse(&frame.to_string()).request;
        match parse(example) {
            Ok(request) => assert_eq!(request.name(), name),
            Err(error) if error.code == Code::Unsupported => continue,
            Err(error) => panic!("{name}: {}", error.message),
        }
        let required = message["payload"]["required"].as_array().unwrap();
        let members = example.as_object().unwrap();
        for member in members.keys() {
            let mut without = example.clone();
            without.as_object_mut().unwrap().remove(member);
            let must_be_there = required.iter().any(|name| name == member);
            assert_eq!(parse(&without).is_err(), must_be_there, "{name} without {member}");
        }
        for member in required {
            assert!(
                members.contains_key(member.as_str().unwrap()),
                "{name}: {member} is not in the example"
            );
        }
    }
}

/// The requests of calls.
fn of_calls(document: &Document) -> impl Iterator<Item = (String, &Value)> {
    let all = document.messages("request_").into_iter();
    all.filter(|(name, _)| name.starts_with("call_") || name.contains("webrtc"))
}

#[test]
fn of_the_frames_of_calls_document_and_parser_take_the_same_values() {
    let document = Document::read();
    let values = json!([
        null, true, 5, -5, 0.5, "text", "audio_only", [], ["x"], [null], {}, {"participant": 3}, {"participant": -3},
        {"participant": 3, "user_id": 4, "name": "B"}, {"video": true}
    ]);
    let mut tried = 0;
    for (name, message) in of_calls(&document) {
        let members = message["payload"]["properties"].as_object().unwrap();
        for member in members
            .keys()
            .filter(|member| *member != "type" && *member != "id")
        {
            for value in values.as_array().unwrap() {
                let mut frame = message["examples"][0]["payload"].clone();
                frame[member] = value.clone();
                let mut faults = Vec::new();
                document.faults(&message["payload"], &frame, &name, &mut faults);
                // Nobody is refused for a member that is not known.
                faults.retain(|fault| !fault.ends_with(UNKNOWN));
                let read = Frame::parse(&frame.to_string()).request;
                assert_eq!(read.is_ok(), faults.is_empty(), "{frame}: {faults:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn the_words_of_calls_are_those_of_the_code() {
    let document = Document::read();
    let code = fs::read_to_string(root().join("src/domain/call/mod.rs")).unwrap();
    let words = |of: &str| -> BTreeSet<String> {
        let block = code.split(&format!("impl {of} {{")).nth(1).unwrap();
        let block = block.split("fn as_str(self)").nth(1).unwrap();
        literals(block.split("\n    }\n").next().unwrap(), "=> \"")
            .map(str::to_owned)
            .collect()
    };
    let described = |schema: &str| -> BTreeSet<String> {
        let all = document.0["components"]["schemas"][schema]["enum"]
            .as_array()
            .unwrap();
        all.iter()
            .filter_map(|word| Some(word.as_str()?.to_owned()))
            .collect()
    };
    assert_eq!(described("CallState"), words("State"));
    assert_eq!(described("CallMedia"), words("Kind"));
    assert_eq!(described("RungState"), words("Rung"));
    // The last word to one who was refused or removed is how he left.
    let personal = ["denied", "removed"].map(str::to_owned);
    assert!(words("Leaving").is_superset(&personal.clone().into()));
    let reasons = words("Reason")
        .into_iter()
        .chain(personal)
        .collect::<BTreeSet<_>>();
    assert_eq!(described("CallReason"), reasons);
}

/// The types of frames that the code sends.
fn sent_in_code() -> BTreeSet<String> {
    let mut found: BTreeSet<String> = comptoir::domain::hub_event::EventKind::ALL
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    for (path, text) in sources(&["src/hub", "src/session", "src/protocol", "src/executor"]) {
        // What a message is about has a type too.
        let frames = text.lines().filter(|line| !line.contains("context"));
        found.extend(
            frames
                .flat_map(|line| literals(line, "\"type\": \""))
                .map(str::to_owned),
        );
        found.extend(literals(&text, "\\\"type\\\":\\\"").map(str::to_owned));
        found.extend(literals(&text, " event(\"").map(str::to_owned));
        found.extend(literals(&text, "\"type\".into(), \"").map(str::to_owned));
        found.extend(literals(&text, "tag = \"type\", rename = \"").map(str::to_owned));
        if path.ends_with("src/protocol/event.rs") {
            let variants = text.split("pub enum Event {").nth(1).unwrap();
            let names = variants
                .lines()
                .filter_map(|line| line.strip_prefix("    ")?.strip_suffix(" {"));
            found.extend(names.map(snake_case));
        }
        if path.ends_with("src/protocol/call.rs") {
            let relayed = text.split("fn as_str(self)").nth(1).unwrap();
            found.extend(literals(relayed.split("\n    }\n").next().unwrap(), "=> \"").map(str::to_owned));
        }
    }
    found
}

fn snake_case(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

#[test]
fn every_frame_that_is_sent_is_in_the_document_and_none_that_is_not_there() {
    let document = Document::read();
    let events = document.messages("event_").into_keys();
    let described: BTreeSet<String> = events.chain(document.messages("answer_").into_keys()).collect();
    assert_eq!(described, sent_in_code());
}

/// Checks every frame that a socket was sent, and answers their types.
fn check(document: &Document, socket: &Socket) -> BTreeSet<String> {
    let (events, answers) = (document.messages("event_"), document.messages("answer_"));
    let mut seen = BTreeSet::new();
    for frame in &socket.log {
        let kind = frame["type"].as_str().unwrap();
        let message = events.get(kind).or_else(|| answers.get(kind));
        let message = message.unwrap_or_else(|| panic!("nothing is said of {kind}"));
        let mut faults = Vec::new();
        document.faults(&message["payload"], frame, kind, &mut faults);
        if kind == "result" {
            // Its members depend on the request.
            faults.retain(|fault| !fault.starts_with("result has"));
        }
        assert!(faults.is_empty(), "{faults:#?}\n{frame:#}");
        seen.insert(kind.to_owned());
    }
    seen
}

#[test]
fn what_a_hub_sends_has_the_shapes_of_the_document() {
    let hub = Hub::start();
    let (mut awa, mut binta, mut admin) = (hub.socket("awa"), hub.socket("binta"), hub.socket("admin"));
    let cursor = binta.cursor();
    let other = binta.welcome["user"]["id"].clone();

    awa.query("INSERT INTO lignes VALUES ('x')", json!([])).unwrap();
    awa.query("UPDATE produits SET stock = stock WHERE id = 1", json!([]))
        .unwrap();
    awa.refused(json!({"type": "query", "query": "SELECT"}), "invalid_sql");
    awa.request(json!({"type": "ping"})).unwrap();

    let group = json!({"type": "create_room", "name": "Garde", "members": [other], "open": false});
    let room = awa.request(group).unwrap()["room"]["id"].clone();
    let client_id = uuid::Uuid::new_v4();
    let message = json!({"type": "send_message", "room": room, "kind": "text", "content": "Bonjour @binta",
        "needs_ack": true, "context": {"type": "vente", "id": 1}, "client_id": client_id});
    let sent = awa.request(message).unwrap()["message"].clone();
    binta.event("new_message");
    binta.event("unread");
    let about = |kind: &str| json!({"type": kind, "room": room, "message_id": sent["id"]});
    binta
        .request(json!({"type": "react", "room": room, "message_id": sent["id"], "emoji": "👍"}))
        .unwrap();
    binta.request(about("acknowledge")).unwrap();
    binta
        .request(json!({"type": "mark_delivered", "room": room, "up_to": sent["seq"]}))
        .unwrap();
    binta
        .request(json!({"type": "mark_read", "room": room, "up_to": sent["seq"]}))
        .unwrap();
    awa.event("message_updated");
    awa.event("message_read");
    binta
        .request(json!({"type": "typing", "room": room, "on": true}))
        .unwrap();
    awa.event("typing");
    awa.request(json!({"type": "rooms"})).unwrap();
    admin.event("clients_update");
    binta
        .request(json!({"type": "set_presence", "status": "busy", "status_text": "Inventaire"}))
        .unwrap();
    awa.event("presence");
    let announced = json!({"text": "Fermeture à 18 h", "level": "info"});
    hub.as_user("admin").post("/api/admin/announce", &announced);
    binta.event("system_message");

    // The same by replay, and what a place says that is none.
    let mut again = hub.socket_at("binta", &format!("since={cursor}"));
    again.event("caught_up");
    let mut lost = hub.socket_at("binta", "since=nowhere");
    lost.event("resync");

    let document = Document::read();
    let seen: BTreeSet<String> = [&awa, &binta, &admin, &again, &lost]
        .iter()
        .flat_map(|socket| check(&document, socket))
        .collect();
    for kind in [
        "welcome",
        "result",
        "error",
        "pong",
        "data_change",
        "new_message",
        "message_updated",
        "message_read",
        "unread",
        "presence",
        "room_updated",
        "typing",
        "clients_update",
        "system_message",
        "caught_up",
        "resync",
    ] {
        assert!(seen.contains(kind), "no {kind} was sent: {seen:?}");
    }
}

#[test]
fn what_a_rule_tells_has_the_shape_of_the_document() {
    let hub = Hub::with().app("records").start();
    let (mut doctor, mut pharmacist) = (hub.socket("diallo"), hub.socket("samira"));
    let patient = hub.as_user("ousmane").get("/api/me").ok()["user"]["id"].clone();
    let args = json!({"patient_id": patient, "medicaments": [{"medicament": "Fer"}]});
    doctor.rpc("createPrescription", args).unwrap();
    pharmacist.event("notification");
    if !pharmacist.log.iter().any(|frame| frame["type"] == "unread") {
        pharmacist.event("unread");
    }
    let seen = check(&Document::read(), &pharmacist);
    assert!(seen.contains("notification") && seen.contains("unread"));
}

/// Asks, and holds the answer against what the document says of it.
#[track_caller]
fn ask(document: &Document, socket: &mut Socket, frame: Value) -> Value {
    let answer = socket.request(frame.clone()).unwrap();
    check_answer(document, &frame, &answer);
    answer
}

#[track_caller]
fn check_answer(document: &Document, frame: &Value, answer: &Value) {
    let mut members = answer.clone();
    for name in ["type", "id"] {
        members.as_object_mut().unwrap().remove(name);
    }
    let kind = frame["type"].as_str().unwrap();
    let schema = &document.messages("request_")[kind]["x-answer"];
    assert!(!schema.is_null(), "nothing is said of the answer to {kind}");
    let mut faults = Vec::new();
    document.faults(schema, &members, kind, &mut faults);
    assert!(faults.is_empty(), "{faults:#?}\n{answer:#}");
}

#[test]
fn what_is_asked_and_told_in_calls_has_the_shapes_of_the_document() {
    let document = Document::read();
    let said = |name: &str| document.messages("request_")[name]["x-answer"].is_object();
    assert!(of_calls(&document).all(|(name, _)| said(&name)));

    let hub = Hub::with()
        .app("telemedicine")
        .env("CALLS__ICE_SERVERS", "turn:192.0.2.1:3478,stun:192.0.2.1:3478")
        .env("CALLS__TURN_SECRET", "between hub and relay")
        .start();
    let mut doctor = hub.socket("martin");
    let (mut patient, mut other) = (hub.socket("jean"), hub.socket("jean"));
    let user = patient.welcome["user"]["id"].clone();
    let direct = doctor
        .request(json!({"type": "open_direct", "user_id": user}))
        .unwrap();
    let open =
        json!({"type": "call_open", "room": direct["room"]["id"], "media": "audio_video", "link": true});

    // A talk of three: somebody of the room, and a guest whom the host lets in.
    let opened = ask(&document, &mut doctor, open.clone());
    let call = &opened["call_id"];
    let about = |kind: &str| json!({"type": kind, "call_id": call});
    patient.event("call_invite");
    ask(&document, &mut patient, about("call_accept"));
    other.event("call_answered_elsewhere");
    let join = json!({"code": opened["conferenceLink"]["joinCode"], "name": "Fatou"});
    let path = format!("/api/messaging/webrtc/sessions/{call}/join");
    let knock = || {
        let joined = hub.client().post(&path, &join).ok();
        let guest = hub.socket_with_token(joined["token"].as_str().unwrap(), "");
        (guest, joined["participant"].clone())
    };
    let (mut guest, number) = knock();
    guest.event("call_state");
    let (mut unwanted, refused) = knock();
    unwanted.event("call_state");
    let mut admit = about("call_admit");
    admit["participant"] = number.clone();
    ask(&document, &mut doctor, admit);
    ask(&document, &mut guest, about("call_accept"));
    let mut deny = about("call_deny");
    deny["participant"] = refused;
    ask(&document, &mut doctor, deny);
    unwanted.read_to_the_end();

    ask(&document, &mut patient, about("request_webrtc_offer"));
    doctor.event("request_webrtc_offer");
    guest.event("request_webrtc_offer");
    for (kind, member, value) in [
        ("webrtc_offer", "sdp", json!("v=0")),
        ("webrtc_answer", "sdp", json!("v=0")),
        (
            "webrtc_ice_candidates",
            "candidates",
            json!([{"candidate": "", "sdpMid": "0"}, null]),
        ),
        ("call_media", "screen", json!(true)),
    ] {
        let mut frame = about(kind);
        frame[member] = value;
        ask(&document, &mut doctor, frame);
        patient.event(kind);
        guest.event(kind);
    }
    ask(&document, &mut patient, about("call_hangup"));
    ask(&document, &mut doctor, about("call_end"));
    guest.read_to_the_end();

    // One that is refused, opened without a socket.
    let answer = hub.as_user("martin").post("/api/request", &open).ok();
    check_answer(&document, &open, &answer);
    patient.event("call_invite");
    let decline = json!({"type": "call_decline", "call_id": answer["call_id"]});
    ask(&document, &mut patient, decline);
    other
        .try_event(|e| e["type"] == "call_state" && e["state"] == "declined")
        .unwrap();

    let seen: BTreeSet<String> = [&doctor, &patient, &other, &guest, &unwanted]
        .iter()
        .flat_map(|socket| check(&document, socket))
        .collect();
    let events = document.messages("event_").into_keys();
    for kind in events.filter(|kind| kind.starts_with("call_") || kind.contains("webrtc")) {
        assert!(seen.contains(&kind), "no {kind} was sent: {seen:?}");
    }
}
