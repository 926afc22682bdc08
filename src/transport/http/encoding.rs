//! Percent-encoding of paths and query strings, strict: what cannot be decoded is refused, not guessed.

use actix_web::HttpRequest;
use uuid::Uuid;

use crate::protocol::{Code, Error, error::Result};

/// The undecoded path segment that stands for `{name}` in the route's pattern. actix-web decodes its own
/// copies leniently, and a comma that was escaped must stay apart from one that was not.
pub fn raw_path_parameter<'a>(req: &'a HttpRequest, name: &str) -> Result<&'a str> {
    let pattern = req.match_pattern().unwrap_or_default();
    pattern
        .split('/')
        .position(|segment| segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) == Some(name))
        .and_then(|at| req.uri().path().split('/').nth(at))
        .ok_or_else(|| Error::internal("a route lacks its parameter"))
}

/// The decoded path segment that stands for `{name}` in the route's pattern.
pub fn path_parameter(req: &HttpRequest, name: &str) -> Result<String> {
    decode_segment(raw_path_parameter(req, name)?)
}

/// An id that was given out by the hub; anything else names nothing.
pub fn uuid(text: &str) -> Result<Uuid> {
    Uuid::parse_str(text).map_err(|_| Error::of(Code::NotFound))
}

/// Decodes one segment of a path. A bad `%` escape or text that is not UTF-8: `invalid_request`.
pub fn decode_segment(raw: &str) -> Result<String> {
    decode(raw, false)
}

/// The pairs of a query string, decoded (`+` is a space), in order. A name without `=` has an empty value.
pub fn decode_query(raw: &str) -> Result<Vec<(String, String)>> {
    raw.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name, true)?, decode(value, true)?))
        })
        .collect()
}

fn decode(raw: &str, plus_is_space: bool) -> Result<String> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'%' => {
                let high = rest.next().and_then(hex_digit).ok_or_else(bad_escape)?;
                let low = rest.next().and_then(hex_digit).ok_or_else(bad_escape)?;
                high << 4 | low
            }
            b'+' if plus_is_space => b' ',
            other => other,
        });
    }
    String::from_utf8(out).map_err(|_| Error::invalid("The address is not UTF-8 once decoded."))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn bad_escape() -> Error {
    Error::invalid("The address holds a % that begins no escape.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_as_utf_8() {
        assert_eq!(decode_segment("caf%C3%A9%2F1+1").unwrap(), "café/1+1");
        assert_eq!(
            decode_query("a=1+2&b=%26&&c").unwrap(),
            [("a", "1 2"), ("b", "&"), ("c", "")].map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
    }

    #[test]
    fn bad_escapes_are_refused() {
        for raw in ["%", "%4", "%zz", "a%", "%ff", "%C3"] {
            assert!(decode_segment(raw).is_err(), "{raw}");
        }
    }
}
