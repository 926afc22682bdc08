//! The opening handshake: who may open a socket here, and the answer to who may not (PROTOCOL section 3).

use std::{io, net::IpAddr, rc::Rc, sync::Arc, time::Duration};

use actix_codec::{Framed, FramedParts};
use actix_http::{
    Request, Response, StatusCode,
    body::{BodySize, MessageBody},
    h1::{self, Message},
    header::{self, HeaderMap, HeaderValue},
    ws,
};
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use uuid::Uuid;

use crate::{
    hub::outbox::Outbox,
    protocol::{
        close::Close,
        error::{Code, Error, Result},
    },
    session::{GuestOpening, Opening, SessionHandle, Worker, requests},
    transport::{forwarded, origin::HostRules, stream_query},
};

use super::{
    connection::Io,
    endpoint::{EchoEndpoint, SessionEndpoint},
    socket::Socket,
};

/// The subprotocol of this contract; browsers offer it beside `bearer.<jwt>`.
const PROTOCOL: &str = "comptoir.v1";
const BEARER: &str = "bearer.";

/// Longest `User-Agent` kept.
const MAX_USER_AGENT: usize = 200;

/// What the handshake needs, one for each network worker.
pub struct Upgrades {
    pub worker: Worker,
    pub hosts: Arc<HostRules>,
    pub trusted_proxies: Arc<[IpAddr]>,
    pub allow_plain_http: bool,
    pub echo: bool,
}

/// How a token was offered: a browser cannot see a 401, so one offered as a subprotocol is refused with a close.
enum Token {
    Header(String),
    Subprotocol(String),
}

/// What becomes of a handshake.
enum Verdict {
    Session {
        opening: Box<Opening>,
        subprotocol: bool,
    },
    /// A guest of one call.
    Guest {
        opening: Box<GuestOpening>,
        subprotocol: bool,
    },
    Echo,
    /// Accept, then close at once.
    CloseWith {
        reason: Close,
        subprotocol: bool,
    },
}

/// Takes over a connection that asked for an upgrade; ready when it is over.
pub async fn serve<T: Io>(
    upgrades: Rc<Upgrades>,
    request: Request,
    mut framed: Framed<T, h1::Codec>,
) -> io::Result<()> {
    let verdict = match judge(&upgrades, &request) {
        Ok(verdict) => verdict,
        Err(error) => return refuse(framed, &error).await,
    };
    let subprotocol = match &verdict {
        Verdict::Session { subprotocol, .. }
        | Verdict::Guest { subprotocol, .. }
        | Verdict::CloseWith { subprotocol, .. } => *subprotocol,
        Verdict::Echo => false,
    };
    // The handshake itself was verified by `judge`.
    let mut response = ws::handshake_response(request.head());
    if subprotocol {
        response.insert_header((header::SEC_WEBSOCKET_PROTOCOL, PROTOCOL));
    }
    send(&mut framed, response.finish().drop_body(), Bytes::new()).await?;
    drop(request);
    // The rest of the parts, buffers of HTTP's size, is dropped here: an idle socket needs none of it.
    let FramedParts { io, read_buf, .. } = framed.into_parts();
    let unread = BytesMut::from(&read_buf[..]);
    drop(read_buf);
    let limits = &upgrades.worker.ctx.limits;
    let heartbeat = Duration::from_millis(upgrades.worker.ctx.heartbeat_ms);
    let max_message = limits.max_frame_bytes;
    match verdict {
        Verdict::Session { opening, .. } => {
            let session = SessionHandle::open(upgrades.worker.clone(), *opening);
            run(io, session, unread, max_message, heartbeat).await
        }
        Verdict::Guest { opening, .. } => {
            let session = SessionHandle::open_guest(upgrades.worker.clone(), *opening);
            run(io, session, unread, max_message, heartbeat).await
        }
        Verdict::Echo => {
            let outbox = Arc::new(Outbox::new(limits.outbox_bytes));
            let endpoint = EchoEndpoint::new(outbox.clone(), max_message);
            Socket::new(io, endpoint, outbox, unread, max_message, heartbeat).await
        }
        Verdict::CloseWith { reason, .. } => {
            let outbox = Arc::new(Outbox::new(0));
            outbox.close(reason);
            let endpoint = EchoEndpoint::new(outbox.clone(), 0);
            Socket::new(io, endpoint, outbox, unread, max_message, heartbeat).await
        }
    }
}

async fn run<T: Io>(
    io: T,
    session: SessionHandle,
    unread: BytesMut,
    max_message: usize,
    heartbeat: Duration,
) -> io::Result<()> {
    let outbox = session.outbox().clone();
    let endpoint = SessionEndpoint::new(session);
    Socket::new(io, endpoint, outbox, unread, max_message, heartbeat).await
}

