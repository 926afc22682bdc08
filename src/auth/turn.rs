//! Credentials for TURN servers that end by themselves (the TURN REST convention, as coturn's `use-auth-secret`):
//! the user name is the end and a label, the password its HMAC-SHA1 under a secret that hub and server share.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use crate::protocol::error::{Error, Result};

/// User name and password, good until `expires_ms`.
pub fn credentials(secret: &str, label: &str, expires_ms: i64) -> Result<(String, String)> {
    let username = format!("{}:{label}", expires_ms.div_euclid(1000));
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(Error::internal)?;
    mac.update(username.as_bytes());
    Ok((username, STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credential_is_the_one_a_turn_server_computes() {
        // echo -n 1433895918:7-2 | openssl dgst -binary -sha1 -hmac logen | base64
        let (username, password) = credentials("logen", "7-2", 1_433_895_918_000).unwrap();
        assert_eq!(username, "1433895918:7-2");
        assert_eq!(password, "vPd5v9hJqRSV3V9Z9PkI+e0F9Cc=");
    }
}
