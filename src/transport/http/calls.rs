//! `/api/messaging/webrtc/sessions`: calls for pages that open them over HTTP, and the door for guests (PROTOCOL
//! section 6).

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    domain::{
        text::is_unseen,
        timestamp::{now_ms, rfc3339},
    },
    hub::call::{Described, Link},
    protocol::{
        Code, Error,
        call::{Act, Id, Media},
        error::Result,
    },
    session::requests,
};

use super::{
    HttpState,
    body::{Json, created_value, ok_value},
    caller::{Authenticated, Visitor, is_secure},
    encoding,
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

const SESSIONS: &str = "/api/messaging/webrtc/sessions";

/// Longest name that a guest may give himself, characters.
const LONGEST_NAME: usize = 80;

#[derive(Deserialize)]
struct NewSession {
    conversation_id: Id,
    #[serde(default)]
    session_type: Media,
}

#[derive(Deserialize)]
struct Options {
    #[serde(default)]
    generate_conference_link: bool,
}

#[derive(Deserialize)]
struct Joining {
    code: String,
    #[serde(default)]
    name: String,
}

pub fn endpoints() -> Vec<Endpoint> {
    let id = |operation: Operation| operation.path("id", "Id of the call.", json!({ "type": "integer" }));
    vec![
        Endpoint::post(
            SESSIONS,
            open,
            Operation::new(
                "openCall",
                "calls",
                "Opens a call in a room, for roles with `open_calls`; the room's users are rung.",
            )
            .query(
                "generate_conference_link",
                "With a code for guests.",
                json!({ "type": "boolean", "default": false }),
            )
            .takes(true, schema_ref("NewCallSession"))
            .answers(201, "The call.", schema_ref("CallSession")),
        ),
        Endpoint::get(
            "/api/messaging/webrtc/sessions/{id}",
            show,
            id(Operation::new(
                "showCall",
                "calls",
                "How a call of one's room stands, or how it ended.",
            ))
            .answers(200, "The call.", schema_ref("CallSession")),
        ),
        Endpoint::post(
            "/api/messaging/webrtc/sessions/{id}/join",
            join,
            id(Operation::new(
                "joinCall",
                "calls",
                "A guest gives the code and gets a token that is good for this call only.",
            ))
            .describe("Unknown calls and wrong codes are both `not_found`, and slow the address.")
            .open()
            .takes(true, schema_ref("JoinCall"))
            .answers(200, "The token.", schema_ref("GuestGrant")),
        ),
        Endpoint::post(
            "/api/messaging/webrtc/sessions/{id}/end",
            end,
            id(Operation::new(
                "endCall",
                "calls",
                "The host ends the call for all.",
            ))
            .answers_nothing(204, "Ended."),
        ),
        Endpoint::delete(
            "/api/messaging/webrtc/sessions/{id}",
            end,
            id(Operation::new("deleteCall", "calls", "The same as `/end`.")).answers_nothing(204, "Ended."),
        ),
    ]
}

async fn open(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    options: web::Query<Options>,
    Json(new): Json<NewSession>,
) -> Result<HttpResponse, Problem> {
    let kind = requests::call::kind(new.session_type);
    let room = new.conversation_id.0;
    let with_code = options.generate_conference_link;
    let calls = &state.context.calls;
    let opened = calls.open(&caller.who, room, kind, with_code, None).await?;
    let subject = format!("call {}", opened.id);
    state
        .context
        .audit
        .record(caller.audit_act("call_opened", &subject));
    Ok(created_value(&json!({
        "status": "success",
        "data": {
            "session": {
                "id": opened.id,
                "conversation_id": room,
                "session_type": kind.as_str(),
                "statut": "initiating",
                "expires_at": rfc3339(opened.expires_ms),
            },
            "conferenceLink": opened.link.map(|link| conference_link(&req, &state, opened.id, &link)),
        },
        "ice_servers": opened.ice_servers,
    }))?)
}

async fn show(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = call_id(&req)?;
    let shown = match state.context.calls.describe(&caller.who, id).await? {
        Described::Live {
            room,
            state: call,
            expires_ms,
            link,
            ice_servers,
        } => json!({
            "status": "success",
            "data": {
                "session": {
                    "id": id,
                    "conversation_id": room,
                    "session_type": call["media"],
                    "statut": call["state"],
                    "reason": call["reason"],
                    "expires_at": rfc3339(expires_ms),
                },
                "conferenceLink": link.map(|link| conference_link(&req, &state, id, &link)),
                "call": call,
            },
            "ice_servers": ice_servers,
        }),
        Described::Over(record, participants) => json!({
            "status": "success",
            "data": {
                "session": {
                    "id": id,
                    "conversation_id": record.room_id,
                    "session_type": record.media,
                    "statut": record.state,
                    "reason": record.reason,
                    "expires_at": rfc3339(record.expires_at_ms),
                    "created_at": rfc3339(record.created_at_ms),
                    "started_at": record.started_at_ms.map(rfc3339),
                    "ended_at": record.ended_at_ms.map(rfc3339),
                },
                "conferenceLink": null,
                "call": null,
                "participants": participants.iter().map(|p| json!({
                    "participant": p.number,
                    "user_id": p.user_id,
                    "name": p.name,
                    "joined_at": rfc3339(p.joined_at_ms),
                    "left_at": p.left_at_ms.map(rfc3339),
                    "left_how": p.left_how,
                })).collect::<Value>(),
            },
            "ice_servers": [],
        }),
    };
    Ok(ok_value(&shown)?)
}

async fn join(
    visitor: Visitor,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(joining): Json<Joining>,
) -> Result<HttpResponse, Problem> {
    let id = call_id(&req)?;
    let name: String = joining.name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(is_unseen) {
        return Err(Error::invalid("name is 1 to 80 characters long, all of which can be seen.").into());
    }
    let calls = &state.context.calls;
    let joined = calls
        .join(id, &joining.code, name.into(), visitor.peer.address)
        .await?;
    let expires_in = (joined.expires_ms - now_ms()).max(0) / 1000;
    Ok(ok_value(&json!({
        "status": "success",
        "token": joined.token,
        "token_type": "Bearer",
        "expires_in": expires_in,
        "participant": joined.participant,
        "data": {
            "token": joined.token,
            "expires_in": expires_in,
            "participant": joined.participant,
            "session": {
                "id": id,
                "session_type": joined.state["media"],
                "statut": joined.state["state"],
                "expires_at": rfc3339(joined.expires_ms),
            },
            "host": { "name": joined.state["host"]["name"] },
        },
    }))?)
}

async fn end(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let id = call_id(&req)?;
    state.context.calls.act(&caller.who, None, id, Act::End).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// An id that is no number is nobody's call.
fn call_id(req: &HttpRequest) -> Result<i64> {
    encoding::path_parameter(req, "id")?
        .parse()
        .map_err(|_| Error::of(Code::NotFound))
}

/// Where the guest goes: under the name by which the hub was reached, by HTTPS where there is that, because browsers
/// give camera and microphone to no other page.
fn conference_link(req: &HttpRequest, state: &HttpState, id: i64, link: &Link) -> Value {
    let host = req
        .headers()
        .get("host")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("localhost");
    let base = match state.host.https_port {
        Some(port) if !is_secure(req, state) => {
            let name = host.rsplit_once(':').map_or(host, |(name, port)| {
                if port.bytes().all(|b| b.is_ascii_digit()) {
                    name
                } else {
                    host
                }
            });
            format!("https://{name}:{port}")
        }
        _ if is_secure(req, state) => format!("https://{host}"),
        _ => format!("http://{host}"),
    };
    let url = format!("{base}/conference/{id}");
    json!({
        "sessionId": id,
        "fullLink": format!("{url}?code={}", link.code),
        "conferenceUrl": url,
        "joinCode": link.code,
    })
}
