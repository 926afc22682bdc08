//! How commands answer and fail.

use std::{
    fmt::Display,
    io::{self, Write},
};

use serde::Serialize;

/// Why a command did not do what was asked, in words for the person who asked.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 2: the command was not used as it is meant.
    Usage(String),
    /// Exit code 1.
    Failed(String),
    /// Exit code 1; the command has said why.
    Reported,
}

impl Failure {
    pub fn usage(message: impl Display) -> Self {
        Self::Usage(message.to_string())
    }

    pub fn failed(message: impl Display) -> Self {
        Self::Failed(message.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::failed(error)
    }
}

/// Prints a line to the standard output.
///
/// # Errors
/// Where it is closed (a pipe into `head`).
pub fn say(line: impl Display) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Prints a value as JSON.
///
/// # Errors
/// As [`say`].
pub fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    say(text)
}
