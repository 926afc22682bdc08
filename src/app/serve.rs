//! Start-up order and wiring of the actors.

use std::net::TcpListener;

use crate::{
    app::{
        cli::Failure,
        data_dir::{DataDir, Lock},
    },
    config::Config,
};

/// What the command line prepared: configuration read, directory claimed, port taken, logging started.
pub struct Prepared {
    pub config: Config,
    pub dir: DataDir,
    /// Kept until the last database is closed.
    pub lock: Lock,
    pub listener: TcpListener,
    /// `--app`; otherwise the pack that the data directory remembers, or the built-in shop with `demo`.
    pub app: Option<std::path::PathBuf>,
    pub demo: bool,
}

/// Serves until a signal ends it.
///
/// # Errors
/// Whatever stops a start: a damaged database, a bad pack.
pub fn run(_prepared: Prepared) -> Result<(), Failure> {
    Err(Failure::failed("the server is not wired yet"))
}
