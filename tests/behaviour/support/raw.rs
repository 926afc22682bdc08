//! Bytes on the wire, for what no well-behaved client sends.

use std::{
    io::{Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    time::Duration,
};

use super::PATIENCE;

pub const CONT: u8 = 0;
pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

pub fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, PATIENCE).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// A connection from a chosen address of this machine.
pub fn connect_from(addr: SocketAddr, from: IpAddr) -> TcpStream {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
    socket.connect(&addr.into()).unwrap();
    let stream: TcpStream = socket.into();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Everything until the peer closes; `None` where it does not within the time.
pub fn read_to_end(stream: &mut TcpStream, limit: Duration) -> Option<Vec<u8>> {
    stream.set_read_timeout(Some(limit)).unwrap();
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Some(bytes),
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => return Some(bytes),
            Err(_) => return None,
        }
    }
}

/// One HTTP exchange on a connection of its own: status and whole answer.
pub fn http(mut stream: TcpStream, request: &str) -> (u16, String) {
    stream.write_all(request.as_bytes()).unwrap();
    let bytes = read_to_end(&mut stream, PATIENCE).expect("the answer ends");
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let status = text
        .split(' ')
        .nth(1)
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| panic!("no status in {text:?}"));
    (status, text)
}

/// A POST of JSON from a chosen address, with further header lines.
pub fn post_from(
    addr: SocketAddr,
    from: IpAddr,
    path: &str,
    headers: &str,
    body: &serde_json::Value,
) -> (u16, String) {
    let body = body.to_string();
    http(
        connect_from(addr, from),
        &format!(
            "POST {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             {headers}Content-Length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
}

/// A frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    pub fin: bool,
    pub opcode: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn close_code(&self) -> Option<u16> {
        let code = self.payload.get(..2)?;
        Some(u16::from_be_bytes([code[0], code[1]]))
    }
}

/// The bytes of a client frame. `head` is the first octet whole: FIN, RSV and opcode.
pub fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = header(head, payload.len(), true);
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().enumerate().map(|(i, b)| b ^ mask[i % 4]));
    bytes
}

pub fn header(head: u8, len: usize, masked: bool) -> Vec<u8> {
    let bit = if masked { 0x80 } else { 0 };
    let mut bytes = vec![head];
    match len {
        0..=125 => bytes.push(bit | len as u8),
        126..=65535 => {
            bytes.push(bit | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            bytes.push(bit | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    bytes
}

/// An upgraded connection whose frames are made by hand.
pub struct RawSocket {
    pub stream: TcpStream,
    pending: Vec<u8>,
}

impl RawSocket {
    /// Opens `path`, with a bearer token where there is one.
    pub fn open(addr: SocketAddr, path: &str, token: Option<&str>) -> Self {
        let mut stream = connect(addr);
        let authorization = token.map_or(String::new(), |t| format!("Authorization: Bearer {t}\r\n"));
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {addr}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{authorization}\r\n"
        )
        .unwrap();
        let mut socket = Self {
            stream,
            pending: Vec::new(),
        };
        let head = loop {
            if let Some(end) = socket.pending.windows(4).position(|w| w == b"\r\n\r\n") {
                break socket.pending.drain(..end + 4).collect::<Vec<u8>>();
            }
            assert!(socket.fill(), "no answer to the upgrade");
        };
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(head.contains("s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        socket
    }

    pub fn write(&mut self, bytes: &[u8]) {
        // A peer that has already closed is a finding of the reads that follow.
        let _ = self.stream.write_all(bytes);
    }

    pub fn send(&mut self, head: u8, payload: &[u8]) {
        self.write(&frame(head, payload));
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) | Err(_) => false,
            Ok(n) => {
                self.pending.extend_from_slice(&buffer[..n]);
                true
            }
        }
    }

    /// The next frame; `None` where the connection ended or nothing came in time.
    pub fn read(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, used)) = parse(&self.pending) {
                self.pending.drain(..used);
                return Some(frame);
            }
            if !self.fill() {
                return None;
            }
        }
    }

    /// The next frame that is not a ping of the hub's own heartbeat.
    pub fn read_data(&mut self) -> Option<Frame> {
        loop {
            let frame = self.read()?;
            if frame.opcode != PING {
                return Some(frame);
            }
        }
    }

    /// Passes over frames until the close, and answers its code; 1006 for an end without one.
    pub fn close_code(&mut self) -> u16 {
        while let Some(frame) = self.read() {
            if frame.opcode == CLOSE {
                return frame.close_code().unwrap_or(1005);
            }
        }
        1006
    }
}

fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
    let (head, len) = (*bytes.first()?, *bytes.get(1)?);
    assert_eq!(head & 0x70, 0, "the hub sets no reserved bit");
    assert_eq!(len & 0x80, 0, "a server does not mask");
    let (len, start) = match len {
        126 => (
            u16::from_be_bytes(bytes.get(2..4)?.try_into().unwrap()) as usize,
            4,
        ),
        127 => (
            u64::from_be_bytes(bytes.get(2..10)?.try_into().unwrap()) as usize,
            10,
        ),
        n => (n as usize, 2),
    };
    let payload = bytes.get(start..start + len)?.to_vec();
    let frame = Frame {
        fin: head & 0x80 != 0,
        opcode: head & 0x0f,
        payload,
    };
    Some((frame, start + len))
}
