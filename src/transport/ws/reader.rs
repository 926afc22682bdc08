//! An RFC 6455 reader for the server's side: bytes in, messages out. No I/O.
//!
//! It is incremental: a frame's payload is unmasked and checked as its bytes arrive, so that invalid UTF-8
//! is refused at the first wrong byte (section 8.1) and a length over the limit at the header, before a
//! byte of it is held. An idle reader holds no buffer.

use crate::protocol::close::Close;

const FIN: u8 = 0x80;
const RSV: u8 = 0x70;
const MASKED: u8 = 0x80;
const MAX_CONTROL: u64 = 125;

/// The longest header of a masked frame.
const HEADER_MAX: usize = 14;

/// What a client said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// The code, where there was one.
    Close(Option<u16>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte & 0x0F {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The frame under way.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    fin: bool,
    mask: [u8; 4],
    /// Payload bytes so far, for the mask's phase.
    at: usize,
    left: usize,
}

/// The message under way, which may span frames.
#[derive(Debug)]
struct Message {
    text: bool,
    payload: Vec<u8>,
    /// Bytes of `payload` known to be UTF-8.
    valid: usize,
}

/// Reads one client's frames. After an error it must not be used again.
#[derive(Debug)]
pub struct Reader {
    max_message: usize,
    header: [u8; HEADER_MAX],
    header_len: usize,
    frame: Option<Frame>,
    message: Option<Message>,
    control: Vec<u8>,
}

impl Reader {
    /// `max_message`: the longest frame and the longest message, bytes.
    pub fn new(max_message: usize) -> Self {
        Self {
            max_message,
            header: [0; HEADER_MAX],
            header_len: 0,
            frame: None,
            message: None,
            control: Vec::new(),
        }
    }

    /// Takes bytes from the front of `input` (changing them in place) until one event is complete.
    /// `None`: all were taken, more are needed.
    pub fn read(&mut self, input: &mut &mut [u8]) -> Result<Option<Event>, Close> {
        loop {
            if self.frame.is_none() && !self.read_header(input)? {
                return Ok(None);
            }
            if let Some(event) = self.read_payload(input)? {
                return Ok(Some(event));
            }
            if self.frame.is_some() {
                return Ok(None);
            }
        }
    }

    /// Whether a frame begins now.
    fn read_header(&mut self, input: &mut &mut [u8]) -> Result<bool, Close> {
        loop {
            let needed = match self.header_len {
                0 | 1 => 2,
                _ => {
                    let extended = match self.header[1] & !MASKED {
                        126 => 2,
                        127 => 8,
                        _ => 0,
                    };
                    2 + extended + 4
                }
            };
            if self.header_len >= 1 {
                self.check_first_byte()?;
            }
            if self.header_len >= 2 && self.header[1] & MASKED == 0 {
                return Err(Close::ProtocolError); // section 5.1: a client masks every frame
            }
            if self.header_len == needed && needed > 2 {
                self.begin_frame()?;
                return Ok(true);
            }
            if input.is_empty() {
                return Ok(false);
            }
            let take = (needed - self.header_len).min(input.len());
            // The first byte alone, so that it is judged before the second arrives.
            let take = if self.header_len == 0 { 1 } else { take };
            self.header[self.header_len..self.header_len + take].copy_from_slice(&input[..take]);
            self.header_len += take;
            advance(input, take);
        }
    }

    fn check_first_byte(&self) -> Result<(), Close> {
        let first = self.header[0];
        if first & RSV != 0 {
            return Err(Close::ProtocolError); // no extension was negotiated
        }
        let opcode = Opcode::of(first).ok_or(Close::ProtocolError)?;
        let fin = first & FIN != 0;
        let legal = match opcode {
            Opcode::Continuation => self.message.is_some(),
            Opcode::Text | Opcode::Binary => self.message.is_none(),
            _ => fin,
        };
        if legal { Ok(()) } else { Err(Close::ProtocolError) }
    }

    fn begin_frame(&mut self) -> Result<(), Close> {
        let [first, second, rest @ ..] = &self.header;
        let opcode = Opcode::of(*first).ok_or(Close::ProtocolError)?;
        let (len, mask_at) = match second & !MASKED {
            126 => (u64::from(u16::from_be_bytes([rest[0], rest[1]])), 2),
            127 => {
                let mut bytes = [0; 8];
                bytes.copy_from_slice(&rest[..8]);
                (u64::from_be_bytes(bytes), 8)
            }
            short => (u64::from(short), 0),
        };
        if opcode.is_control() && len > MAX_CONTROL {
            return Err(Close::ProtocolError);
        }
        if len >> 63 != 0 {
            return Err(Close::ProtocolError); // section 5.2: the most significant bit is 0
        }
        let so_far = self.message.as_ref().map_or(0, |m| m.payload.len());
        let len = usize::try_from(len).map_err(|_| Close::TooBig)?;
        if !opcode.is_control() && so_far.saturating_add(len) > self.max_message {
            return Err(Close::TooBig);
        }
        if matches!(opcode, Opcode::Text | Opcode::Binary) {
            self.message = Some(Message {
                text: opcode == Opcode::Text,
                payload: Vec::new(),
                valid: 0,
            });
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&rest[mask_at..mask_at + 4]);
        self.frame = Some(Frame {
            opcode,
            fin: first & FIN != 0,
            mask,
            at: 0,
            left: len,
        });
        self.header_len = 0;
        Ok(())
    }

    fn read_payload(&mut self, input: &mut &mut [u8]) -> Result<Option<Event>, Close> {
        let Some(frame) = &mut self.frame else {
            return Ok(None);
        };
        let take = frame.left.min(input.len());
        let bytes = &mut input[..take];
        unmask(bytes, frame.mask, frame.at);
        frame.at += take;
        frame.left -= take;
        if frame.opcode.is_control() {
            self.control.extend_from_slice(bytes);
        } else if let Some(message) = &mut self.message {
            message.payload.extend_from_slice(bytes);
            message.check_utf8()?;
        }
        advance(input, take);
        if frame.left > 0 {
            return Ok(None);
        }
        let (opcode, fin) = (frame.opcode, frame.fin);
        self.frame = None;
        if opcode.is_control() {
            return control_event(opcode, std::mem::take(&mut self.control)).map(Some);
        }
        if !fin {
            return Ok(None);
        }
        self.message.take().map(Message::finish).transpose()
    }
}

impl Message {
    /// Checks the bytes since the last look; a character may still be incomplete at the end.
    fn check_utf8(&mut self) -> Result<(), Close> {
        if !self.text {
            return Ok(());
        }
        match std::str::from_utf8(&self.payload[self.valid..]) {
            Ok(_) => self.valid = self.payload.len(),
            Err(e) if e.error_len().is_none() => self.valid += e.valid_up_to(),
            Err(_) => return Err(Close::InvalidPayload),
        }
        Ok(())
    }

    fn finish(self) -> Result<Event, Close> {
        if !self.text {
            return Ok(Event::Binary(self.payload));
        }
        String::from_utf8(self.payload)
            .map(Event::Text)
            .map_err(|_| Close::InvalidPayload)
    }
}

fn control_event(opcode: Opcode, payload: Vec<u8>) -> Result<Event, Close> {
    match opcode {
        Opcode::Ping => Ok(Event::Ping(payload)),
        Opcode::Pong => Ok(Event::Pong(payload)),
        _ => match payload.as_slice() {
            [] => Ok(Event::Close(None)),
            [_] => Err(Close::ProtocolError),
            [high, low, reason @ ..] => {
                let code = u16::from_be_bytes([*high, *low]);
                if !may_be_sent(code) {
                    return Err(Close::ProtocolError);
                }
                std::str::from_utf8(reason).map_err(|_| Close::InvalidPayload)?;
                Ok(Event::Close(Some(code)))
            }
        },
    }
}

/// Close codes that an endpoint may put into a frame (RFC 6455 section 7.4, and the IANA registry).
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// XORs with the mask, `at` bytes into the payload; eight bytes at a time.
fn unmask(bytes: &mut [u8], mask: [u8; 4], at: usize) {
    let phase = at % 4;
    let turned: [u8; 4] = std::array::from_fn(|i| mask[(i + phase) % 4]);
    let wide = u64::from_ne_bytes(std::array::from_fn(|i| turned[i % 4]));
    let mut chunks = bytes.chunks_exact_mut(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u64::from_ne_bytes(word) ^ wide).to_ne_bytes());
    }
    for (i, byte) in chunks.into_remainder().iter_mut().enumerate() {
        *byte ^= turned[i % 4];
    }
}

