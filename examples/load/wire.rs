//! The least a client must do to speak WebSocket: frames written ready-made, answers searched for
//! the few bytes that matter. Both the hub's frames and Socket.IO's packets, which differ by a prefix.

use std::{
    io::{self, ErrorKind},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// No wait of the generator is longer.
pub const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Plain,
    SocketIo,
}

/// What a received message is, as far as a load generator cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Result,
    Error,
    DataChange,
    NewMessage,
    Welcome,
    CaughtUp,
    Resync,
    Other,
}

pub struct Socket {
    stream: TcpStream,
    dialect: Dialect,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Socket {
    /// Upgrades and reads up to the welcome; `query` is what follows `/ws` (`?since=…`).
    /// Returns the welcome's text.
    pub async fn open(dialect: Dialect, port: u16, token: &str, query: &str) -> io::Result<(Self, Vec<u8>)> {
        timeout(DEADLINE, Self::handshake(dialect, port, token, query))
            .await
            .unwrap_or_else(|_| Err(io::Error::new(ErrorKind::TimedOut, "no welcome in time")))
    }

    async fn handshake(dialect: Dialect, port: u16, token: &str, query: &str) -> io::Result<(Self, Vec<u8>)> {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (path, authorization) = match dialect {
            Dialect::Plain => (
                format!("/ws{query}"),
                format!("Authorization: Bearer {token}\r\n"),
            ),
            Dialect::SocketIo => ("/socket.io/?EIO=4&transport=websocket".to_owned(), String::new()),
        };
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{authorization}\r\n"
        );
        stream.write_all(head.as_bytes()).await?;
        let mut socket = Self {
            stream,
            dialect,
            buffer: Vec::new(),
            start: 0,
            end: 0,
        };
        socket.read_response_head().await?;
        if dialect == Dialect::SocketIo {
            socket.next_message().await?; // Engine.IO's open packet
            let auth = format!("40{{\"token\":\"{token}\"}}");
            socket.stream.write_all(&text_frame(auth.as_bytes())).await?;
        }
        loop {
            let message = socket.next_message().await?;
            if kind(&message) == Kind::Welcome {
                return Ok((socket, message));
            }
        }
    }

    async fn read_response_head(&mut self) -> io::Result<()> {
        loop {
            let held = &self.buffer[self.start..self.end];
            if let Some(at) = find(held, b"\r\n\r\n") {
                if !held.starts_with(b"HTTP/1.1 101") {
                    let status = String::from_utf8_lossy(&held[..held.len().min(16)]).into_owned();
                    return Err(io::Error::other(format!("upgrade refused: {status}")));
                }
                self.start += at + 4;
                return Ok(());
            }
            self.fill().await?;
        }
    }

    /// Waits for bytes; an error when the peer is gone.
    pub async fn fill(&mut self) -> io::Result<()> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && self.buffer.len() - self.end < 1024 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < 1024 {
            let grown = (self.buffer.len() * 2).max(2048);
            self.buffer.resize(grown, 0);
        }
        // `read` rather than `try_read`: after a short read tokio knows that the socket is empty and
        // spares the second system call that would only say so.
        match self.stream.read(&mut self.buffer[self.end..]).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            n => {
                self.end += n;
                Ok(())
            }
        }
    }

    /// The next whole text message already received. Pings are answered on the way.
    pub fn pop(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            let held = &self.buffer[self.start..self.end];
            let Some((opcode, header, length)) = header(held) else {
                return Ok(None);
            };
            if held.len() < header + length {
                return Ok(None);
            }
            let from = self.start + header;
            self.start = from + length;
            let payload = from..self.start;
            match opcode {
                0x1 if self.dialect == Dialect::SocketIo && self.buffer[payload.clone()] == *b"2" => {
                    self.answer(&text_frame(b"3"))?;
                }
                0x1 => return Ok(Some(&self.buffer[payload])),
                0x9 => {
                    let pong = frame(0xA, &self.buffer[payload]);
                    self.answer(&pong)?;
                }
                0x8 => {
                    let code = self.buffer[payload]
                        .get(..2)
                        .map_or(0, |c| u16::from_be_bytes([c[0], c[1]]));
                    return Err(io::Error::other(format!("closed with {code}")));
                }
                _ => {}
            }
        }
    }

    /// A few bytes that must fit the kernel's buffer: a client that never writes has room there.
    fn answer(&self, bytes: &[u8]) -> io::Result<()> {
        match self.stream.try_write(bytes) {
            Ok(_) => Ok(()),
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(cause) => Err(cause),
        }
    }

    /// The next message, copied: for hand-shakes and other cold paths.
    pub async fn next_message(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(message) = self.pop()? {
                return Ok(message.to_vec());
            }
            timeout(DEADLINE, self.fill())
                .await
                .map_err(|_| io::Error::new(ErrorKind::TimedOut, "nothing came in time"))??;
        }
    }

    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }
}

