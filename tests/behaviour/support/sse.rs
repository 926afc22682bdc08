//! A reader of server-sent events.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use super::Client;

pub struct Sse {
    lines: BufReader<ureq::BodyReader<'static>>,
}

/// One event: its `id:` line and its frame.
#[derive(Debug)]
pub struct Event {
    pub id: Option<String>,
    pub frame: Value,
}

impl Sse {
    #[track_caller]
    pub fn open(client: &Client, path: &str) -> Self {
        let client = client.clone().header("accept", "text/event-stream");
        let response = client.open("GET", path, None).unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let kind = response.headers()["content-type"].to_str().unwrap();
        assert!(kind.starts_with("text/event-stream"), "{kind}");
        Self {
            lines: BufReader::new(response.into_body().into_reader()),
        }
    }

    /// The next event; comments are passed over.
    #[track_caller]
    pub fn next(&mut self) -> Event {
        let (mut id, mut data) = (None, String::new());
        loop {
            let mut line = String::new();
            assert_ne!(self.lines.read_line(&mut line).unwrap(), 0, "the stream ended");
            let line = line.trim_end_matches(['\r', '\n']);
            if let Some(value) = line.strip_prefix("id:") {
                id = Some(value.trim().to_owned());
            } else if let Some(value) = line.strip_prefix("data:") {
                data.push_str(value.trim_start());
            } else if line.is_empty() && !data.is_empty() {
                return Event {
                    id,
                    frame: serde_json::from_str(&data).unwrap(),
                };
            }
        }
    }

    /// The next event of this type.
    #[track_caller]
    pub fn next_of(&mut self, kind: &str) -> Event {
        loop {
            let event = self.next();
            if event.frame["type"] == kind {
                return event;
            }
        }
    }
}
