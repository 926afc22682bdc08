//! Refresh tokens: 32 random bytes, opaque to everybody; only their SHA-256 is stored.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand::RngCore as _;
use sha2::{Digest as _, Sha256};

/// For how long a repeated token is taken for a lost answer or a second tab, milliseconds.
pub const GRACE_MS: i64 = 30_000;

/// A token as the client holds it.
pub fn generate() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is stored of a token. Looking a hash up tells a guesser nothing: he cannot choose its bytes.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// What to do with a token that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its first use.
    First,
    /// Used before, and nobody is harmed: the answer was lost, or two tabs share it.
    Repeated,
    /// Used before by one of two parties: the family is revoked.
    Reused,
}

/// PROTOCOL section 2: an old one repeated within 30 s, or whose successor was never used, gets a new successor.
pub fn judge(first_used_at_ms: Option<i64>, successor_used: bool, now_ms: i64) -> Verdict {
    match first_used_at_ms {
        None => Verdict::First,
        // A clock that was set back must not throw people out.
        Some(used) if !successor_used || now_ms.saturating_sub(used) <= GRACE_MS => Verdict::Repeated,
        Some(_) => Verdict::Reused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repetition_is_forgiven_for_thirty_seconds_or_while_its_successor_is_unused() {
        assert_eq!(judge(None, false, 0), Verdict::First);
        assert_eq!(judge(Some(0), true, GRACE_MS), Verdict::Repeated);
        assert_eq!(judge(Some(0), true, GRACE_MS + 1), Verdict::Reused);
        assert_eq!(judge(Some(0), false, i64::MAX), Verdict::Repeated);
    }

    #[test]
    fn tokens_are_long_and_differ() {
        assert_eq!(generate().len(), 43);
        assert_ne!(generate(), generate());
    }
}
