//! Passwords that the hub makes up, to be read from a console and typed once.

use rand::Rng as _;

/// Without what is mistaken for another: 0 and o, 1, i and l, u and v.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstwxyz23456789";

/// Four groups of four characters (77 bits): `k3wd-9fhp-…`.
pub fn generate() -> String {
    let mut rng = rand::rng();
    let mut password = String::with_capacity(19);
    for at in 0..16 {
        if at > 0 && at % 4 == 0 {
            password.push('-');
        }
        password.push(char::from(ALPHABET[rng.random_range(0..ALPHABET.len())]));
    }
    password
}

#[cfg(test)]
mod tests {
    #[test]
    fn two_are_never_alike_and_a_person_can_set_them() {
        let (one, other) = (super::generate(), super::generate());
        assert_ne!(one, other);
        assert_eq!(one.len(), 19);
        assert!(crate::auth::password::check_new(&one).is_ok());
    }
}
