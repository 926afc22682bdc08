//! The schemas of `components`.

use serde_json::{Map, Value, json};

use crate::protocol::Code;

use super::operation::schema_ref;

/// An object whose `required` members are the first `needed` of `properties`.
pub(super) fn object(needed: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": needed, "properties": properties })
}

pub(super) fn list(item: &str) -> Value {
    json!({ "type": "array", "items": schema_ref(item) })
}

pub(super) fn text() -> Value {
    json!({ "type": "string" })
}

/// One statement of SQL.
fn statement() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

/// `schema`, where at most one of two members is given.
fn either_not_both(one: &str, other: &str, mut schema: Value) -> Value {
    schema["not"] = json!({ "required": [one, other] });
    schema
}

pub(super) fn integer() -> Value {
    json!({ "type": "integer" })
}

pub(super) fn flag() -> Value {
    json!({ "type": "boolean" })
}

pub(super) fn maybe(kind: &str) -> Value {
    json!({ "type": [kind, "null"] })
}

fn uuid() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

pub(super) fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

pub fn all() -> Value {
    let mut schemas = Map::new();
    for part in [
        values(),
        people(),
        data(),
        hub(),
        super::call_schemas::all(),
        super::console_schemas::all(),
        super::messaging_schemas::all(),
    ] {
        if let Value::Object(part) = part {
            schemas.extend(part);
        }
    }
    schemas.into()
}

fn values() -> Value {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    json!({
        "Problem": object(&["type", "title", "status", "code", "detail", "request_id"], json!({
            "type": text(), "title": text(), "status": integer(),
            "code": { "type": "string", "enum": codes },
            "detail": text(), "request_id": uuid(),
            "retry_after_ms": integer(), "constraint": text(), "limit": text()
        })),
        "SqlValue": {
            "description": "A value of SQL. Integers beyond ±(2^53−1), blobs and non-finite reals have forms of their own.",
            "anyOf": [
                { "type": ["null", "number", "string"] },
                object(&["$int"], json!({ "$int": text() })),
                object(&["$blob"], json!({ "$blob": { "type": "string", "contentEncoding": "base64" } })),
                object(&["$real"], json!({ "$real": { "enum": ["Infinity", "-Infinity"] } }))
            ]
        },
        "ParameterValue": { "anyOf": [schema_ref("SqlValue"), { "type": "boolean" }] },
        "Row": { "type": "object", "additionalProperties": schema_ref("SqlValue") },
        "NewRow": { "type": "object", "additionalProperties": schema_ref("ParameterValue") },
        "Params": {
            "anyOf": [
                { "type": "array", "items": schema_ref("ParameterValue") },
                schema_ref("NewRow"),
                { "type": "null" }
            ]
        },
        "Args": { "description": "By position or by name.", "type": ["array", "object", "null"] }
    })
}

