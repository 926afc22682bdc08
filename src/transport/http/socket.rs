//! `GET /ws` without an upgrade: the same refusals as at the handshake, which is taken up at the connection before
//! any of this, and a word for who forgot the upgrade.

use actix_web::HttpResponse;

use crate::protocol::error::{Code, Error};

use super::{caller::Authenticated, endpoint::Endpoint, openapi::Operation, problem::Problem};

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/ws",
            refuse,
            Operation::new(
                "openSocket",
                "events",
                "The WebSocket; its frames are described by the AsyncAPI document.",
            )
            .answers_nothing(101, "The socket is open."),
        ),
        Endpoint::get(
            "/socket.io/",
            not_yet,
            Operation::new(
                "openSocketIo",
                "events",
                "The Socket.IO face of the contract; not in this build.",
            )
            .open()
            .answers_nothing(501, "Not in this build."),
        ),
    ]
}

async fn not_yet() -> Result<HttpResponse, Problem> {
    Err(Error::of(Code::Unsupported).into())
}

async fn refuse(_: Authenticated) -> Result<HttpResponse, Problem> {
    Err(Error::invalid("This route takes a WebSocket handshake.").into())
}
