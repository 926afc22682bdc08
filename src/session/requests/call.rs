//! Calls: who may open one and how its frames reach it. Not in the lanes of the other requests: an offer must not wait
//! for a long write, and an actor answers at once.

use serde_json::{Value, json};

use crate::{
    domain::{
        Principal,
        call::{Kind, Socket},
    },
    protocol::{
        call::{CallFrame, Media},
        error::Result,
        result::Body,
    },
};

use super::super::Context;

/// Answers a frame of a user; `socket`: the one it came from.
pub async fn answer(
    ctx: &Context,
    who: &Principal,
    socket: Option<Socket>,
    frame: CallFrame,
) -> Result<Body> {
    let answer = match frame {
        CallFrame::Open { room, media, link } => {
            let opened = ctx.calls.open(who, room, kind(media), link, socket).await?;
            let unseated = || json!({ "call_id": opened.id, "ice_servers": opened.ice_servers });
            let mut answer = opened.seat.unwrap_or_else(unseated);
            answer["conferenceLink"] = opened.link.map_or(Value::Null, |link| {
                // Paths: a socket does not know under which name the hub is reached.
                let url = format!("/conference/{}", opened.id);
                json!({
                    "sessionId": opened.id,
                    "fullLink": format!("{url}?code={}", link.code),
                    "conferenceUrl": url,
                    "joinCode": link.code,
                })
            });
            answer
        }
        CallFrame::In { call_id, act } => ctx.calls.act(who, socket, call_id, act).await?,
    };
    Ok(Body::from_value(&answer))
}

pub fn kind(media: Media) -> Kind {
    if media.audio_only {
        Kind::AudioOnly
    } else {
        Kind::AudioVideo
    }
}
