//! How commands answer and fail.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

use serde::Serialize;

use crate::{
    app::{backup, data_dir, listen},
    config,
};

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

    /// Says it on the error output, and answers the exit code.
    pub fn report(&self) -> ExitCode {
        let (message, code) = match self {
            Self::Usage(message) => (Some(message), 2),
            Self::Failed(message) => (Some(message), 1),
            Self::Reported => (None, 1),
        };
        if let Some(message) = message {
            // Where even this cannot be written, the exit code still tells.
            _ = writeln!(io::stderr(), "comptoir: {message}");
        }
        ExitCode::from(code)
    }
}

macro_rules! fails_as {
    ($($error:ty),*) => { $(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::failed(error)
            }
        }
    )* };
}
fails_as!(
    config::Error,
    data_dir::Error,
    listen::Error,
    backup::Error,
    io::Error
);

/// Prints a line to the standard output.
///
/// # Errors
/// Where it is closed (a pipe into `head`).
pub fn say(line: impl Display) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// Says what should be known beside the answer, on the error output.
pub fn warn(line: impl Display) {
    // Where it is closed, the answer counts.
    _ = writeln!(io::stderr(), "comptoir: {line}");
}

/// Prints a value as JSON.
///
/// # Errors
/// As [`say`].
pub fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    say(text)
}
