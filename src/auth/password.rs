//! What a password may be, and its bcrypt hash. bcrypt reads 72 bytes and takes NUL for the end: a
//! password that it would cut short is refused when set and never right when given.

use crate::protocol::error::{Error, Result};

/// The fewest bytes of a password that a person sets.
pub const MIN_BYTES: usize = 8;
/// The most bytes that bcrypt reads.
pub const MAX_BYTES: usize = 72;

/// Whether bcrypt reads all of it.
pub fn is_whole(password: &str) -> bool {
    password.len() <= MAX_BYTES && !password.as_bytes().contains(&0)
}

/// `invalid_request` unless a person may set this password.
pub fn check_new(password: &str) -> Result<()> {
    if password.len() < MIN_BYTES || password.len() > MAX_BYTES {
        return Err(Error::invalid("A password has 8 to 72 bytes."));
    }
    if !is_whole(password) {
        return Err(Error::invalid("A password holds no NUL character."));
    }
    Ok(())
}

/// Hashes a password: slow by design, not for async threads (see [`super::PasswordPool`]).
pub fn hash(password: &str, cost: u32) -> Result<String> {
    if !is_whole(password) {
        return Err(Error::invalid("A password has at most 72 bytes and no NUL character."));
    }
    bcrypt::hash(password, cost).map_err(Error::internal)
}

/// Compares in the time of one hash, whatever the password is. A hash that cannot be read is never right.
pub fn verify(password: &str, hash: &str) -> bool {
    // The work is done for a password that cannot be right, too, so that the answer takes as long.
    let whole = is_whole(password);
    let tried = if whole { password } else { "not this one" };
    let right = bcrypt::verify(tried, hash).unwrap_or(false);
    right & whole
}

/// A hash that no password has, to verify against where there is no user: as slow as a real one.
pub fn dummy_hash(cost: u32) -> Result<String> {
    hash(&super::initial_password::generate(), cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_72_bytes_count() {
        let long = "é".repeat(36);
        let hash = hash(&long, 4).unwrap();
        assert!(verify(&long, &hash));
        assert!(!verify(&format!("{}è", "é".repeat(35)), &hash));
    }

    #[test]
    fn longer_passwords_are_refused_not_cut() {
        let kept = "a".repeat(72);
        let hash = hash(&kept, 4).unwrap();
        assert!(!verify(&"a".repeat(73), &hash));
        assert!(super::hash(&"a".repeat(73), 4).is_err());
        assert!(check_new(&"a".repeat(73)).is_err());
        assert!(check_new(&kept).is_ok());
    }

    #[test]
    fn nothing_hides_behind_a_nul() {
        let hash = hash("password", 4).unwrap();
        assert!(!verify("password\0", &hash));
        assert!(!verify("password\0more", &hash));
        assert!(check_new("password\0").is_err());
        assert!(super::hash("pass\0word", 4).is_err());
    }

    #[test]
    fn short_passwords_cannot_be_set() {
        assert!(check_new("1234567").is_err());
        assert!(check_new("12345678").is_ok());
    }

    #[test]
    fn a_hash_that_cannot_be_read_is_never_right() {
        assert!(!verify("", ""));
        assert!(!verify("x", "x"));
    }
}
