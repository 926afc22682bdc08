//! Codes with which guests join a call: 8 hexadecimal digits, kept in memory for as long as the call lives.

use rand::Rng as _;
use subtle::ConstantTimeEq;

/// A code as people read it out.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinCode([u8; 8]);

impl JoinCode {
    /// From the operating system's generator by way of ChaCha: cannot be guessed from those before.
    pub fn generate() -> Self {
        let mut code = [0; 8];
        let digits = format!("{:08X}", rand::rng().random::<u32>());
        code.copy_from_slice(&digits.as_bytes()[..8]);
        Self(code)
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Compares with what somebody typed, in a time that tells nothing; small letters and spaces are forgiven.
    pub fn matches(&self, given: &str) -> bool {
        let mut typed = [0; 8];
        let mut len = 0;
        for byte in given
            .bytes()
            .filter(|b| !b.is_ascii_whitespace() && *b != b'-')
            .take(9)
        {
            if let Some(place) = typed.get_mut(len) {
                *place = byte.to_ascii_uppercase();
            }
            len += 1;
        }
        bool::from(typed.ct_eq(&self.0)) && len == 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_eight_upper_case_digits_and_matches_itself_alone() {
        let code = JoinCode::generate();
        let text = code.as_str().to_owned();
        assert_eq!(text.len(), 8);
        assert!(
            text.bytes()
                .all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
        );
        assert!(code.matches(&text));
        assert!(code.matches(&format!(" {}-{} ", text[..4].to_lowercase(), &text[4..])));
        for wrong in [
            "",
            "0",
            &text[..7],
            &format!("{text}0"),
            JoinCode::generate().as_str(),
        ] {
            assert!(!code.matches(wrong), "{wrong}");
        }
    }
}
