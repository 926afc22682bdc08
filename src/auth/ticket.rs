//! Tickets: addresses that work for a short time, for one file, without a token. Browsers fetch `<img>` and `<audio>`
//! without headers of ours, and a token does not belong into an address.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, Mac};
use sha2::Sha256;

type HmacSha256 = Hmac<Sha256>;

/// Keeps the key of the tickets apart from that of the tokens, which it is made of.
const PURPOSE: &[u8] = b"comptoir file tickets, version 1";

/// Signs and checks tickets. Cheap to clone.
#[derive(Clone)]
pub struct Tickets {
    key: [u8; 32],
    ttl_ms: i64,
}

impl Tickets {
    /// `secret`: the hub's own.
    pub fn new(secret: &[u8; 32], ttl_s: u64) -> Self {
        let mut key = [0; 32];
        key.copy_from_slice(&mac(secret, PURPOSE).finalize().into_bytes());
        Self {
            key,
            ttl_ms: i64::try_from(ttl_s.saturating_mul(1_000)).unwrap_or(i64::MAX),
        }
    }

    /// A ticket for one file from now on.
    pub fn issue(&self, file_id: i64, now_ms: i64) -> String {
        let expires = now_ms.saturating_add(self.ttl_ms);
        let seal = mac(&self.key, &meaning(file_id, expires)).finalize().into_bytes();
        format!("{expires}.{}", BASE64.encode(seal))
    }

    /// Whether `ticket` was issued for this file and has not expired. Takes the same time wherever the seal differs.
    pub fn admits(&self, ticket: &str, file_id: i64, now_ms: i64) -> bool {
        let Some((expires, seal)) = ticket.split_once('.') else {
            return false;
        };
        let (Ok(expires), Ok(seal)) = (expires.parse::<i64>(), BASE64.decode(seal)) else {
            return false;
        };
        let genuine = mac(&self.key, &meaning(file_id, expires))
            .verify_slice(&seal)
            .is_ok();
        genuine && now_ms < expires
    }
}

fn meaning(file_id: i64, expires_ms: i64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&file_id.to_be_bytes());
    bytes[8..].copy_from_slice(&expires_ms.to_be_bytes());
    bytes
}

fn mac(key: &[u8; 32], message: &[u8]) -> HmacSha256 {
    // HMAC fills a shorter key up with zeros to one block; given as a block, it cannot be of a wrong length.
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    let mut mac = <HmacSha256 as Mac>::new(&block.into());
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000_000;

    #[test]
    fn a_ticket_works_for_its_file_until_it_expires() {
        let tickets = Tickets::new(&[1; 32], 300);
        let ticket = tickets.issue(7, NOW);
        assert!(tickets.admits(&ticket, 7, NOW));
        assert!(tickets.admits(&ticket, 7, NOW + 299_999));
        assert!(!tickets.admits(&ticket, 7, NOW + 300_000));
        assert!(!tickets.admits(&ticket, 8, NOW));
    }

    #[test]
    fn whatever_is_changed_in_it_makes_it_void() {
        let tickets = Tickets::new(&[1; 32], 300);
        let ticket = tickets.issue(7, NOW);
        let (expires, seal) = ticket.split_once('.').unwrap();
        let later = expires.parse::<i64>().unwrap() + 1;
        for forged in [
            format!("{later}.{seal}"),
            format!("+{expires}.{}", &seal[1..]),
            format!("{expires}.{}", BASE64.encode([0; 32])),
            format!("{expires}."),
            format!("{expires}.{}", &seal[..20]),
            expires.to_owned(),
            String::new(),
            ".".to_owned(),
        ] {
            assert!(!tickets.admits(&forged, 7, NOW), "{forged}");
        }
        assert!(
            !Tickets::new(&[2; 32], 300).admits(&ticket, 7, NOW),
            "another hub's"
        );
    }

    #[test]
    fn a_key_of_tokens_signs_no_tickets() {
        let secret = [3; 32];
        let expires = NOW + 1_000;
        let seal = mac(&secret, &meaning(7, expires)).finalize().into_bytes();
        let forged = format!("{expires}.{}", BASE64.encode(seal));
        assert!(!Tickets::new(&secret, 300).admits(&forged, 7, NOW));
    }
}
