//! The frames of calls (PROTOCOL section 6): what a client asks, and what is passed on between participants.

use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};

use super::{
    error::{Code, Error, Result},
    request::invalid_field,
};

/// The largest session description and the largest set of candidates, bytes; and how many candidates.
const MAX_SDP: usize = 64 * 1024;
const MAX_CANDIDATES: usize = 64 * 1024;
const MOST_CANDIDATES: usize = 100;

/// What is only passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    RequestOffer,
    Offer,
    Answer,
    Candidates,
    Media,
}

impl Signal {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestOffer => "request_webrtc_offer",
            Self::Offer => "webrtc_offer",
            Self::Answer => "webrtc_answer",
            Self::Candidates => "webrtc_ice_candidates",
            Self::Media => "call_media",
        }
    }
}

/// A frame of a call.
#[derive(Debug, Clone)]
pub enum CallFrame {
    Open {
        room: i64,
        media: Media,
        /// With a code for guests.
        link: bool,
    },
    /// Everything else is about one call.
    In { call_id: i64, act: Act },
}

#[derive(Debug, Clone)]
pub enum Act {
    Accept {
        participant: Option<u32>,
    },
    Decline,
    Admit {
        participant: u32,
    },
    Deny {
        participant: u32,
    },
    /// `members`: what travels beside `call_id`, `from` and `to`.
    Relay {
        signal: Signal,
        to: Option<u32>,
        members: Map<String, Value>,
    },
    Media {
        audio: Option<bool>,
        video: Option<bool>,
        screen: Option<bool>,
    },
    HangUp,
    End,
}

impl Act {
    /// Whether it can be done without a socket of one's own.
    pub const fn needs_a_socket(&self) -> bool {
        !matches!(
            self,
            Self::Decline | Self::Admit { .. } | Self::Deny { .. } | Self::End
        )
    }
}

/// What a call is to be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Media {
    pub audio_only: bool,
}

impl CallFrame {
    /// The frame's `type`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open { .. } => "call_open",
            Self::In { act, .. } => match act {
                Act::Accept { .. } => "call_accept",
                Act::Decline => "call_decline",
                Act::Admit { .. } => "call_admit",
                Act::Deny { .. } => "call_deny",
                Act::Relay { signal, .. } => signal.as_str(),
                Act::Media { .. } => "call_media",
                Act::HangUp => "call_hangup",
                Act::End => "call_end",
            },
        }
    }

    /// Reads a frame of one of these types; `None`: it is of another family.
    pub fn parse(kind: &str, text: &str) -> Option<Result<Self>> {
        Some(match kind {
            "call_open" => fields(text).map(|Open { room, media, link }| Self::Open {
                room: room.0,
                media,
                link,
            }),
            "call_accept" => in_call(text, |Accept { participant }| Act::Accept {
                participant: participant.map(|p| p.0),
            }),
            "call_decline" => in_call(text, |Nothing {}| Act::Decline),
            "call_admit" => in_call(text, |One { participant }| Act::Admit {
                participant: participant.0,
            }),
            "call_deny" => in_call(text, |One { participant }| Act::Deny {
                participant: participant.0,
            }),
            "request_webrtc_offer" => {
                in_call(text, |Only { to }| relay(Signal::RequestOffer, to, Map::new()))
            }
            "webrtc_offer" => description(Signal::Offer, text),
            "webrtc_answer" => description(Signal::Answer, text),
            "webrtc_ice_candidates" => candidates(text),
            "call_media" => in_call(text, |Flags { audio, video, screen }| Act::Media {
                audio,
                video,
                screen,
            }),
            "call_hangup" => in_call(text, |Nothing {}| Act::HangUp),
            "call_end" => in_call(text, |Nothing {}| Act::End),
            _ => return None,
        })
    }
}

fn fields<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T> {
    serde_json::from_str(text).map_err(invalid_field)
}

fn in_call<'a, T: Deserialize<'a>>(text: &'a str, act: impl FnOnce(T) -> Act) -> Result<CallFrame> {
    let call_id = fields::<OfCall>(text)?.call_id.0;
    let act = act(fields(text)?);
    Ok(CallFrame::In { call_id, act })
}

fn relay(signal: Signal, to: Option<Number>, members: Map<String, Value>) -> Act {
    let to = to.map(|to| to.0);
    Act::Relay { signal, to, members }
}

fn description(signal: Signal, text: &str) -> Result<CallFrame> {
    let Description { sdp, .. } = fields(text)?;
    if sdp.len() > MAX_SDP {
        return Err(Error::of(Code::PayloadTooLarge).with("limit", "sdp"));
    }
    in_call(text, |Only { to }| {
        relay(signal, to, Map::from_iter([("sdp".to_owned(), sdp.into())]))
    })
}

