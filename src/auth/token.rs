//! Access tokens: JWT, HS256, no other algorithm. They prove a login session; role and revocation are
//! looked up on the hub at every request.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::timestamp,
    protocol::error::{Code, Error, Result},
};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// User id.
    pub sub: String,
    /// Login session.
    pub sid: Uuid,
    /// Role when the token was made; for the client's information.
    pub role: String,
    /// Seconds since 1970.
    pub iat: i64,
    pub exp: i64,
    pub jti: Uuid,
}

/// Signs and checks tokens with one key.
#[derive(Clone)]
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    ttl_s: u64,
}

impl Tokens {
    /// `ttl_s`: life of a token, seconds.
    pub fn new(key: &[u8], ttl_s: u64) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // One machine signs and checks: there is no second clock to be lenient with.
        validation.leeway = 0;
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "sub"]);
        Self {
            encoding: EncodingKey::from_secret(key),
            decoding: DecodingKey::from_secret(key),
            validation,
            ttl_s,
        }
    }

    /// Life of a token, seconds.
    pub fn ttl_s(&self) -> u64 {
        self.ttl_s
    }

    /// A token for a login session.
    pub fn issue(&self, user_id: i64, sid: Uuid, role: &str, now_ms: i64) -> Result<String> {
        let iat = now_ms.div_euclid(1000);
        let claims = Claims {
            sub: user_id.to_string(),
            sid,
            role: role.to_owned(),
            iat,
            exp: iat.saturating_add_unsigned(self.ttl_s),
            jti: Uuid::new_v4(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::internal)
    }

    /// The claims of a token with a good signature that has not expired; otherwise `unauthorized`.
    pub fn check(&self, token: &str) -> Result<Claims> {
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation)
            .map(|data| data.claims)
            // The kind of error, never the token.
            .map_err(|cause| Error::of(Code::Unauthorized).caused_by(cause))?;
        // The library lets the second of `exp` pass; RFC 7519 does not, and the sockets close then.
        if timestamp::now_ms() >= claims.exp.saturating_mul(1000) {
            return Err(Error::of(Code::Unauthorized).caused_by("expired"));
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;
    use crate::domain::timestamp::now_ms;

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32], 900)
    }

    #[test]
    fn a_token_says_whose_it_is_until_it_expires() {
        let sid = Uuid::new_v4();
        let now = now_ms();
        let claims = tokens()
            .check(&tokens().issue(3, sid, "caisse", now).unwrap())
            .unwrap();
        assert_eq!(
            (claims.sub.as_str(), claims.sid, claims.role.as_str()),
            ("3", sid, "caisse")
        );
        assert_eq!(claims.exp - claims.iat, 900);
        let old = tokens().issue(3, sid, "caisse", now - 900_000).unwrap();
        assert_eq!(tokens().check(&old).unwrap_err().code, Code::Unauthorized);
    }

    #[test]
    fn another_key_another_algorithm_and_none_at_all_are_refused() {
        let token = tokens().issue(1, Uuid::new_v4(), "r", now_ms()).unwrap();
        assert!(Tokens::new(&[8; 32], 900).check(&token).is_err());

        let claims = tokens().check(&token).unwrap();
        let stronger = jsonwebtoken::encode(
            &Header::new(Algorithm::HS512),
            &claims,
            &EncodingKey::from_secret(&[7; 32]),
        )
        .unwrap();
        assert!(tokens().check(&stronger).is_err());

        let body = token.split('.').nth(1).unwrap();
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
        assert!(tokens().check(&format!("{none}.{body}.")).is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", ".", "..", "a.b.c", "\0", "é"] {
            assert_eq!(tokens().check(text).unwrap_err().code, Code::Unauthorized);
        }
    }
}
