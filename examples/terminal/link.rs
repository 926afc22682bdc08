//! The socket, and what its end asks for (PROTOCOL section 3, close codes).

use std::{io::ErrorKind, net::TcpStream, time::Duration};

use tungstenite::{
    Error, Message, WebSocket, client::IntoClientRequest, http::HeaderValue, protocol::CloseFrame,
    stream::MaybeTlsStream,
};

/// How long a read waits before the keyboard is looked at.
const TICK: Duration = Duration::from_millis(15);
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// The pause asked for by 1002, 1007, 1009 and 4400.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// What to do after the socket ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// With backoff and jitter, or after what the hub named.
    ComeBack(Option<Duration>),
    /// Renew or log in, then come back.
    LogIn,
    /// After this long, and without what was being sent.
    WithoutRepeating(Duration),
    /// Until a person acts.
    StayAway(String),
}

pub enum Heard {
    Frame(String),
    /// Bytes came, nothing to show (a ping).
    Life,
    Nothing,
    End(Next),
}

pub struct Link(WebSocket<MaybeTlsStream<TcpStream>>);

impl Link {
    /// Opens `/ws`, from `since` where there is one.
    pub fn open(server: &str, token: &str, since: Option<&str>) -> Result<Self, Next> {
        let mut url = format!("ws{}/ws", server.strip_prefix("http").unwrap_or(server));
        if let Some(cursor) = since {
            url.push_str("?since=");
            url.push_str(&percent(cursor));
        }
        let gone = |_| Next::ComeBack(None);
        let mut request = url
            .into_client_request()
            .map_err(|cause| Next::StayAway(cause.to_string()))?;
        let bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Next::LogIn)?;
        request.headers_mut().insert("Authorization", bearer);
        let (socket, _) = tungstenite::connect(request).map_err(|cause| match cause {
            Error::Http(answer) => match answer.status().as_u16() {
                401 => Next::LogIn,
                status @ 400..=499 if status != 429 => Next::StayAway(format!("HTTP {status}")),
                _ => Next::ComeBack(None),
            },
            _ => Next::ComeBack(None),
        })?;
        if let MaybeTlsStream::Plain(stream) = socket.get_ref() {
            stream.set_read_timeout(Some(TICK)).map_err(gone)?;
            stream
                .set_write_timeout(Some(Duration::from_secs(10)))
                .map_err(gone)?;
            stream.set_nodelay(true).map_err(gone)?;
        }
        Ok(Self(socket))
    }

    pub fn send(&mut self, text: &str) -> Result<(), Next> {
        self.0.send(Message::text(text)).map_err(|cause| after(&cause))
    }

    /// Waits a moment for the next frame. Pings are answered inside.
    pub fn hear(&mut self) -> Heard {
        match self.0.read() {
            Ok(Message::Text(text)) => Heard::Frame(text.as_str().to_owned()),
            Ok(Message::Close(frame)) => Heard::End(after_close(frame.as_ref())),
            Ok(_) => Heard::Life,
            Err(Error::Io(cause)) if matches!(cause.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Heard::Nothing
            }
            Err(cause) => Heard::End(after(&cause)),
        }
    }

    /// Says goodbye; what the hub answers is not waited for.
    pub fn close(&mut self) {
        let _ = self.0.close(None);
        let _ = self.0.flush();
    }
}

fn after(cause: &Error) -> Next {
    match cause {
        Error::Capacity(_) => Next::StayAway("a frame from the hub was too large".into()),
        _ => Next::ComeBack(None),
    }
}

fn after_close(frame: Option<&CloseFrame>) -> Next {
    let Some(frame) = frame else {
        return Next::ComeBack(None);
    };
    match u16::from(frame.code) {
        1001 => {
            let named = frame
                .reason
                .strip_prefix("retry_after_ms=")
                .and_then(|ms| ms.parse().ok());
            Next::ComeBack(named.map(Duration::from_millis))
        }
        1002 | 1007 | 1009 | 4400 => Next::WithoutRepeating(COOL_DOWN),
        4401 => Next::LogIn,
        4403 => Next::StayAway("disconnected by an administrator".into()),
        _ => Next::ComeBack(None),
    }
}

/// Full jitter: anything from nothing to a bound that doubles with each failure.
pub fn backoff(failures: u32) -> Duration {
    let bound = FIRST_WAIT.saturating_mul(1 << failures.min(10)).min(LONGEST_WAIT);
    Duration::from_millis(rand::random_range(0..=bound.as_millis() as u64))
}

fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(code: u16, reason: &'static str) -> Next {
        after_close(Some(&CloseFrame {
            code: code.into(),
            reason: reason.into(),
        }))
    }

    #[test]
    fn each_close_code_is_obeyed() {
        let named = Some(Duration::from_millis(700));
        assert_eq!(closed(1001, "retry_after_ms=700"), Next::ComeBack(named));
        for code in [1011, 4408, 4429] {
            assert_eq!(closed(code, ""), Next::ComeBack(None));
        }
        for code in [1002, 1007, 1009, 4400] {
            assert_eq!(closed(code, ""), Next::WithoutRepeating(Duration::from_secs(30)));
        }
        assert_eq!(closed(4401, ""), Next::LogIn);
        assert!(matches!(closed(4403, ""), Next::StayAway(_)));
    }

    #[test]
    fn waits_stay_under_a_bound_that_grows_to_ten_seconds() {
        for failures in 0..40 {
            let bound = FIRST_WAIT * 2_u32.pow(failures.min(10));
            assert!(backoff(failures) <= bound.min(LONGEST_WAIT));
        }
    }
}
