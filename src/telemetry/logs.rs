//! Logs: to the error output, for people or as JSON, one line an event. No password, token or
//! parameter value may ever be a field.

use std::io::IsTerminal;

use serde::{Deserialize, Serialize};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::{EnvFilter, fmt};

/// How log lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Pretty,
    Json,
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}; use error, warn, info, debug or trace")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    #[error("{0} is no level; use error, warn, info, debug or trace")]
    NoLevel(String),
    #[error("logging was already started")]
    Twice,
}

/// Whether `level` can be used.
///
/// # Errors
/// What about it cannot be understood.
pub fn check_level(level: &str) -> Result<(), Error> {
    EnvFilter::try_new(level)?;
    // One word that is no level is a module to the filter, and would silence all others.
    if level.chars().all(char::is_alphanumeric) {
        level
            .parse::<LevelFilter>()
            .map_err(|_| Error::NoLevel(level.to_owned()))?;
    }
    Ok(())
}

/// Starts logging for the whole process; once.
///
/// # Errors
/// A level that does not parse, or a second call.
pub fn init(format: LogFormat, level: &str) -> Result<(), Error> {
    // How actix starts its threads is of no use to an operator, unless he asked for details of his own.
    let level = match level {
        "info" => "info,actix_server=warn",
        other => other,
    };
    let filter = EnvFilter::try_new(level)?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        // No colours into a file or a service's journal.
        LogFormat::Pretty => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    }
    .map_err(|_| Error::Twice)
}
