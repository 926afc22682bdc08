//! The binary: everything is in the library.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::ExitCode;

/// A hub allocates small frames on one thread and frees them on another; profiles of writes showed glibc's
/// allocator among the dearest functions.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    comptoir::app::cli::main()
}
