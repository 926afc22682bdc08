//! The schemas of what the console and the set-up page ask for.

use serde_json::{Value, json};

use super::{
    operation::schema_ref,
    schemas::{flag, integer, list, maybe, object, text, time},
};

fn texts() -> Value {
    json!({ "type": "array", "items": text() })
}

fn things() -> Value {
    json!({ "type": "array", "items": { "type": "object" } })
}

pub fn all() -> Value {
    let numbers = json!({ "type": "array", "items": maybe("number") });
    json!({
        "History": object(&["every_s", "at", "series", "sessions"], json!({
            "every_s": { "type": "integer", "description": "Seconds between two points." },
            "at": { "type": "array", "items": integer(), "description": "Ends of the intervals, milliseconds since 1970." },
            "series": {
                "type": "object", "additionalProperties": numbers,
                "description": "Counts are rates a second, times seconds, sizes bytes; as long as `at`."
            },
            "sessions": { "type": "object", "additionalProperties": numbers, "description": "Connected sessions by role." }
        })),
        "BackupFile": object(&["file", "kind", "at", "bytes", "commit", "version"], json!({
            "file": text(), "kind": { "enum": ["scheduled", "requested", "before_migration", "other"] },
            "at": time(), "bytes": integer(),
            "commit": { "type": ["integer", "null"], "description": "`null`: it does not begin as a backup." },
            "version": maybe("string")
        })),
        "Backups": object(&["dir", "data", "every_s", "keep", "backups"], json!({
            "dir": text(), "data": text(), "every_s": integer(), "keep": integer(), "backups": list("BackupFile")
        })),
        "Pack": object(&["name", "title", "roles", "functions", "rules", "migrations", "tables"], json!({
            "name": maybe("string"), "title": maybe("string"), "directory": maybe("string"),
            "roles": things(), "functions": things(), "rules": things(), "migrations": things(), "tables": things()
        })),
        "Network": object(&["hostname", "ports", "addresses", "certificate_fingerprint", "plain_http"], json!({
            "hostname": text(),
            "ports": object(&["http", "https"], json!({ "http": integer(), "https": maybe("integer") })),
            "addresses": { "type": "array", "items": object(&["address", "url", "loopback", "qr"], json!({
                "address": text(), "url": text(), "loopback": flag(),
                "qr": {
                    "description": "An SVG path on a grid of `size`; `null` for loopback.",
                    "type": ["object", "null"], "properties": { "size": integer(), "path": text() }
                }
            })) },
            "certificate_fingerprint": maybe("string"), "plain_http": flag(),
            "allowed_origins": texts(), "allowed_hosts": texts(), "trusted_proxies": texts()
        })),
        "RoomRecord": object(
            &["id", "kind", "name", "role", "open", "usernames", "member_count", "messages", "created_at", "last_message_at"],
            json!({
                "id": integer(), "kind": { "enum": ["direct", "group", "role", "everyone", "legacy"] },
                "name": maybe("string"), "role": maybe("string"), "open": flag(), "usernames": texts(),
                "member_count": integer(), "messages": integer(), "created_at": time(),
                "last_message_at": { "type": ["string", "null"], "format": "date-time" }
            })
        ),
        "RoomRecords": object(&["rooms", "total"], json!({ "rooms": list("RoomRecord"), "total": integer() })),
        "PackOffer": object(&["name", "title"], json!({
            "name": text(), "title": { "type": "object", "additionalProperties": maybe("string") }
        })),
        "Setup": object(&["open"], json!({
            "open": flag(), "key": { "type": "string", "description": "To be sent back." },
            "packs": list("PackOffer"), "pack": { "anyOf": [schema_ref("PackOffer"), { "type": "null" }] },
            "backup_dir": text(), "backup_is_fixed": flag()
        })),
        "SetupChoice": object(&["key", "username", "password", "lang"], json!({
            "key": text(), "username": text(), "display_name": maybe("string"), "password": text(),
            "lang": { "enum": ["fr", "en", "ar"] }, "pack": maybe("string"),
            "backup_dir": maybe("string"), "backup_every_s": maybe("integer")
        })),
        "SetupDone": object(&["username", "restarting"], json!({
            "username": text(),
            "restarting": { "type": "boolean", "description": "The hub starts anew and is back in a moment." }
        }))
    })
}
