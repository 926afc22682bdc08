//! `Content-Disposition` (RFC 6266): a name in ASCII for old programs, and the whole one (RFC 8187).

/// `name` is harmless already: no control characters, no path.
pub fn content_disposition(inline: bool, name: &str) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let mut value = format!("{kind}; filename=\"{plain}\"");
    if plain != name {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                value.push(char::from(byte));
            } else {
                value.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::content_disposition;

    #[test]
    fn names_travel_whole_and_leave_their_quotes_in_no_way() {
        for (name, value) in [
            ("a b.png", "attachment; filename=\"a b.png\""),
            (
                "\"; x=\\y.txt",
                "attachment; filename=\"_; x=_y.txt\"; filename*=UTF-8''%22%3B%20x%3D%5Cy.txt",
            ),
            (
                "été.pdf",
                "attachment; filename=\"_t_.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9.pdf",
            ),
            (
                "50%.txt",
                "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt",
            ),
        ] {
            assert_eq!(content_disposition(false, name), value);
        }
        assert!(content_disposition(true, "a.png").starts_with("inline; "));
    }
}