fn people() -> Value {
    json!({
        "User": object(&["id", "username", "display_name", "role", "lang"], json!({
            "id": integer(), "username": text(), "display_name": text(), "role": text(), "lang": text()
        })),
        "Credentials": object(&["username", "password"], json!({ "username": text(), "password": text() })),
        "RefreshRequest": object(&["refresh_token"], json!({ "refresh_token": text() })),
        "Grant": object(&["token", "token_type", "expires_in", "refresh_token", "user"], json!({
            "token": text(), "token_type": { "const": "Bearer" },
            "expires_in": { "type": "integer", "description": "Seconds." },
            "refresh_token": text(), "user": schema_ref("User"),
            "password_change_required": flag()
        })),
        "PasswordChange": object(&["current", "new"], json!({
            "current": text(), "new": { "type": "string", "description": "8 to 72 bytes of UTF-8." }
        })),
        "LoginSession": object(
            &["id", "address", "user_agent", "created_at", "last_used_at", "current"],
            json!({
                "id": uuid(), "address": text(), "user_agent": text(), "created_at": time(),
                "last_used_at": time(), "current": flag()
            })
        ),
        "LoginSessions": object(&["sessions"], json!({ "sessions": list("LoginSession") })),
        "UploadedFile": object(
            &["id", "name", "mime", "size", "sha256", "url", "duration_ms", "width", "height", "thumbnail_url"],
            json!({
                "id": integer(), "name": text(), "mime": text(), "size": integer(),
                "sha256": { "type": "string", "description": "Of the bytes, hex." },
                "url": { "type": "string", "description": "Works for `files.ticket_ttl_s` without a token." },
                "duration_ms": maybe("integer"), "width": maybe("integer"), "height": maybe("integer"),
                "thumbnail_url": maybe("string")
            })
        ),
        "Role": object(
            &["name", "title", "login_from", "admin", "raw_sql", "notify", "open_calls"],
            json!({
                "name": text(), "title": text(), "login_from": { "enum": ["server", "client", "anywhere"] },
                "admin": flag(), "raw_sql": flag(), "notify": flag(), "open_calls": flag()
            })
        ),
        "TableRights": object(&["select", "insert", "update", "delete"], json!({
            "select": { "type": "array", "items": text() },
            "insert": { "type": "array", "items": text() },
            "update": { "type": "array", "items": text() },
            "delete": flag(),
            "owner": { "type": "string", "description": "Only rows whose column holds the user's id." }
        })),
        "Me": object(
            &["user", "role", "password_change_required", "tables", "functions", "contacts"],
            json!({
                "user": schema_ref("User"), "role": schema_ref("Role"), "password_change_required": flag(),
                "tables": { "type": "object", "additionalProperties": schema_ref("TableRights") },
                "functions": list("Function"), "contacts": list("User")
            })
        ),
        "UserRecord": object(
            &["id", "username", "display_name", "role", "lang", "active", "must_change_password", "created_at",
              "last_login_at"],
            json!({
                "id": integer(), "username": text(), "display_name": text(), "role": text(), "lang": text(),
                "active": flag(), "must_change_password": flag(), "created_at": time(),
                "last_login_at": { "type": ["string", "null"], "format": "date-time" }
            })
        ),
        "Users": object(&["users"], json!({ "users": list("UserRecord") })),
        "NewUser": object(&["username", "role", "password"], json!({
            "username": text(), "display_name": maybe("string"), "role": text(), "password": text(),
            "lang": maybe("string"), "must_change_password": flag()
        })),
        "UserPatch": object(&[], json!({
            "display_name": maybe("string"), "role": maybe("string"), "password": maybe("string"),
            "lang": maybe("string"), "active": maybe("boolean"), "must_change_password": maybe("boolean")
        })),
        "Terminal": object(&["name", "address", "created_at"], json!({
            "name": text(), "address": text(), "created_at": time()
        })),
        "Terminals": object(&["terminals"], json!({ "terminals": list("Terminal") })),
        "NewTerminal": object(&["name"], json!({
            "name": { "type": "string", "minLength": 1, "maxLength": 64 },
            "address": { "type": ["string", "null"], "description": "Without one: the machine that asks." }
        }))
    })
}

fn data() -> Value {
    let expect = json!({ "type": ["integer", "null"], "minimum": 0 });
    let key = maybe("string");
    let kind = json!({ "enum": ["select", "insert", "update", "delete", null] });
    let duplicate = json!({ "type": "boolean", "description": "A retry: this is the first answer." });
    json!({
        "Query": either_not_both("type", "kind", object(&["query"], json!({
            "query": statement(), "params": schema_ref("Params"), "type": kind, "kind": kind,
            "expect_affected": expect, "idempotency_key": key
        }))),
        "QueryResult": object(&["columns", "rows", "rows_affected", "last_insert_id", "truncated", "commit"], json!({
            "columns": { "type": "array", "items": text() },
            "rows": { "type": "array", "items": { "type": "array", "items": schema_ref("SqlValue") } },
            "rows_affected": integer(), "last_insert_id": schema_ref("SqlValue"),
            "truncated": flag(), "commit": integer(), "duplicate": duplicate
        })),
        "Batch": object(&["statements"], json!({
            "statements": { "type": "array", "minItems": 1, "items": object(&["query"], json!({
                "query": statement(), "params": schema_ref("Params"), "expect_affected": expect
            })) },
            "idempotency_key": key
        })),
        "BatchResult": object(&["results", "commit"], json!({
            "results": { "type": "array", "items": { "type": "object" } },
            "commit": integer(), "duplicate": duplicate
        })),
        "RpcBody": {
            "description": "The arguments themselves, or the frame's form with `args`.",
            "anyOf": [
                object(&["args"], json!({ "args": schema_ref("Args"), "idempotency_key": key })),
                schema_ref("Args")
            ]
        },
        "RpcResult": object(&["data", "commit"], json!({
            "data": {}, "commit": integer(), "duplicate": duplicate
        })),
        "Frame": {
            "type": "object",
            "required": ["type"],
            "properties": { "type": text(), "id": { "type": ["string", "integer"] } },
            "additionalProperties": true
        },
        "EventPage": object(&["events", "cursor"], json!({
            "events": { "type": "array", "items": schema_ref("Frame") },
            "cursor": { "type": ["string", "null"], "description": "`since` of the next call." }
        })),
        "Column": object(
            &["name", "type", "not_null", "has_default", "generated", "collation", "select", "insert", "update"],
            json!({
                "name": text(), "type": { "type": "string", "description": "As declared; may be empty." },
                "not_null": flag(), "has_default": flag(), "generated": flag(),
                "collation": { "enum": ["BINARY", "NOCASE", "RTRIM", null], "description": "null: of a view, or not one of SQLite's own." },
                "select": flag(), "insert": flag(), "update": flag(), "title": schema_ref("Title")
            })
        ),
        "Table": object(&["name", "kind", "columns", "key", "delete"], json!({
            "name": text(), "kind": { "enum": ["table", "view", "virtual"] }, "columns": list("Column"),
            "key": { "type": "array", "items": text(), "description": "`rowid` where there is no primary key." },
            "delete": flag(), "title": schema_ref("Title")
        })),
        "Title": {
            "description": "What people call it: one text for all, or one for each language.",
            "oneOf": [text(), object(&[], json!({ "fr": text(), "en": text(), "ar": text() }))]
        },
        "Function": object(&["name", "cardinality", "read_only", "params"], json!({
            "name": text(), "cardinality": { "enum": ["one", "many", "exec"] }, "read_only": flag(),
            "params": { "type": "array", "items": object(&["name", "type", "optional"], json!({
                "name": text(), "type": { "enum": ["text", "integer", "real", "boolean", "json"] },
                "optional": flag(), "default": schema_ref("SqlValue"), "title": schema_ref("Title")
            })) },
            "title": schema_ref("Title"),
            "columns": {
                "type": "object", "additionalProperties": schema_ref("Title"),
                "description": "Titles of columns that it answers, where the pack has them."
            },
            "route": object(&["method", "path"], json!({ "method": text(), "path": text() }))
        })),
        "Schema": object(&["tables", "functions"], json!({
            "tables": list("Table"), "functions": list("Function"),
            "roles": {
                "type": "object", "additionalProperties": schema_ref("Title"),
                "description": "Titles of one's own role and of those of one's contacts."
            }
        }))
    })
}

