//! The binary: everything is in the library.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

fn main() -> ExitCode {
    comptoir::app::cli::main()
}
