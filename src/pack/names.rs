//! What a pack may call things.

/// A role, pack or demo user: a letter of any alphabet, then letters, digits, `_`, `-` or `.`; at most 64 bytes.
pub fn is_name(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(char::is_alphabetic)
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A function, parameter or value of a function: a letter or `_`, then letters, digits or `_`; at most 64.
pub fn is_identifier(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether the name is the hub's or SQLite's own.
pub fn is_reserved_table(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    lower.starts_with("_comptoir_") || lower.starts_with("sqlite_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_be_french_or_arabic() {
        assert!(["médecin", "طبيب", "agent-2", "a.b_c"].into_iter().all(is_name));
        assert!(!["", "2e", "a b", "a/b", "-a"].into_iter().any(is_name));
    }
}
