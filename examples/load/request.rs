//! Requests encoded once; before each send the id, the mark or the key is overwritten in place.

use crate::wire::{Dialect, find, text_frame};

const FIRST_ID: u32 = 1_000_000_000;
/// What a mark begins with; it stands nowhere else in a frame.
const MARK: u8 = b'~';
/// Keys of the seed that have four digits.
pub const KEYS: std::ops::Range<u32> = 1_000..10_000;

pub const INSERT_SQL: &str = "INSERT INTO items(name, qty, note) VALUES (?, ?, ?)";
pub const SELECT_SQL: &str = "SELECT id, name, qty, note FROM items WHERE id = ?";

/// A note that makes the changed row about 200 bytes of JSON, mark included.
pub fn note(client: u32, seq: u32) -> String {
    format!("{}{client:04}{seq:08}{}", MARK as char, "x".repeat(127))
}

pub struct Request {
    frame: Vec<u8>,
    id_at: usize,
    slots: Vec<usize>,
}

impl Request {
    pub fn insert(dialect: Dialect, client: u32) -> Self {
        let params = format!("[\"bench item\",7,\"{}\"]", note(client, 0));
        Self::query(dialect, INSERT_SQL, &params, &[MARK], 1 + 4)
    }

    pub fn select(dialect: Dialect) -> Self {
        Self::query(dialect, SELECT_SQL, "[1000]", b"[1000]", 1)
    }

    /// `slot` is the place, `skip` bytes after the start of `needle`, that changes from send to send.
    fn query(dialect: Dialect, sql: &str, params: &str, needle: &[u8], skip: usize) -> Self {
        let body =
            format!("{{\"type\":\"query\",\"id\":{FIRST_ID},\"query\":\"{sql}\",\"params\":{params}}}");
        Self::of(dialect, "query", &body, needle, skip)
    }

    /// A message of about 200 bytes of JSON, its mark in the text and in what tells a retry from the next.
    pub fn message(room: i64, writer: u32) -> Self {
        let mark = format!("{}{writer:04}{:08}", MARK as char, 0);
        let body = format!(
            "{{\"type\":\"send_message\",\"id\":{FIRST_ID},\"room\":{room},\"kind\":\"text\",\"content\":\"{mark} {}\",\"client_id\":\"{mark}\"}}",
            "word ".repeat(12)
        );
        Self::of(Dialect::Plain, "send_message", &body, &[MARK], 1 + 4)
    }

    /// Any request whose number alone changes.
    pub fn plain(kind: &str, members: &str) -> Self {
        let body = format!("{{\"type\":\"{kind}\",\"id\":{FIRST_ID},{members}}}");
        Self::of(Dialect::Plain, kind, &body, b"\0", 0)
    }

    fn of(dialect: Dialect, event: &str, body: &str, needle: &[u8], skip: usize) -> Self {
        let payload = dress(dialect, event, body);
        let frame = text_frame(&payload);
        let header = frame.len() - payload.len();
        let id_at = header + find(&payload, FIRST_ID.to_string().as_bytes()).unwrap_or(0);
        let mut slots = Vec::new();
        let mut from = 0;
        while let Some(at) = find(&payload[from..], needle) {
            slots.push(header + from + at + skip);
            from += at + needle.len();
        }
        Self { frame, id_at, slots }
    }

    /// The frame with this request number (below a billion) and mark.
    pub fn marked(&mut self, n: u32, seq: u32) -> &[u8] {
        for &slot in &self.slots {
            write_digits(&mut self.frame[slot..slot + 8], seq);
        }
        self.numbered(n)
    }

    /// The frame with this request number and four-digit key.
    pub fn keyed(&mut self, n: u32, key: u32) -> &[u8] {
        for &slot in &self.slots {
            write_digits(&mut self.frame[slot..slot + 4], key);
        }
        self.numbered(n)
    }

    pub fn numbered(&mut self, n: u32) -> &[u8] {
        write_digits(&mut self.frame[self.id_at..self.id_at + 10], FIRST_ID + n);
        &self.frame
    }
}

/// The request number that an answer carries.
pub fn number_of(message: &[u8]) -> Option<u32> {
    let id = crate::wire::number(message, b"\"id\":")?;
    u32::try_from(id).ok()?.checked_sub(FIRST_ID)
}

/// The writer and sequence number that a change carries.
pub fn mark_of(message: &[u8]) -> Option<(usize, u32)> {
    let at = message.iter().position(|&byte| byte == MARK)? + 1;
    let digits = std::str::from_utf8(message.get(at..at + 12)?).ok()?;
    Some((digits[..4].parse().ok()?, digits[4..].parse().ok()?))
}

/// A frame that turns data changes off: writers are not listeners.
pub fn subscribe_to_nothing(dialect: Dialect) -> Vec<u8> {
    text_frame(&dress(
        dialect,
        "subscribe",
        r#"{"type":"subscribe","id":1,"tables":[]}"#,
    ))
}

fn dress(dialect: Dialect, event: &str, body: &str) -> Vec<u8> {
    match dialect {
        Dialect::Plain => body.as_bytes().to_vec(),
        Dialect::SocketIo => format!("42[\"{event}\",{body}]").into_bytes(),
    }
}

fn write_digits(out: &mut [u8], mut number: u32) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_marks_are_found_where_they_were_written() {
        for dialect in [Dialect::Plain, Dialect::SocketIo] {
            let mut insert = Request::insert(dialect, 7);
            let frame = insert.marked(12, 34).to_vec();
            // Two bytes of header, two of length, four of mask.
            assert_eq!(number_of(&frame[8..]), Some(12));
            assert_eq!(mark_of(&frame[8..]), Some((7, 34)));
            let mut select = Request::select(dialect);
            let frame = select.keyed(3, 4321);
            assert!(find(frame, b"\"params\":[4321]").is_some());
            assert_eq!(number_of(frame), Some(3));
        }
    }
}