fn candidates(text: &str) -> Result<CallFrame> {
    let Candidates { candidates, done } = fields(text)?;
    let bytes: usize = candidates.iter().map(|c| c.to_string().len()).sum();
    if bytes > MAX_CANDIDATES || candidates.len() > MOST_CANDIDATES {
        return Err(Error::of(Code::PayloadTooLarge).with("limit", "candidates"));
    }
    let mut members = Map::from_iter([("candidates".to_owned(), candidates.into())]);
    if let Some(done) = done {
        members.insert("done".into(), done.into());
    }
    in_call(text, |Only { to }| relay(Signal::Candidates, to, members))
}

#[derive(Deserialize)]
struct OfCall {
    call_id: Id,
}

#[derive(Deserialize)]
struct Open {
    room: Id,
    #[serde(default)]
    media: Media,
    #[serde(default)]
    link: bool,
}

#[derive(Deserialize)]
struct Accept {
    #[serde(default)]
    participant: Option<Number>,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(Deserialize)]
struct One {
    participant: Number,
}

#[derive(Deserialize)]
struct Only {
    #[serde(default)]
    to: Option<Number>,
}

#[derive(Deserialize)]
struct Description {
    sdp: String,
}

#[derive(Deserialize)]
struct Candidates {
    candidates: Vec<Value>,
    #[serde(default)]
    done: Option<bool>,
}

#[derive(Deserialize)]
struct Flags {
    #[serde(default)]
    audio: Option<bool>,
    #[serde(default)]
    video: Option<bool>,
    #[serde(default)]
    screen: Option<bool>,
}

/// An id, also as the text that older clients send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub i64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Number(n) => n.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
        .map(Self)
        .ok_or_else(|| de::Error::custom("an id is an integer"))
    }
}

/// A participant's number, alone or as `from` and `to` show it.
struct Number(u32);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let value = match Value::deserialize(deserializer)? {
            Value::Object(mut members) => members.remove("participant").unwrap_or_default(),
            other => other,
        };
        value
            .as_u64()
            .and_then(|n| u32::try_from(n).ok())
            .map(Self)
            .ok_or_else(|| de::Error::custom("a participant is a number"))
    }
}

impl<'de> Deserialize<'de> for Media {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let audio_only = match Value::deserialize(deserializer)? {
            Value::Null => false,
            Value::String(s) if s == "audio_video" || s == "video" => false,
            Value::String(s) if s == "audio_only" || s == "audio" => true,
            Value::Object(members) => !members.get("video").and_then(Value::as_bool).unwrap_or(false),
            _ => return Err(de::Error::custom("media is audio_video or audio_only")),
        };
        Ok(Self { audio_only })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(frame: Value) -> Result<CallFrame> {
        CallFrame::parse(frame["type"].as_str().unwrap(), &frame.to_string()).unwrap()
    }

    #[test]
    fn a_receiver_is_named_by_number_or_as_frames_show_him() {
        for to in [json!(3), json!({"participant": 3, "name": "x"})] {
            let frame = parse(json!({"type": "webrtc_offer", "call_id": 7, "to": to, "sdp": "v=0"})).unwrap();
            let CallFrame::In {
                call_id: 7,
                act: Act::Relay { to, members, .. },
            } = frame
            else {
                panic!("{frame:?}");
            };
            assert_eq!((to, &members["sdp"]), (Some(3), &json!("v=0")));
        }
    }

    #[test]
    fn descriptions_and_candidates_are_bounded() {
        let limit_of = |frame| parse(frame).unwrap_err().extra["limit"].clone();
        let sdp = "x".repeat(MAX_SDP + 1);
        assert_eq!(
            limit_of(json!({"type": "webrtc_answer", "call_id": 7, "sdp": sdp})),
            "sdp"
        );
        let many = vec![json!({}); MOST_CANDIDATES + 1];
        let frame = json!({"type": "webrtc_ice_candidates", "call_id": 7, "candidates": many});
        assert_eq!(limit_of(frame), "candidates");
        let large = json!({"type": "webrtc_ice_candidates", "call_id": 7, "candidates": ["x".repeat(MAX_CANDIDATES)]});
        assert_eq!(limit_of(large), "candidates");
    }

    #[test]
    fn what_is_missing_or_mistyped_is_an_invalid_request() {
        for frame in [
            json!({"type": "call_accept"}),
            json!({"type": "call_open", "room": true}),
            json!({"type": "call_open", "room": 1, "media": "smell"}),
            json!({"type": "webrtc_offer", "call_id": 1}),
            json!({"type": "webrtc_offer", "call_id": 1, "sdp": 1}),
            json!({"type": "webrtc_offer", "call_id": 1, "sdp": "v=0", "to": -1}),
            json!({"type": "webrtc_ice_candidates", "call_id": 1}),
            json!({"type": "call_admit", "call_id": 1}),
            json!({"type": "call_media", "call_id": 1, "audio": "yes"}),
        ] {
            assert_eq!(
                parse(frame.clone()).unwrap_err().code,
                Code::InvalidRequest,
                "{frame}"
            );
        }
        assert!(CallFrame::parse("query", "{}").is_none());
    }
}
