//! Finished WebSocket frames (RFC 6455 section 5.2): unmasked, one frame a message, made once and shared.

use bytes::Bytes;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8A;

/// The longest header of an unmasked frame.
const HEADER_MAX: usize = 10;

/// A text frame whose payload is written by `write`, without a copy of it.
pub fn text_with(capacity: usize, write: impl FnOnce(&mut Vec<u8>)) -> Bytes {
    let mut out = Vec::with_capacity(HEADER_MAX + capacity);
    out.resize(HEADER_MAX, 0);
    write(&mut out);
    finish(TEXT, out)
}

/// A text frame of this payload.
pub fn text(payload: &[u8]) -> Bytes {
    text_with(payload.len(), |out| out.extend_from_slice(payload))
}

/// A binary frame of this payload.
pub fn binary(payload: &[u8]) -> Bytes {
    frame(BINARY, payload)
}

/// A ping; at most 125 bytes.
pub fn ping(payload: &[u8]) -> Bytes {
    frame(PING, payload)
}

/// A pong; at most 125 bytes.
pub fn pong(payload: &[u8]) -> Bytes {
    frame(PONG, payload)
}

/// A close frame; the reason is cut to fit a control frame.
pub fn close(code: u16, reason: &str) -> Bytes {
    let mut payload = Vec::with_capacity(2 + reason.len());
    payload.extend_from_slice(&code.to_be_bytes());
    let mut end = reason.len().min(123);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    payload.extend_from_slice(&reason.as_bytes()[..end]);
    frame(CLOSE, &payload)
}

/// A close frame without a code: the answer to one without.
pub fn close_empty() -> Bytes {
    frame(CLOSE, &[])
}

fn frame(head: u8, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(HEADER_MAX + payload.len());
    out.resize(HEADER_MAX, 0);
    out.extend_from_slice(payload);
    finish(head, out)
}

/// Puts the header right before the payload, which begins at `HEADER_MAX`.
fn finish(head: u8, mut out: Vec<u8>) -> Bytes {
    let len = out.len() - HEADER_MAX;
    let start = match len {
        0..126 => {
            out[HEADER_MAX - 1] = len as u8;
            HEADER_MAX - 2
        }
        126..0x1_0000 => {
            out[HEADER_MAX - 3] = 126;
            out[HEADER_MAX - 2..HEADER_MAX].copy_from_slice(&(len as u16).to_be_bytes());
            HEADER_MAX - 4
        }
        _ => {
            out[1] = 127;
            out[2..HEADER_MAX].copy_from_slice(&(len as u64).to_be_bytes());
            0
        }
    };
    out[start] = head;
    Bytes::from(out).slice(start..)
}

/// The payloads of text frames that stand one after another, for transports that are no WebSocket.
/// Frames of other kinds are passed over.
pub fn text_payloads(frames: &Bytes) -> impl Iterator<Item = Bytes> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let head = *frames.get(at)?;
            let (len, header) = match *frames.get(at + 1)? {
                126 => (
                    u16::from_be_bytes(frames.get(at + 2..at + 4)?.try_into().ok()?) as usize,
                    4,
                ),
                127 => (
                    u64::from_be_bytes(frames.get(at + 2..at + 10)?.try_into().ok()?) as usize,
                    10,
                ),
                short => (short as usize, 2),
            };
            let start = at + header;
            at = start + len;
            if at > frames.len() {
                return None;
            }
            if head == TEXT {
                return Some(frames.slice(start..at));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_frames_of_every_header_size_come_apart_again() {
        let payloads: Vec<Vec<u8>> = [0, 1, 125, 126, 65_535, 65_536].map(|n| vec![b'x'; n]).to_vec();
        let mut joined = Vec::new();
        for payload in &payloads {
            joined.extend_from_slice(&text(payload));
            joined.extend_from_slice(&ping(b"between"));
        }
        let back: Vec<Bytes> = text_payloads(&Bytes::from(joined)).collect();
        assert_eq!(back, payloads);
    }

    #[test]
    fn a_close_reason_is_cut_between_characters() {
        let frame = close(1000, &"é".repeat(100));
        assert!(frame.len() <= 127);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }
}