fn hub() -> Value {
    json!({
        "Health": object(&["status", "name", "version", "uptime_s"], json!({
            "status": text(), "name": text(), "version": text(), "uptime_s": integer()
        })),
        "Info": object(
            &["name", "version", "hostname", "addresses", "ports", "platform", "uptime_s", "certificate_fingerprint"],
            json!({
                "name": text(), "version": text(), "hostname": text(),
                "addresses": { "type": "array", "items": text() },
                "ports": object(&["http", "https"], json!({ "http": integer(), "https": maybe("integer") })),
                "platform": text(), "uptime_s": integer(),
                "certificate_fingerprint": maybe("string")
            })
        ),
        "Session": object(&["id", "sid", "user_id", "username", "role", "address", "transport", "connected_at"], json!({
            "id": uuid(), "sid": uuid(), "user_id": integer(), "username": text(), "role": text(),
            "address": text(), "user_agent": text(), "transport": { "enum": ["websocket", "sse", "poll"] },
            "connected_at": time(), "latency_ms": maybe("number"), "outbox_bytes": integer(),
            "outbox_frames": integer(), "in_flight": integer()
        })),
        "Sessions": object(&["sessions"], json!({ "sessions": list("Session") })),
        "AuditEntry": object(&["id", "at", "action", "outcome"], json!({
            "id": integer(), "at": time(), "action": text(), "user_id": maybe("integer"),
            "username": maybe("string"), "address": maybe("string"), "session": maybe("string"),
            "subject": maybe("string"), "detail": maybe("string"), "tables": maybe("string"),
            "rows_affected": maybe("integer"), "commit": maybe("integer"), "outcome": text()
        })),
        "AuditPage": object(&["entries", "next_before"], json!({
            "entries": list("AuditEntry"),
            "next_before": { "type": ["integer", "null"], "description": "`before` of the next page." }
        })),
        "Backup": object(&["file", "commit", "at", "bytes"], json!({
            "file": text(), "commit": integer(), "at": time(), "bytes": integer()
        })),
        "Announcement": object(&["text"], json!({
            "text": { "type": "string", "minLength": 1, "maxLength": 2000 },
            "level": { "enum": ["info", "warning", "error"], "default": "info" },
            "expires_at": { "type": ["string", "null"], "format": "date-time" }
        })),
        "Metrics": object(&["metrics"], json!({
            "metrics": { "type": "object", "additionalProperties": object(&["type", "help", "samples"], json!({
                "type": text(), "help": text(), "samples": { "type": "array", "items": { "type": "object" } }
            })) }
        }))
    })
}