fn judge(upgrades: &Upgrades, request: &Request) -> Result<Verdict> {
    let headers = &request.head().headers;
    let accounts = &upgrades.worker.ctx.accounts;
    let path = request.path();
    if path != "/ws" && !(upgrades.echo && path == "/debug/echo") {
        return Err(Error::of(Code::NotFound));
    }
    ws::verify_handshake(request.head())
        .map_err(|cause| Error::invalid("This is not a WebSocket handshake.").caused_by(cause))?;
    let tcp_peer = request.peer_addr().map_or(IpAddr::from([0, 0, 0, 0]), |a| a.ip());
    let forwarded_for = headers.get_all("x-forwarded-for").filter_map(|v| v.to_str().ok());
    let address = forwarded::client_address(
        tcp_peer,
        forwarded_for.collect::<Vec<_>>().into_iter(),
        &upgrades.trusted_proxies,
    );
    let peer = accounts.peer(address);
    check_origin(upgrades, headers)?;
    if path == "/debug/echo" {
        return if tcp_peer.to_canonical().is_loopback() {
            Ok(Verdict::Echo)
        } else {
            Err(Error::of(Code::NotFound))
        };
    }
    if !upgrades.allow_plain_http && !peer.is_server {
        return Err(Error::forbidden(
            "From other machines this hub takes tokens over HTTPS only.",
        ));
    }
    let token = offered_token(headers).ok_or_else(|| Error::of(Code::Unauthorized))?;
    // Only what was offered may be answered (RFC 6455, section 4.2.2).
    let subprotocol = offers_protocol(headers);
    let (Token::Header(text) | Token::Subprotocol(text)) = &token;
    let user_agent = headers
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let user_agent = user_agent.chars().take(MAX_USER_AGENT).collect();
    let (who, expires_ms) = match accounts.authenticate(text) {
        Ok(known) => known,
        Err(_) if let Ok(pass) = upgrades.worker.ctx.calls.authenticate(text) => {
            let opening = Box::new(GuestOpening {
                pass,
                address,
                user_agent,
            });
            return Ok(Verdict::Guest { opening, subprotocol });
        }
        Err(error) if matches!(token, Token::Subprotocol(_)) => {
            requests::log_error(&error, "handshake");
            return Ok(Verdict::CloseWith {
                reason: Close::Unauthorized,
                subprotocol,
            });
        }
        Err(error) => return Err(error),
    };
    accounts.check_place(&who, peer)?;
    let (query, _) = stream_query::parse(request.uri().query().unwrap_or(""))?;
    let opening = Box::new(Opening {
        who,
        expires_ms,
        address,
        user_agent,
        transport: "websocket",
        query,
    });
    opening.check(&upgrades.worker)?;
    Ok(Verdict::Session { opening, subprotocol })
}

/// A page of another site must not open a socket with a token it stole, and a name that is not ours must not
/// lead here (DNS rebinding).
fn check_origin(upgrades: &Upgrades, headers: &HeaderMap) -> Result<()> {
    let is_own = |ip| upgrades.worker.ctx.accounts.peer(ip).is_server;
    let host = headers
        .get(header::HOST)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    if !upgrades.hosts.is_own_host(host, &is_own) {
        return Err(Error::forbidden("This Host is not the hub's."));
    }
    match headers.get(header::ORIGIN).map(HeaderValue::to_str) {
        None => Ok(()),
        Some(Ok(origin)) if upgrades.hosts.may_act(origin, host, &is_own) => Ok(()),
        Some(_) => Err(Error::forbidden(
            "Pages of this origin may not open a socket here.",
        )),
    }
}

fn offered_token(headers: &HeaderMap) -> Option<Token> {
    let header = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    if let Some((scheme, token)) = header.and_then(|v| v.split_once(' '))
        && scheme.eq_ignore_ascii_case("bearer")
    {
        return Some(Token::Header(token.trim().to_owned()));
    }
    subprotocols(headers)
        .find_map(|p| p.strip_prefix(BEARER))
        .map(|t| Token::Subprotocol(t.to_owned()))
}

fn offers_protocol(headers: &HeaderMap) -> bool {
    subprotocols(headers).any(|p| p == PROTOCOL)
}

fn subprotocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
}

/// Answers a handshake that is refused, with the same problem document as every route.
async fn refuse<T: Io>(mut framed: Framed<T, h1::Codec>, error: &Error) -> io::Result<()> {
    let request_id = Uuid::now_v7().to_string();
    requests::log_error(error, &request_id);
    let status = StatusCode::from_u16(error.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Bytes::from(error.to_problem(&request_id).to_string());
    let mut response = Response::build(status);
    response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
    response.insert_header(("x-request-id", request_id.as_str()));
    response.insert_header((header::CONNECTION, "close"));
    if error.code == Code::Unauthorized {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    if error.code == Code::InvalidRequest {
        // For whoever came with another version (RFC 6455, section 4.4).
        response.insert_header((header::SEC_WEBSOCKET_VERSION, "13"));
    }
    send(&mut framed, response.finish().drop_body(), body).await
}

async fn send<T: Io>(
    framed: &mut Framed<T, h1::Codec>,
    response: Response<()>,
    body: Bytes,
) -> io::Result<()> {
    let size = if body.is_empty() {
        BodySize::None
    } else {
        body.size()
    };
    // One write: some clients show only what comes with the head.
    framed.feed(Message::Item((response, size))).await?;
    if !body.is_empty() {
        framed.feed(Message::Chunk(Some(body))).await?;
        framed.feed(Message::Chunk(None)).await?;
    }
    framed.flush().await
}
