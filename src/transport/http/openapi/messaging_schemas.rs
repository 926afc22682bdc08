//! The schemas of `/api/messaging/conversations…`.

use serde_json::{Value, json};

use super::{
    operation::schema_ref,
    schemas::{flag, integer, list, maybe, object, text, time},
};

pub fn all() -> Value {
    let person = || {
        object(
            &["id", "type", "nom"],
            json!({ "id": maybe("integer"), "type": maybe("string"), "nom": text() }),
        )
    };
    let kinds = || json!({ "enum": ["texte", "image", "file", "audio"] });
    json!({
        "Conversation": object(&["id", "type", "nom", "participants", "non_lus", "created_at"], json!({
            "id": integer(), "type": { "enum": ["private", "group"] }, "nom": maybe("string"),
            "participants": { "type": "array", "items": person() },
            "dernier_message": { "anyOf": [schema_ref("ConversationMessage"), { "type": "null" }] },
            "last_seq": integer(), "non_lus": integer(), "created_at": time()
        })),
        "ConversationMessage": object(
            &["id", "contenu", "type_message", "expediteur_id", "conversation_id", "timestamp", "created_at", "sender"],
            json!({
                "id": integer(), "seq": integer(), "contenu": text(), "type_message": kinds(),
                "expediteur_id": maybe("integer"), "conversation_id": integer(), "timestamp": time(),
                "created_at": time(), "sender": person(),
                "metadata": { "type": "object", "description": "What the message has beside these." }
            })
        ),
        "NewConversation": object(&[], json!({
            "type": { "enum": ["private", "group"] }, "participant_id": integer(), "nom": text(),
            "participants": { "type": "array", "items": integer() }
        })),
        "NewConversationMessage": object(&["contenu"], json!({
            "contenu": text(), "type_message": kinds(),
            "file_id": { "type": "integer", "description": "Of an upload, for image, file and audio." },
            "reply_to": integer(), "client_id": { "type": "string", "format": "uuid" },
            "metadata": {
                "type": "object",
                "description": "`context`, `priority`, `reply_to`, `file_id` and `client_id` are taken; the rest is not looked at."
            }
        })),
        "ConversationReadMark": object(&[], json!({ "up_to": { "type": "integer", "description": "The `seq` of a message." } })),
        "ConversationsEnvelope": envelope(&["conversations"], json!({ "conversations": list("Conversation") })),
        "ConversationEnvelope": envelope(&["conversation"], json!({ "conversation": schema_ref("Conversation") })),
        "ConversationMessagesEnvelope": envelope(&["messages", "has_more"], json!({
            "messages": list("ConversationMessage"), "has_more": flag()
        })),
        "ConversationMessageEnvelope": envelope(&["message"], json!({ "message": schema_ref("ConversationMessage") })),
        "ConversationReadEnvelope": envelope(&["conversation_id", "up_to", "non_lus"], json!({
            "conversation_id": integer(), "up_to": integer(), "non_lus": integer(), "mentions": integer()
        }))
    })
}

fn envelope(needed: &[&str], data: Value) -> Value {
    object(
        &["success", "data"],
        json!({ "success": { "const": true }, "data": object(needed, data) }),
    )
}
