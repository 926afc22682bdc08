//! The conversation with the hub: what waits for its answer, where the stream stands, and how to
//! get back to both after the socket is lost.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, TryRecvError},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    account::{Account, Refusal},
    command::{self, Command},
    link::{Heard, Link, Next, backoff},
    screen::Screen,
    show,
    words::Words,
};

/// Requests waiting for their answer; more lines wait at the keyboard.
const IN_FLIGHT: usize = 32;
/// A socket that brought nothing for this many heartbeats is dead.
const SILENT_HEARTBEATS: f64 = 2.5;
/// A server that never opens or answers must not hold a script for ever.
const PATIENCE_AT_END: Duration = Duration::from_secs(60);

/// A request that has no answer yet. It is sent again after a reconnect, with the same key.
struct Pending {
    id: u64,
    text: String,
    /// Set while the hub asked to wait (`busy`, `rate_limited`).
    not_before: Option<Instant>,
}

/// How the screen is to be filled.
pub struct Manner {
    /// Frames as they are, one a line.
    pub json: bool,
    /// Go on listening after the end of the input.
    pub stay: bool,
    pub words: &'static Words,
}

pub struct Client {
    account: Account,
    screen: Screen,
    lines: Receiver<String>,
    manner: Manner,
    pending: VecDeque<Pending>,
    next_id: u64,
    /// The last place in the stream that was shown.
    cursor: Option<String>,
    /// How long the hub may say nothing.
    silence: Duration,
    failures: u32,
    input_ended: Option<Instant>,
    leaving: bool,
}

impl Client {
    pub fn new(account: Account, screen: Screen, lines: Receiver<String>, manner: Manner) -> Self {
        Self {
            account,
            screen,
            lines,
            manner,
            pending: VecDeque::new(),
            next_id: 1,
            cursor: None,
            silence: Duration::from_secs(25),
            failures: 0,
            input_ended: None,
            leaving: false,
        }
    }

    /// Until the person leaves (`Ok`), or the hub says to stay away (its reason).
    pub fn run(mut self) -> Result<(), String> {
        loop {
            let next = match Link::open(self.account.server(), &self.account.token, self.cursor.as_deref()) {
                Ok(mut link) => {
                    let next = self.converse(&mut link);
                    link.close();
                    next
                }
                Err(next) => next,
            };
            if self.leaving {
                return Ok(());
            }
            self.recover(next)?;
        }
    }

    /// One socket's life; why it ended.
    fn converse(&mut self, link: &mut Link) -> Next {
        let mut heard_at = Instant::now();
        // Whatever was unanswered goes first and in its order, once the hub has said welcome.
        let mut welcomed = false;
        loop {
            match link.hear() {
                Heard::Frame(text) => {
                    heard_at = Instant::now();
                    if self.frame(&text) && !welcomed {
                        welcomed = true;
                        if let Err(next) = self.send_again(link) {
                            return next;
                        }
                    }
                }
                Heard::Life => heard_at = Instant::now(),
                Heard::Nothing if heard_at.elapsed() > self.silence => return Next::ComeBack(None),
                Heard::Nothing => {}
                Heard::End(next) => return next,
            }
            if welcomed && let Err(next) = self.tend(link) {
                return next;
            }
            self.notice_the_end();
            if self.leaving {
                return Next::ComeBack(None);
            }
        }
    }

