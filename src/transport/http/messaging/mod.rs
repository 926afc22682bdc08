//! `/api/messaging/conversations…`: rooms and messages in the words of an older messaging service (`contenu`,
//! `type_message`, `expediteur_id`, `{"success", "data"}`). Nothing is decided here: each route is one request of the
//! socket, asked with the caller's rights, and put into other words by [`shapes`].

mod shapes;

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::{Value, json};

use crate::{
    protocol::{Code, Error, error::Result, request::Frame},
    session::requests::answer,
};

use super::{
    HttpState,
    body::{self, Json, idempotency_key},
    caller::{Authenticated, Caller},
    encoding::{decode_query, raw_path_parameter},
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

use shapes::{NewConversation, NewMessage, ReadMark};

pub fn endpoints() -> Vec<Endpoint> {
    let number = || json!({ "type": "integer", "minimum": 0 });
    let of_conversation =
        |operation: Operation| operation.path("id", "A conversation, which is a room.", number());
    vec![
        Endpoint::get(
            "/api/messaging/conversations",
            list,
            Operation::new("listConversations", "people", "The conversations one is in.").answers(
                200,
                "Rooms, in other words.",
                schema_ref("ConversationsEnvelope"),
            ),
        ),
        Endpoint::post(
            "/api/messaging/conversations",
            open,
            Operation::new("openConversation", "people", "Opens a private conversation, or makes a group.")
                .describe("A private conversation with a person is the same one each time.")
                .takes(true, schema_ref("NewConversation"))
                .answers(201, "It is there.", schema_ref("ConversationEnvelope")),
        ),
        Endpoint::get(
            "/api/messaging/conversations/{id}",
            one,
            of_conversation(Operation::new("getConversation", "people", "One conversation.")).answers(
                200,
                "A room, in other words.",
                schema_ref("ConversationEnvelope"),
            ),
        ),
        Endpoint::get(
            "/api/messaging/conversations/{id}/messages",
            messages,
            of_conversation(Operation::new("listConversationMessages", "people", "Messages, the oldest first."))
                .query("limit", "At most so many; the newest, without `after`.", number())
                .query("before", "Only those with a lower `seq`.", number())
                .query("after", "Only those with a higher `seq`.", number())
                .answers(200, "A page of them.", schema_ref("ConversationMessagesEnvelope")),
        ),
        Endpoint::post(
            "/api/messaging/conversations/{id}/messages",
            send,
            of_conversation(Operation::new("sendConversationMessage", "people", "Writes a message."))
                .describe(
                    "Who writes is who holds the token: `sender_id` and the like in the body are not looked at. With \
                     `client_id`, or an `Idempotency-Key`, a retry is answered with the message that is there.",
                )
                .idempotent()
                .takes(true, schema_ref("NewConversationMessage"))
                .answers(201, "It is written.", schema_ref("ConversationMessageEnvelope"))
                .answers(200, "It was there already.", schema_ref("ConversationMessageEnvelope")),
        ),
        Endpoint::post(
            "/api/messaging/conversations/{id}/read",
            read,
            of_conversation(Operation::new("markConversationRead", "people", "Marks messages as read."))
                .describe("Without `up_to`: all of them.")
                .takes(false, schema_ref("ConversationReadMark"))
                .answers(200, "What is left unread.", schema_ref("ConversationReadEnvelope")),
        ),
    ]
}

type Answer = Result<HttpResponse, Problem>;

async fn list(Authenticated(caller): Authenticated, state: web::Data<HttpState>) -> Answer {
    let rooms = rooms(&state, &caller).await.map_err(enveloped)?;
    let conversations: Vec<Value> = rooms.iter().map(shapes::conversation).collect();
    done(json!({ "conversations": conversations }))
}

async fn one(Authenticated(caller): Authenticated, state: web::Data<HttpState>, req: HttpRequest) -> Answer {
    let found = async { room_of(&rooms(&state, &caller).await?, conversation_id(&req)?) };
    let room = found.await.map_err(enveloped)?;
    done(json!({ "conversation": shapes::conversation(&room) }))
}

async fn open(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    Json(wanted): Json<NewConversation>,
) -> Answer {
    let asked = async { ask(&state, &caller, wanted.frame()?).await };
    let answered = asked.await.map_err(enveloped)?;
    created(json!({ "conversation": shapes::conversation(&answered["room"]) }))
}

async fn messages(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
) -> Answer {
    let asked = async {
        let mut frame = json!({ "type": "history", "room": conversation_id(&req)? });
        for (name, value) in decode_query(req.query_string())? {
            if matches!(name.as_str(), "limit" | "before" | "after") {
                let number: u64 = value
                    .parse()
                    .map_err(|_| Error::invalid("limit, before and after are whole numbers."))?;
                frame[name] = number.into();
            }
        }
        ask(&state, &caller, frame).await
    };
    let answered = asked.await.map_err(enveloped)?;
    let listed = answered["messages"].as_array().into_iter().flatten();
    done(json!({
        "messages": listed.map(shapes::message).collect::<Vec<_>>(),
        "has_more": answered["has_more"]
    }))
}

async fn send(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    Json(message): Json<NewMessage>,
) -> Answer {
    let asked = async {
        let frame = message.frame(conversation_id(&req)?, idempotency_key(&req)?)?;
        ask(&state, &caller, frame).await
    };
    let answered = asked.await.map_err(enveloped)?;
    let data = json!({ "message": shapes::message(&answered["message"]) });
    if answered["duplicate"] == true {
        done(data)
    } else {
        created(data)
    }
}

async fn read(
    Authenticated(caller): Authenticated,
    state: web::Data<HttpState>,
    req: HttpRequest,
    payload: web::Payload,
) -> Answer {
    let asked = async {
        let mark: ReadMark = body::parse_optional(&body::read_all(&req, payload).await?)?.unwrap_or_default();
        let room = conversation_id(&req)?;
        let up_to = match mark.up_to {
            Some(up_to) => up_to,
            None => shapes::last_seq(&room_of(&rooms(&state, &caller).await?, room)?),
        };
        ask(
            &state,
            &caller,
            json!({ "type": "mark_read", "room": room, "up_to": up_to }),
        )
        .await
    };
    let answered = asked.await.map_err(enveloped)?;
    done(shapes::read(&answered))
}

/// The answer to a request frame, as JSON.
async fn ask(state: &HttpState, caller: &Caller, mut frame: Value) -> Result<Value> {
    frame["id"] = 0.into();
    let request = Frame::parse(&frame.to_string()).request?;
    let body = answer(&state.context, &caller.who, caller.peer.address, request).await?;
    serde_json::from_slice(&body.0).map_err(Error::internal)
}

/// The rooms that the caller is in.
async fn rooms(state: &HttpState, caller: &Caller) -> Result<Vec<Value>> {
    let mut answered = ask(state, caller, json!({ "type": "rooms" })).await?;
    let Value::Array(rooms) = answered["rooms"].take() else {
        return Err(Error::internal("the rooms are no list"));
    };
    // An open group that may be joined is no conversation yet.
    Ok(rooms.into_iter().filter(|room| room["joined"] != false).collect())
}

fn room_of(rooms: &[Value], id: i64) -> Result<Value> {
    let found = rooms.iter().find(|room| room["id"] == id);
    found.cloned().ok_or_else(|| Error::of(Code::NotFound))
}

/// What is no number names no conversation.
fn conversation_id(req: &HttpRequest) -> Result<i64> {
    let segment = raw_path_parameter(req, "id")?;
    segment.parse().map_err(|_| Error::of(Code::NotFound))
}

fn enveloped(error: Error) -> Problem {
    error.with("success", false).into()
}

fn done(data: Value) -> Answer {
    Ok(body::ok_value(&json!({ "success": true, "data": data }))?)
}

fn created(data: Value) -> Answer {
    Ok(body::created_value(&json!({ "success": true, "data": data }))?)
}
