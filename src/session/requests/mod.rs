//! One file per request family. HTTP handlers and sessions both come here.

use std::net::IpAddr;

use crate::{
    domain::Principal,
    executor::Origin,
    protocol::{error::Result, request::Request, result::Body},
};

use super::Context;

/// The origin of a request over HTTP (no socket).
pub fn http_origin(who: &Principal, address: IpAddr) -> Origin {
    Origin {
        user_id: who.user_id,
        username: who.username.clone(),
        role: who.role.clone(),
        session: None,
        address,
    }
}

/// Answers any request outside a socket: `/api/query`, `/api/request`, … . Checks rights, runs, counts and
/// audits refusals. `subscribe` and `renew` need a socket: `invalid_request`.
pub async fn answer(_ctx: &Context, _who: &Principal, _address: IpAddr, _request: Request) -> Result<Body> {
    unimplemented!()
}
