//! Tokens of guests: good for one seat of one call, and for nothing else. Another key and other claims than those of
//! users, so that neither is ever taken for the other.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{
    domain::timestamp,
    protocol::error::{Code, Error, Result},
};

const AUDIENCE: &str = "comptoir:call";

/// What a guest's token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestClaims {
    aud: String,
    /// `call:<id>`.
    sub: String,
    pub call_id: i64,
    pub participant: u32,
    pub iat: i64,
    pub exp: i64,
    /// What the seat is held by.
    pub jti: Uuid,
}

#[derive(Clone)]
pub struct GuestTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

impl GuestTokens {
    /// `key`: that of the users' tokens, from which another is made.
    pub fn new(key: &[u8]) -> Self {
        let own: [u8; 32] = Sha256::new_with_prefix(b"comptoir guest of a call\0")
            .chain_update(key)
            .finalize()
            .into();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "sub", "aud"]);
        Self {
            encoding: EncodingKey::from_secret(&own),
            decoding: DecodingKey::from_secret(&own),
            validation,
        }
    }

    pub fn issue(
        &self,
        call_id: i64,
        participant: u32,
        jti: Uuid,
        now_ms: i64,
        expires_ms: i64,
    ) -> Result<String> {
        let claims = GuestClaims {
            aud: AUDIENCE.into(),
            sub: format!("call:{call_id}"),
            call_id,
            participant,
            iat: now_ms.div_euclid(1000),
            exp: expires_ms.div_euclid(1000),
            jti,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)
    }

    /// The claims of a token of ours that has not expired. Whether the seat is still held by it, the call knows.
    pub fn check(&self, token: &str) -> Result<GuestClaims> {
        let claims = jsonwebtoken::decode::<GuestClaims>(token, &self.decoding, &self.validation)
            .map(|data| data.claims)
            .map_err(|cause| Error::of(Code::Unauthorized).caused_by(cause))?;
        if timestamp::now_ms() >= claims.exp.saturating_mul(1000) {
            return Err(Error::of(Code::Unauthorized).caused_by("expired"));
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{auth::Tokens, domain::timestamp::now_ms};

    #[test]
    fn a_guests_token_and_a_users_are_never_taken_for_each_other() {
        let (users, guests) = (Tokens::new(&[7; 32], 900), GuestTokens::new(&[7; 32]));
        let now = now_ms();
        let guest = guests.issue(7, 2, Uuid::new_v4(), now, now + 60_000).unwrap();
        let user = users.issue(1, Uuid::new_v4(), "caisse", now).unwrap();
        assert_eq!(guests.check(&guest).unwrap().call_id, 7);
        assert!(users.check(&guest).is_err());
        assert!(guests.check(&user).is_err());
        // Not even with the same key.
        let same_key = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &guests.check(&guest).unwrap(),
            &EncodingKey::from_secret(&[7; 32]),
        )
        .unwrap();
        assert!(users.check(&same_key).is_err());
    }

    #[test]
    fn it_ends_with_the_call() {
        let guests = GuestTokens::new(&[7; 32]);
        let now = now_ms();
        let old = guests
            .issue(7, 2, Uuid::new_v4(), now - 2_000, now - 1_000)
            .unwrap();
        assert_eq!(guests.check(&old).unwrap_err().code, Code::Unauthorized);
    }
}
