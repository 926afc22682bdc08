//! WebSocket close codes and what each asks of the client (PROTOCOL section 3).

/// Why the hub closes a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Close {
    /// 1000: answer to the client's own close.
    Normal,
    /// 1001: the hub is stopping; reason `retry_after_ms=<jittered>`.
    GoingAway { retry_after_ms: u64 },
    /// 1002: the client broke RFC 6455.
    ProtocolError,
    /// 1007: text that is not UTF-8.
    InvalidPayload,
    /// 1009: a frame or message over `limits.max_frame_bytes`.
    TooBig,
    /// 1011: a bug in the hub.
    Internal,
    /// 4400: ten invalid requests in a minute.
    InvalidRequests,
    /// 4401: the token expired or was revoked: renew or log in first.
    Unauthorized,
    /// 4401: the call of a guest is over, and with it his token.
    CallOver,
    /// 4403: the host of the call did not let the guest in, or removed him.
    NotAdmitted,
    /// 4403: a guest's token came with another socket, which takes this one's place.
    TakenOver,
    /// 4403: disconnected by an administrator: stay away until a person acts.
    Disconnected,
    /// 4408: the outbox was full: come back with `since`.
    SlowConsumer,
    /// 4429: the rate limit was ignored.
    RateLimitIgnored,
}

impl Close {
    pub const fn code(&self) -> u16 {
        match self {
            Close::Normal => 1000,
            Close::GoingAway { .. } => 1001,
            Close::ProtocolError => 1002,
            Close::InvalidPayload => 1007,
            Close::TooBig => 1009,
            Close::Internal => 1011,
            Close::InvalidRequests => 4400,
            Close::Unauthorized | Close::CallOver => 4401,
            Close::Disconnected | Close::NotAdmitted | Close::TakenOver => 4403,
            Close::SlowConsumer => 4408,
            Close::RateLimitIgnored => 4429,
        }
    }

    pub fn reason(&self) -> String {
        match self {
            Close::Normal => String::new(),
            Close::GoingAway { retry_after_ms } => format!("retry_after_ms={retry_after_ms}"),
            Close::ProtocolError => "protocol error".into(),
            Close::InvalidPayload => "invalid UTF-8".into(),
            Close::TooBig => "message too big".into(),
            Close::Internal => "internal error".into(),
            Close::InvalidRequests => "too many invalid requests".into(),
            Close::Unauthorized => "token expired or revoked".into(),
            Close::CallOver => "the call is over".into(),
            Close::NotAdmitted => "not admitted to the call".into(),
            Close::TakenOver => "taken over by another socket".into(),
            Close::Disconnected => "disconnected by an administrator".into(),
            Close::SlowConsumer => "slow consumer".into(),
            Close::RateLimitIgnored => "rate limit ignored".into(),
        }
    }
}