/// Opcode, header length, payload length of the frame at the front.
fn header(held: &[u8]) -> Option<(u8, usize, usize)> {
    let (&first, &second) = (held.first()?, held.get(1)?);
    Some(match second & 0x7F {
        126 => (
            first & 0xF,
            4,
            usize::from(u16::from_be_bytes(held.get(2..4)?.try_into().ok()?)),
        ),
        127 => (
            first & 0xF,
            10,
            usize::try_from(u64::from_be_bytes(held.get(2..10)?.try_into().ok()?)).ok()?,
        ),
        short => (first & 0xF, 2, usize::from(short)),
    })
}

/// A client's text frame. The mask is zero, which is a mask like any other, so that the payload
/// stands readable in the frame and numbers in it can be changed in place.
pub fn text_frame(payload: &[u8]) -> Vec<u8> {
    frame(0x1, payload)
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 14);
    out.push(0x80 | opcode);
    push_length(&mut out, payload.len(), 0x80);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
    out
}

/// A server's (unmasked) text frame, for the raw-frame lower bound.
pub fn server_frame(payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x81];
    push_length(&mut out, payload.len(), 0);
    out.extend_from_slice(payload);
    out
}

fn push_length(out: &mut Vec<u8>, length: usize, mask: u8) {
    match length {
        0..126 => out.push(mask | length as u8),
        126..65536 => {
            out.push(mask | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(mask | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (&first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(at) = haystack[from..].iter().position(|&byte| byte == first) {
        let after = from + at + 1;
        if haystack[after..].starts_with(rest) {
            return Some(from + at);
        }
        from = after;
    }
    None
}

/// Quotes inside values are escaped, so `"type":"` can only be the member itself.
pub fn kind(message: &[u8]) -> Kind {
    let Some(at) = find(message, b"\"type\":\"") else {
        return Kind::Other;
    };
    match &message[at + 8..] {
        rest if rest.starts_with(b"data_change\"") => Kind::DataChange,
        rest if rest.starts_with(b"new_message\"") => Kind::NewMessage,
        rest if rest.starts_with(b"result\"") => Kind::Result,
        rest if rest.starts_with(b"error\"") => Kind::Error,
        rest if rest.starts_with(b"welcome\"") => Kind::Welcome,
        rest if rest.starts_with(b"caught_up\"") => Kind::CaughtUp,
        rest if rest.starts_with(b"resync\"") => Kind::Resync,
        _ => Kind::Other,
    }
}

/// The unsigned number after `"name":`.
pub fn number(message: &[u8], name: &[u8]) -> Option<u64> {
    let at = find(message, name)? + name.len();
    digits(&message[at..])
}

fn digits(text: &[u8]) -> Option<u64> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..length]).ok()?.parse().ok()
}

/// The text after `"name":"`, up to the next quote.
pub fn text<'m>(message: &'m [u8], name: &[u8]) -> Option<&'m str> {
    let at = find(message, name)? + name.len();
    let length = message[at..].iter().position(|&byte| byte == b'"')?;
    std::str::from_utf8(&message[at..at + length]).ok()
}
