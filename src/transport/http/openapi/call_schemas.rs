//! The schemas of `/api/messaging/webrtc/sessions…`.

use serde_json::{Value, json};

use super::schemas::{integer, maybe, object, text, time};

pub fn all() -> Value {
    let media = json!({ "enum": ["audio_video", "audio_only"] });
    let session = object(
        &["id", "conversation_id", "session_type", "statut", "expires_at"],
        json!({
            "id": integer(), "conversation_id": integer(), "session_type": media,
            "statut": { "enum": ["initiating", "ringing", "active", "ended", "expired", "declined", "missed"] },
            "reason": maybe("string"), "expires_at": time(), "created_at": time(),
            "started_at": { "type": ["string", "null"], "format": "date-time" },
            "ended_at": { "type": ["string", "null"], "format": "date-time" }
        }),
    );
    let link = json!({
        "type": ["object", "null"],
        "description": "For the host of a call with a code, while it lives.",
        "required": ["sessionId", "conferenceUrl", "joinCode", "fullLink"],
        "properties": {
            "sessionId": integer(), "conferenceUrl": text(), "fullLink": text(),
            "joinCode": { "type": "string", "pattern": "^[0-9A-F]{8}$" }
        }
    });
    json!({
        "NewCallSession": object(&["conversation_id"], json!({
            "conversation_id": { "type": ["integer", "string"], "description": "Id of a room." },
            "session_type": media
        })),
        "CallSession": object(&["status", "data", "ice_servers"], json!({
            "status": { "const": "success" },
            "data": object(&["session", "conferenceLink"], json!({
                "session": session, "conferenceLink": link,
                "call": { "type": ["object", "null"], "description": "As in the event `call_state`." }
            })),
            "ice_servers": { "type": "array", "items": object(&["urls"], json!({
                "urls": { "type": "array", "items": text() }, "username": text(), "credential": text()
            })) }
        })),
        "JoinCall": object(&["code", "name"], json!({
            "code": text(), "name": { "type": "string", "minLength": 1, "maxLength": 80 }
        })),
        "GuestGrant": object(&["status", "token", "token_type", "expires_in", "participant"], json!({
            "status": { "const": "success" }, "token": text(), "token_type": { "const": "Bearer" },
            "expires_in": { "type": "integer", "description": "Seconds." }, "participant": integer(),
            "data": { "type": "object" }
        }))
    })
}
