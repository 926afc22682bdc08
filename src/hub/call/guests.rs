//! Guests: the code, the token, the socket.

use std::{net::IpAddr, sync::Arc};

use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::JoinCode,
    domain::{
        call::{Number, Socket},
        timestamp,
    },
    hub::outbox::Outbox,
    protocol::{
        call::Act,
        error::{Code, Error, Result},
    },
};

use super::{
    handle::{CallsHandle, DEADLINE, gone},
    messages::{Describe, GuestArrives, GuestJoins, Party},
    shared::{Guest, Live},
};

/// A guest's way in.
#[derive(Debug)]
pub struct Joined {
    pub token: String,
    pub participant: Number,
    pub expires_ms: i64,
    /// How the call stands, as far as a stranger with the code may know.
    pub state: Value,
}

/// What a guest's token is good for.
#[derive(Debug, Clone)]
pub struct GuestPass {
    pub call: i64,
    pub number: Number,
    pub name: Arc<str>,
    pub login: Uuid,
    pub expires_ms: i64,
}

impl CallsHandle {
    /// A guest does something in his call.
    pub async fn act_as_guest(&self, pass: &GuestPass, socket: Uuid, call: i64, act: Act) -> Result<Value> {
        if call != pass.call {
            return Err(Error::of(Code::NotFound));
        }
        let party = Party::Guest {
            number: pass.number,
            socket: Socket {
                id: socket,
                login: pass.login,
            },
        };
        self.send(call, party, act).await
    }

    /// Somebody gives a code. Unknown call and wrong code are one answer, and both slow the address.
    pub async fn join(&self, call: i64, code: &str, name: Arc<str>, address: IpAddr) -> Result<Joined> {
        let live = self.check_code(call, code, address)?;
        let login = Uuid::new_v4();
        let joins = GuestJoins {
            name: name.clone(),
            login,
        };
        let number = live.addr.send(joins).timeout(DEADLINE).await.map_err(gone)??;
        let token = self
            .shared
            .tokens
            .issue(call, number, login, timestamp::now_ms(), live.expires_ms)?;
        self.shared
            .guests
            .write()
            .insert(login, Guest { call, number, name });
        let state = live.addr.send(Describe { user: 0 }).timeout(DEADLINE).await;
        Ok(Joined {
            token,
            participant: number,
            expires_ms: live.expires_ms,
            state: state.map_err(gone)?,
        })
    }

    fn check_code(&self, call: i64, code: &str, address: IpAddr) -> Result<Live> {
        let now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let found = self.shared.find(call);
        let mut throttle = self.shared.throttle.lock();
        if let Err(wait) = throttle.check(address, now_ms) {
            return Err(Error::of(Code::RateLimited).retry_after_ms(wait));
        }
        // Compared in any case: the time tells nothing of whether there is such a call.
        let expected = found.as_ref().and_then(|live| live.code.clone());
        let is_right = expected.clone().unwrap_or_else(JoinCode::generate).matches(code);
        match found {
            Some(live) if is_right && expected.is_some() => Ok(live),
            _ => {
                throttle.failed(address, now_ms);
                Err(Error::of(Code::NotFound))
            }
        }
    }

    /// What a guest's token is good for now.
    pub fn authenticate(&self, token: &str) -> Result<GuestPass> {
        let claims = self.shared.tokens.check(token)?;
        let guests = self.shared.guests.read();
        let guest = guests
            .get(&claims.jti)
            .filter(|guest| guest.call == claims.call_id && guest.number == claims.participant)
            .ok_or_else(|| Error::of(Code::Unauthorized))?;
        Ok(GuestPass {
            call: guest.call,
            number: guest.number,
            name: guest.name.clone(),
            login: claims.jti,
            expires_ms: claims.exp.saturating_mul(1_000),
        })
    }

    /// A guest's socket opened; frames go into its outbox from now on.
    pub async fn guest_arrives(&self, pass: &GuestPass, socket: Uuid, outbox: Arc<Outbox>) -> Result<()> {
        let live = self.find(pass.call)?;
        self.shared.bind(socket, pass.call);
        let arrives = GuestArrives {
            number: pass.number,
            socket: Socket {
                id: socket,
                login: pass.login,
            },
            outbox,
        };
        live.addr.send(arrives).timeout(DEADLINE).await.map_err(gone)?
    }
}
