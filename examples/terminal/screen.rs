//! The person's side: a line being typed at the bottom, everything else above it. What comes from
//! the hub never breaks the line. Where input or output is not a terminal: plain lines.

use std::{
    io::{self, BufRead, IsTerminal, Read, Write},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

/// Lines typed and not yet taken.
const TYPED_AHEAD: usize = 256;

/// Both ends: what is typed, and where to write.
pub struct Screen {
    typed: Arc<Mutex<String>>,
    prompt: Option<String>,
    interrupted: Arc<AtomicBool>,
    before: Option<Termios>,
}

impl Screen {
    /// Starts reading. Lines arrive on the channel, which closes at the end of the input.
    pub fn start(prompt: String) -> (Self, mpsc::Receiver<String>) {
        let (lines, taken) = mpsc::sync_channel(TYPED_AHEAD);
        let typed = Arc::new(Mutex::new(String::new()));
        let before = if io::stdin().is_terminal() && io::stdout().is_terminal() {
            by_the_key()
        } else {
            None
        };
        let interrupted = Arc::new(AtomicBool::new(false));
        let screen = Self {
            typed: Arc::clone(&typed),
            prompt: before.is_some().then_some(prompt.clone()),
            interrupted: Arc::clone(&interrupted),
            before,
        };
        // Ends with the process: a read of the keyboard cannot be interrupted.
        if screen.before.is_some() {
            thread::spawn(move || edit(&prompt, &typed, &lines, &interrupted));
        } else {
            thread::spawn(move || {
                for line in io::stdin().lock().lines().map_while(Result::ok) {
                    if lines.send(line).is_err() {
                        break;
                    }
                }
            });
        }
        screen.say("");
        (screen, taken)
    }

    /// Whether Ctrl-C was pressed: leave now, answered or not.
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Writes a text above the line being typed.
    pub fn say(&self, text: &str) {
        let typed = locked(&self.typed);
        let mut out = io::stdout().lock();
        // A closed pipe on the other side is noticed by the end of the input.
        let _ = match &self.prompt {
            Some(prompt) => {
                let text = if text.is_empty() {
                    String::new()
                } else {
                    format!("{text}\n")
                };
                write!(out, "\r\x1b[K{text}{prompt}{typed}")
            }
            None if text.is_empty() => Ok(()),
            None => writeln!(out, "{text}"),
        };
        let _ = out.flush();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
            println!();
        }
    }
}

fn locked(typed: &Mutex<String>) -> MutexGuard<'_, String> {
    typed.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Each key as it is pressed, shown by us; the settings to go back to.
fn by_the_key() -> Option<Termios> {
    let before = tcgetattr(io::stdin()).ok()?;
    let mut now = before.clone();
    // No signals either: Ctrl-C comes as a key, so that the terminal is always put back.
    now.local_modes
        .remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
    now.special_codes[SpecialCodeIndex::VMIN] = 1;
    now.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(io::stdin(), OptionalActions::Now, &now).ok()?;
    Some(before)
}

/// The least line editor: characters, backspace, Ctrl-U, the line before with the up arrow.
fn edit(prompt: &str, typed: &Mutex<String>, lines: &mpsc::SyncSender<String>, interrupted: &AtomicBool) {
    let mut last = String::new();
    let mut character = Vec::new();
    let mut escape = Vec::new();
    for byte in io::stdin().lock().bytes().map_while(Result::ok) {
        let mut line = locked(typed);
        if !escape.is_empty() || byte == 0x1B {
            escape.push(byte);
            // `ESC [ … letter`; a lone ESC is forgotten with the next key.
            if escape.len() >= 3 && byte.is_ascii_alphabetic() || escape.len() == 2 && byte != b'[' {
                if escape == b"\x1b[A" {
                    line.clone_from(&last);
                }
                escape.clear();
            }
        } else {
            match byte {
                b'\r' | b'\n' => {
                    let whole = std::mem::take(&mut *line);
                    println!();
                    if !whole.trim().is_empty() {
                        last.clone_from(&whole);
                    }
                    drop(line);
                    if lines.send(whole).is_err() {
                        return;
                    }
                    line = locked(typed);
                }
                0x03 => return interrupted.store(true, Ordering::Relaxed),
                0x04 if line.is_empty() => return,
                0x7F | 0x08 => drop(line.pop()),
                0x15 => line.clear(),
                0x20.. => {
                    character.push(byte);
                    if let Ok(whole) = std::str::from_utf8(&character) {
                        line.push_str(whole);
                        character.clear();
                    } else if character.len() >= 4 {
                        character.clear();
                    }
                }
                _ => {}
            }
        }
        print!("\r\x1b[K{prompt}{line}");
        let _ = io::stdout().flush();
    }
}