    /// What is typed, what was asked to wait, and the token.
    fn tend(&mut self, link: &mut Link) -> Result<(), Next> {
        let now = Instant::now();
        for pending in &mut self.pending {
            if pending.not_before.take_if(|due| *due <= now).is_some() {
                link.send(&pending.text)?;
            }
        }
        while self.pending.len() < IN_FLIGHT && self.input_ended.is_none() && !self.leaving {
            match self.lines.try_recv() {
                Ok(line) => self.line(&line, link)?,
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.input_ended = Some(now),
            }
        }
        if self.account.should_renew() {
            match self.account.refresh() {
                Ok(()) => {
                    let renew = json!({"type": "renew", "id": "renew", "token": self.account.token});
                    link.send(&renew.to_string())?;
                }
                // The socket lives until the token ends: there is time to try again.
                Err(_) => self.account.renew_later(),
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &str, link: &mut Link) -> Result<(), Next> {
        match command::parse(line) {
            Command::Nothing => {}
            Command::Help => self.note(self.manner.words.help),
            Command::Tables => match self.account.schema() {
                Ok(schema) => self.note(&show::schema(&schema)),
                Err(Refusal::Said(why) | Refusal::Later(why)) => self.note(&why),
            },
            Command::Quit => self.input_ended = Some(Instant::now()),
            Command::Wrong(why) => self.note(&why),
            Command::Send(mut frame) => {
                let id = self.next_id;
                self.next_id += 1;
                frame["id"] = json!(id);
                let text = frame.to_string();
                // Kept before it is sent: a send that fails half-way is repeated.
                self.pending.push_back(Pending {
                    id,
                    text: text.clone(),
                    not_before: None,
                });
                link.send(&text)?;
            }
        }
        Ok(())
    }

    fn send_again(&mut self, link: &mut Link) -> Result<(), Next> {
        for pending in &mut self.pending {
            pending.not_before = None;
            link.send(&pending.text)?;
        }
        Ok(())
    }

    /// Leaves when the input is at its end and nothing is unanswered, or at Ctrl-C.
    fn notice_the_end(&mut self) {
        if self.screen.interrupted() {
            self.leaving = true;
        }
        if let Some(at) = self.input_ended
            && !self.manner.stay
            && (self.pending.is_empty() || at.elapsed() > PATIENCE_AT_END)
        {
            self.leaving = true;
        }
    }

    /// Takes one frame in; whether it was the welcome.
    fn frame(&mut self, text: &str) -> bool {
        if self.manner.json {
            self.screen.say(text);
        }
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return false;
        };
        let kind = frame["type"].as_str().unwrap_or_default();
        let words = self.manner.words;
        let mut said = None;
        match kind {
            "welcome" => self.welcome(&frame),
            "result" if self.answered(&frame) => said = Some(show::result(&frame, words)),
            "error" => said = self.refused(&frame),
            "data_change" => said = Some(show::change(&frame)),
            "caught_up" => said = Some(format!("{} {}", words.resumed, frame["replayed"])),
            "resync" => {
                said = Some(format!(
                    "{} ({})",
                    words.resync,
                    frame["reason"].as_str().unwrap_or("")
                ))
            }
            "system_message" => said = frame["text"].as_str().map(|text| format!("! {text}")),
            _ => {}
        }
        // Only now: what was not shown must come again.
        if let Some(said) = said.filter(|_| !self.manner.json) {
            self.screen.say(&said);
        }
        if let Some(cursor) = frame["cursor"].as_str() {
            self.cursor = Some(cursor.to_owned());
        }
        kind == "welcome"
    }

    fn welcome(&mut self, frame: &Value) {
        self.failures = 0;
        if let Some(heartbeat) = frame["heartbeat_ms"].as_u64() {
            self.silence = Duration::from_millis(heartbeat).mul_f64(SILENT_HEARTBEATS);
        }
        let user = &frame["user"];
        self.note(&format!(
            "{}: {} ({}), {}",
            self.manner.words.connected,
            user["display_name"]
                .as_str()
                .or(user["username"].as_str())
                .unwrap_or("?"),
            user["role"].as_str().unwrap_or("?"),
            self.account.server()
        ));
    }

    /// Whether it answers a request of ours.
    fn answered(&mut self, frame: &Value) -> bool {
        let before = self.pending.len();
        if let Some(id) = frame["id"].as_u64() {
            self.pending.retain(|pending| pending.id != id);
        }
        self.pending.len() < before
    }

    /// What to say of an error; nothing when the request waits for a better moment.
    fn refused(&mut self, frame: &Value) -> Option<String> {
        let code = frame["code"].as_str().unwrap_or("error");
        if let (true, Some(id)) = (
            matches!(code, "busy" | "rate_limited" | "unavailable"),
            frame["id"].as_u64(),
        ) {
            let wait = Duration::from_millis(
                frame["retry_after_ms"]
                    .as_u64()
                    .unwrap_or(1_000)
                    .clamp(20, 30_000),
            );
            if let Some(pending) = self.pending.iter_mut().find(|pending| pending.id == id) {
                pending.not_before = Some(Instant::now() + wait);
                return None;
            }
        }
        self.answered(frame);
        Some(format!("✗ {code}: {}", frame["message"].as_str().unwrap_or("")))
    }

    /// Waits, logs in or gives up, as the end of the last socket asks.
    fn recover(&mut self, next: Next) -> Result<(), String> {
        let wait = match next {
            Next::StayAway(why) => return Err(why),
            Next::LogIn => match self.account.refresh() {
                Ok(()) if self.failures == 0 => Duration::ZERO,
                Ok(()) | Err(Refusal::Later(_)) => backoff(self.failures),
                Err(Refusal::Said(why)) => return Err(why),
            },
            Next::WithoutRepeating(wait) => {
                for pending in std::mem::take(&mut self.pending) {
                    self.note(&format!("{} {}", self.manner.words.given_up, pending.text));
                }
                wait
            }
            Next::ComeBack(named) => named.unwrap_or_else(|| backoff(self.failures)),
        };
        self.failures = self.failures.saturating_add(1);
        self.note(&format!("{} {:.1} s", self.manner.words.lost, wait.as_secs_f64()));
        self.pause(wait);
        if self.leaving {
            return Err(format!("{} {}", self.manner.words.given_up, self.pending.len()));
        }
        Ok(())
    }

    /// Sleeps in small steps, so that the end of the input is seen. Lines typed meanwhile wait.
    fn pause(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        loop {
            self.notice_the_end();
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.leaving {
                return;
            }
            #[expect(clippy::disallowed_methods, reason = "it waits before it comes back")]
            thread::sleep(left.min(Duration::from_millis(50)));
        }
    }

    /// Something of our own to say: beside the frames where those are asked for raw.
    fn note(&self, text: &str) {
        if self.manner.json {
            eprintln!("{text}");
        } else {
            self.screen.say(&format!("· {}", text.replace('\n', "\n  ")));
        }
    }
}
