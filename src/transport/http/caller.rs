//! Who calls. A handler says in its argument types what it needs: [`Identified`] any valid token,
//! [`Authenticated`] one whose password is not to be changed first, [`Administrator`], [`MetricsReader`],
//! or only a [`Visitor`].

use std::{
    future::{Ready, ready},
    net::{IpAddr, Ipv4Addr},
    time::Instant,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use subtle::ConstantTimeEq;

use crate::{
    domain::{Peer, Principal, timestamp},
    hub::audit::Entry,
    protocol::{Code, Error, error::Result},
    transport::forwarded,
};

use super::{HttpState, problem::Problem};

/// Longest `User-Agent` that is kept, in characters.
const MAX_USER_AGENT: usize = 200;

/// Somebody without a token: where from, and with what program.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub peer: Peer,
    pub user_agent: String,
}

/// An account behind a valid token.
#[derive(Debug, Clone)]
pub struct Caller {
    pub who: Principal,
    /// When the token ends, milliseconds since 1970.
    pub expires_ms: i64,
    pub peer: Peer,
    pub user_agent: String,
}

/// Any account with a valid token, one that must set a new password first included.
pub struct Identified(pub Caller);

/// An account with a valid token that may work.
pub struct Authenticated(pub Caller);

/// An account whose role is `admin`.
pub struct Administrator(pub Caller);

/// An administrator, or whoever holds `metrics.scrape_token`.
pub struct MetricsReader;

impl Visitor {
    fn of(req: &HttpRequest, state: &HttpState) -> Result<Self> {
        let peer = peer(req, state);
        if !state.server.allow_plain_http && !peer.is_server && !is_secure(req, state) {
            return Err(Error::forbidden(
                "From other machines this hub takes tokens and passwords over HTTPS only.",
            ));
        }
        Ok(Self {
            peer,
            user_agent: user_agent(req),
        })
    }
}

impl Caller {
    /// Finds out who holds the token, and counts the request against his rate.
    pub fn identify(req: &HttpRequest, state: &HttpState) -> Result<Self> {
        let visitor = Visitor::of(req, state)?;
        let token = bearer(req).ok_or_else(|| Error::of(Code::Unauthorized))?;
        let (who, expires_ms) = state.context.accounts.authenticate(token)?;
        state.rate.take(who.sid, Instant::now())?;
        // Polls come by themselves: they are a terminal's doing, not a user's.
        if req.match_pattern().as_deref() != Some("/api/events") {
            state.context.presence.note(who.user_id);
        }
        Ok(Self {
            who,
            expires_ms,
            peer: visitor.peer,
            user_agent: visitor.user_agent,
        })
    }

    /// As [`Caller::identify`], refusing an account that must set a new password first.
    pub fn authenticate(req: &HttpRequest, state: &HttpState) -> Result<Self> {
        let caller = Self::identify(req, state)?;
        if caller.who.must_change_password {
            return Err(Error::of(Code::PasswordChangeRequired));
        }
        Ok(caller)
    }

    fn administrate(req: &HttpRequest, state: &HttpState) -> Result<Self> {
        let caller = Self::authenticate(req, state)?;
        if !caller.who.role.admin {
            let refused = Error::forbidden("This is for administrators.");
            state
                .context
                .audit
                .record(caller.audit_entry("refused", &route_name(req), &refused));
            return Err(refused);
        }
        Ok(caller)
    }

    /// An audit entry for a refusal.
    pub fn audit_entry(&self, action: &str, subject: &str, refused: &Error) -> Entry {
        Entry {
            outcome: refused.code.as_str().to_owned(),
            ..self.audit_act(action, subject)
        }
    }

    /// An audit entry for an act that succeeded.
    pub fn audit_act(&self, action: &str, subject: &str) -> Entry {
        Entry {
            at_ms: timestamp::now_ms(),
            action: action.to_owned(),
            user_id: Some(self.who.user_id),
            username: Some(self.who.username.to_string()),
            address: Some(self.peer.address.to_string()),
            session: Some(self.who.sid.to_string()),
            subject: Some(subject.to_owned()),
            outcome: "ok".to_owned(),
            ..Entry::default()
        }
    }
}

/// Method and pattern of the route, never the path itself: that may hold a key.
pub fn route_name(req: &HttpRequest) -> String {
    format!("{} {}", req.method(), req.match_pattern().unwrap_or_default())
}

/// The machine that a request comes from, through trusted proxies.
pub fn peer(req: &HttpRequest, state: &HttpState) -> Peer {
    state.context.accounts.peer(forwarded::client_address(
        tcp_peer(req),
        req.headers()
            .get_all("x-forwarded-for")
            .map(|value| value.to_str().unwrap_or_default()),
        &state.server.trusted_proxies,
    ))
}

fn tcp_peer(req: &HttpRequest) -> IpAddr {
    // Without an address (never over TCP) it is nobody of ours.
    req.peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.ip())
}

/// TLS to us, or to a trusted proxy that says so.
pub fn is_secure(req: &HttpRequest, state: &HttpState) -> bool {
    req.app_config().secure()
        || (forwarded::is_trusted(tcp_peer(req), &state.server.trusted_proxies)
            && req
                .headers()
                .get("x-forwarded-proto")
                .is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https")))
}

fn user_agent(req: &HttpRequest) -> String {
    req.headers()
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .chars()
        .take(MAX_USER_AGENT)
        .collect()
}

/// The token of `Authorization: Bearer <token>`.
fn bearer(req: &HttpRequest) -> Option<&str> {
    let value = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn state_of(req: &HttpRequest) -> Result<&web::Data<HttpState>> {
    req.app_data::<web::Data<HttpState>>()
        .ok_or_else(|| Error::internal("the HTTP state is not configured"))
}

macro_rules! extractor {
    ($name:ident, |$req:ident, $state:ident| $find:expr) => {
        impl FromRequest for $name {
            type Error = Problem;
            type Future = Ready<Result<Self, Problem>>;

            fn from_request($req: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(
                    state_of($req)
                        .and_then(|$state| $find)
                        .map_err(Problem::from),
                )
            }
        }
    };
}

extractor!(Visitor, |req, state| Visitor::of(req, state));
extractor!(Identified, |req, state| Caller::identify(req, state)
    .map(Identified));
extractor!(Authenticated, |req, state| Caller::authenticate(req, state)
    .map(Authenticated));
extractor!(Administrator, |req, state| Caller::administrate(req, state)
    .map(Administrator));
extractor!(MetricsReader, |req, state| {
    let scrape_token = state.scrape_token.as_deref().filter(|token| !token.is_empty());
    match (scrape_token, bearer(req)) {
        (Some(expected), Some(given)) if bool::from(expected.as_bytes().ct_eq(given.as_bytes())) => {
            Ok(MetricsReader)
        }
        _ => Caller::administrate(req, state).map(|_| MetricsReader),
    }
});
