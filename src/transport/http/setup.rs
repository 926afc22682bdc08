//! The set-up of a hub that nobody has logged in to: its first administrator, pack and place of backups
//! (PROTOCOL section 2). From the hub's own machine only.
//!
//! What keeps others out: the TCP peer must be this machine, and nothing may say that somebody else stands behind
//! it; `Host` and `Origin` must be this machine's own names, whatever the configuration allows beside them, so that
//! neither a rebound name nor a trusted page gets in; the key, which only a page of ours can read, must come back.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::json;
use subtle::ConstantTimeEq as _;
use tokio::sync::Mutex;

use crate::{
    domain::{Peer, text::Text},
    protocol::{Code, Error, error::Result},
    transport::{forwarded, origin::HostRules},
};

use super::{
    HttpState,
    body::{Json, created_value, ok_value},
    endpoint::Endpoint,
    openapi::{Operation, schema_ref},
    problem::Problem,
};

/// Headers that proxies add. With one of them this machine speaks for another.
const FORWARDING: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// A pack inside the binary.
#[derive(Debug, Clone)]
pub struct PackOffer {
    pub name: String,
    pub title: Text,
}

/// What there is to decide.
#[derive(Debug, Clone)]
pub struct SetupOffer {
    /// Those to choose from; empty where the pack is settled already.
    pub packs: Vec<PackOffer>,
    /// The pack that is served now.
    pub pack: Option<PackOffer>,
    /// Where backups go unless the page says elsewhere.
    pub backup_dir: String,
    /// The configuration says where: not the page's to change.
    pub backup_is_fixed: bool,
}

/// What was decided. No `Debug`: it holds a password.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupChoice {
    /// From `GET /api/setup`.
    pub key: String,
    pub username: String,
    #[serde(default)]
    pub display_name: Option<String>,
    pub password: String,
    pub lang: String,
    #[serde(default)]
    pub pack: Option<String>,
    #[serde(default)]
    pub backup_dir: Option<String>,
    /// Seconds between backups; 0: none.
    #[serde(default)]
    pub backup_every_s: Option<u64>,
}

/// Carries a choice out; answers whether the hub now starts anew.
pub type SetupAction = Arc<dyn Fn(SetupChoice, Peer) -> BoxFuture<'static, Result<bool>> + Send + Sync>;

/// The way in, as long as it is open.
pub struct SetupDoor {
    /// The account to be replaced; `None`: it was closed when the hub started.
    pub account: Option<i64>,
    pub offer: SetupOffer,
    pub apply: SetupAction,
    /// Known to whoever could read `GET /api/setup`.
    pub key: String,
    pub hosts: HostRules,
    /// One at a time: each costs a bcrypt.
    pub turn: Mutex<()>,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    title: serde_json::Value,
}

impl<'a> From<&'a PackOffer> for Shown<'a> {
    fn from(pack: &'a PackOffer) -> Self {
        let Text { fr, en, ar } = &pack.title;
        Self {
            name: &pack.name,
            title: json!({ "fr": fr, "en": en, "ar": ar }),
        }
    }
}

pub fn endpoints() -> Vec<Endpoint> {
    vec![
        Endpoint::get(
            "/api/setup",
            show,
            Operation::new(
                "getSetup",
                "hub",
                "Whether this hub can be set up from here, and what there is to decide.",
            )
            .open()
            .answers(
                200,
                "`open` is false everywhere else and ever after.",
                schema_ref("Setup"),
            ),
        ),
        Endpoint::post(
            "/api/setup",
            set_up,
            Operation::new(
                "setUp",
                "hub",
                "Makes the first administrator; from the hub's own machine, once, before anybody logged in.",
            )
            .open()
            .takes(true, schema_ref("SetupChoice"))
            .answers(201, "Set up.", schema_ref("SetupDone")),
        ),
    ]
}

async fn show(req: HttpRequest, state: web::Data<HttpState>) -> Result<HttpResponse, Problem> {
    let door = &state.admin.setup;
    if !is_open(&state) || admit(&req, &state).is_err() {
        return Ok(ok_value(&json!({ "open": false }))?);
    }
    let offer = &door.offer;
    Ok(ok_value(&json!({
        "open": true,
        "key": door.key,
        "packs": offer.packs.iter().map(Shown::from).collect::<Vec<_>>(),
        "pack": offer.pack.as_ref().map(Shown::from),
        "backup_dir": offer.backup_dir,
        "backup_is_fixed": offer.backup_is_fixed
    }))?)
}

async fn set_up(
    req: HttpRequest,
    state: web::Data<HttpState>,
    Json(choice): Json<SetupChoice>,
) -> Result<HttpResponse, Problem> {
    let door = &state.admin.setup;
    let peer = admit(&req, &state)?;
    let is_json = req
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("application/json"));
    if !is_json {
        return Err(Error::invalid("The body is application/json.").into());
    }
    if !bool::from(door.key.as_bytes().ct_eq(choice.key.as_bytes())) {
        return Err(Error::forbidden("The key is not the one that GET /api/setup gave.").into());
    }
    let Ok(_turn) = door.turn.try_lock() else {
        return Err(Error::of(Code::Busy).retry_after_ms(1_000).into());
    };
    if !is_open(&state) {
        return Err(Error::new(
            Code::PreconditionFailed,
            "This hub is set up already: log in instead.",
        )
        .into());
    }
    let username = choice.username.clone();
    let restarting = (door.apply)(choice, peer).await?;
    Ok(created_value(
        &json!({ "username": username, "restarting": restarting }),
    )?)
}

fn is_open(state: &HttpState) -> bool {
    let account = state.admin.setup.account;
    account.is_some_and(|account| state.context.accounts.is_untouched(account))
}

/// Who asks, if he sits at this machine.
fn admit(req: &HttpRequest, state: &HttpState) -> Result<Peer> {
    let refused = || Error::forbidden("A hub is set up from its own machine only.");
    let address = req.peer_addr().ok_or_else(refused)?.ip();
    let peer = state.context.accounts.peer(address);
    let headers = req.headers();
    let speaks_for_another = FORWARDING.iter().any(|name| headers.contains_key(*name))
        || forwarded::is_trusted(address, &state.server.trusted_proxies);
    if !peer.is_server || speaks_for_another {
        return Err(refused());
    }
    let is_own = |ip| state.context.accounts.peer(ip).is_server;
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).unwrap_or_default();
    let hosts = &state.admin.setup.hosts;
    let from_elsewhere = text(header::ORIGIN).is_some_and(|origin| !hosts.may_act(origin, host, &is_own))
        || headers
            .get("sec-fetch-site")
            .is_some_and(|site| site != "same-origin" && site != "none");
    if !hosts.is_own_host(host, &is_own) || from_elsewhere {
        return Err(refused());
    }
    Ok(peer)
}