fn advance(input: &mut &mut [u8], by: usize) {
    let taken = std::mem::take(input);
    *input = &mut taken[by..];
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

    fn client_frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        match payload.len() {
            n @ 0..126 => out.push(0x80 | n as u8),
            n @ 126..0x1_0000 => {
                out.push(0x80 | 126);
                out.extend_from_slice(&(n as u16).to_be_bytes());
            }
            n => {
                out.push(0x80 | 127);
                out.extend_from_slice(&(n as u64).to_be_bytes());
            }
        }
        out.extend_from_slice(&MASK);
        out.extend(payload.iter().enumerate().map(|(i, b)| b ^ MASK[i % 4]));
        out
    }

    /// All events of `bytes`, fed in pieces of `step`.
    fn read_in(step: usize, bytes: &[u8]) -> Result<Vec<Event>, Close> {
        let mut reader = Reader::new(1 << 20);
        let mut events = Vec::new();
        for piece in bytes.chunks(step) {
            let mut piece = piece.to_vec();
            let mut input = &mut piece[..];
            while let Some(event) = reader.read(&mut input)? {
                events.push(event);
            }
            assert!(input.is_empty());
        }
        Ok(events)
    }

    #[test]
    fn messages_of_every_length_arrive_however_they_are_cut() {
        for len in [0, 1, 7, 8, 9, 125, 126, 127, 65_535, 65_536] {
            let payload: Vec<u8> = (0..len).map(|i| (i % 251) as u8).collect();
            let bytes = client_frame(0x82, &payload);
            for step in [1, 3, 1000, usize::MAX] {
                assert_eq!(
                    read_in(step, &bytes),
                    Ok(vec![Event::Binary(payload.clone())]),
                    "{len} in {step}"
                );
            }
        }
    }

    #[test]
    fn control_frames_come_between_the_fragments_of_a_message() {
        let mut bytes = client_frame(0x01, "h\u{e9}".as_bytes());
        bytes.extend(client_frame(0x89, b"ping"));
        bytes.extend(client_frame(0x00, b"l"));
        bytes.extend(client_frame(0x80, b"lo"));
        let expected = [Event::Ping(b"ping".to_vec()), Event::Text("h\u{e9}llo".into())];
        for step in [1, 2, usize::MAX] {
            assert_eq!(read_in(step, &bytes), Ok(expected.to_vec()));
        }
    }

    #[test]
    fn a_character_may_be_split_between_fragments_but_a_wrong_byte_is_refused_at_once() {
        let euro = "€".as_bytes();
        let mut split = client_frame(0x01, &euro[..1]);
        split.extend(client_frame(0x80, &euro[1..]));
        assert_eq!(read_in(1, &split), Ok(vec![Event::Text("€".into())]));

        // A surrogate half: the frame says 100 bytes, and is refused at the third.
        let mut payload = vec![b'x'; 100];
        payload[0..3].copy_from_slice(&[0xED, 0xA0, 0x80]);
        let frame = client_frame(0x81, &payload);
        assert_eq!(read_in(1, &frame[..frame.len() - 97]), Err(Close::InvalidPayload));

        assert_eq!(
            read_in(1, &client_frame(0x81, &euro[..2])),
            Err(Close::InvalidPayload)
        );
    }

    #[test]
    fn what_the_rfc_forbids_is_refused() {
        for first in [
            0xC1, 0xA1, 0x91, 0x83, 0x87, 0x8B, 0x8F, 0x80, 0x00, 0x09, 0x08, 0x0A,
        ] {
            assert_eq!(
                read_in(1, &client_frame(first, b"x")),
                Err(Close::ProtocolError),
                "{first:#x}"
            );
        }
        assert_eq!(
            read_in(1, &[0x81, 0x01, b'x']),
            Err(Close::ProtocolError),
            "unmasked"
        );
        assert_eq!(
            read_in(1, &client_frame(0x89, &[b'x'; 126])),
            Err(Close::ProtocolError),
            "long ping"
        );
        let mut twice = client_frame(0x01, b"a");
        twice.extend(client_frame(0x81, b"b"));
        assert_eq!(
            read_in(1, &twice),
            Err(Close::ProtocolError),
            "a message inside a message"
        );
    }

    #[test]
    fn a_close_frame_is_checked() {
        assert_eq!(read_in(1, &client_frame(0x88, &[])), Ok(vec![Event::Close(None)]));
        assert_eq!(read_in(1, &client_frame(0x88, &[3])), Err(Close::ProtocolError));
        for (code, legal) in [
            (1000, true),
            (1004, false),
            (1005, false),
            (1006, false),
            (1014, true),
            (1015, false),
            (1016, false),
        ]
        .into_iter()
        .chain([
            (999, false),
            (2999, false),
            (3000, true),
            (4999, true),
            (5000, false),
            (0, false),
        ]) {
            let frame = client_frame(0x88, &u16::to_be_bytes(code));
            let expected = if legal {
                Ok(vec![Event::Close(Some(code))])
            } else {
                Err(Close::ProtocolError)
            };
            assert_eq!(read_in(1, &frame), expected, "{code}");
        }
        assert_eq!(
            read_in(1, &client_frame(0x88, &[3, 232, 0xFF])),
            Err(Close::InvalidPayload)
        );
    }

    #[test]
    fn a_length_over_the_limit_is_refused_at_the_header() {
        let mut reader = Reader::new(10);
        let mut header = [0x82, 0x80 | 11, 0, 0, 0, 0];
        assert_eq!(reader.read(&mut &mut header[..]), Err(Close::TooBig));

        let mut bytes = client_frame(0x02, &[0; 6]);
        bytes.extend(client_frame(0x80, &[0; 6]));
        let mut reader = Reader::new(10);
        assert_eq!(
            reader.read(&mut &mut bytes[..]),
            Err(Close::TooBig),
            "fragments add up"
        );
    }
}
