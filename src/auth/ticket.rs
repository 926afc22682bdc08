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

    /// A ticket for one file from now on. `standing` is told to whoever checks it.
    pub fn issue(&self, file_id: i64, standing: i64, now_ms: i64) -> String {
        let expires = now_ms.saturating_add(self.ttl_ms);
        let seal = mac(&self.key, &meaning(file_id, standing, expires))
            .finalize()
            .into_bytes();
        format!("{expires}.{standing}.{}", BASE64.encode(seal))
    }

    /// The `standing` of a ticket that was issued for this file and has not expired. Takes the same time wherever the seal
    /// differs.
    pub fn admits(&self, ticket: &str, file_id: i64, now_ms: i64) -> Option<i64> {
        let (expires, rest) = ticket.split_once('.')?;
        let (standing, seal) = rest.split_once('.')?;
        let (expires, standing) = (expires.parse::<i64>().ok()?, standing.parse::<i64>().ok()?);
        let seal = BASE64.decode(seal).ok()?;
        let genuine = mac(&self.key, &meaning(file_id, standing, expires))
            .verify_slice(&seal)
            .is_ok();
        (genuine && now_ms < expires).then_some(standing)
    }
}

fn meaning(file_id: i64, standing: i64, expires_ms: i64) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&file_id.to_be_bytes());
    bytes[8..16].copy_from_slice(&standing.to_be_bytes());
    bytes[16..].copy_from_slice(&expires_ms.to_be_bytes());
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
        let ticket = tickets.issue(7, 4, NOW);
        assert_eq!(tickets.admits(&ticket, 7, NOW), Some(4));
        assert_eq!(tickets.admits(&ticket, 7, NOW + 299_999), Some(4));
        assert_eq!(tickets.admits(&ticket, 7, NOW + 300_000), None);
        assert_eq!(tickets.admits(&ticket, 8, NOW), None);
    }

    #[test]
    fn whatever_is_changed_in_it_makes_it_void() {
        let tickets = Tickets::new(&[1; 32], 300);
        let ticket = tickets.issue(7, 4, NOW);
        let (expires, rest) = ticket.split_once('.').unwrap();
        let seal = rest.split_once('.').unwrap().1;
        let later = expires.parse::<i64>().unwrap() + 1;
        for forged in [
            format!("{later}.4.{seal}"),
            format!("{expires}.5.{seal}"),
            format!("{expires}.{seal}"),
            format!("+{expires}.4.{}", &seal[1..]),
            format!("{expires}.4.{}", BASE64.encode([0; 32])),
            format!("{expires}.4."),
            format!("{expires}.4.{}", &seal[..20]),
            expires.to_owned(),
            String::new(),
            "..".to_owned(),
        ] {
            assert_eq!(tickets.admits(&forged, 7, NOW), None, "{forged}");
        }
        assert_eq!(
            Tickets::new(&[2; 32], 300).admits(&ticket, 7, NOW),
            None,
            "another hub's"
        );
    }

    #[test]
    fn a_key_of_tokens_signs_no_tickets() {
        let secret = [3; 32];
        let expires = NOW + 1_000;
        let seal = mac(&secret, &meaning(7, 0, expires)).finalize().into_bytes();
        let forged = format!("{expires}.0.{}", BASE64.encode(seal));
        assert_eq!(Tickets::new(&secret, 300).admits(&forged, 7, NOW), None);
    }
}
