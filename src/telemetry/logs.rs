//! Logs: to the error output, for people or as JSON, one line an event. No password, token or
//! parameter value may ever be a field.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

use crate::config::{Log, LogFormat};

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("log.level: {0}; use error, warn, info, debug or trace")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    #[error("logging was already started")]
    Twice,
}

/// Starts logging for the whole process; once.
///
/// # Errors
/// A level that does not parse, or a second call.
pub fn init(log: &Log) -> Result<(), Error> {
    let filter = EnvFilter::try_new(&log.level)?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        // No colours into a file or a service's journal.
        LogFormat::Pretty => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
    }
    .map_err(|_| Error::Twice)
}
