//! Pieces of the machine for one test alone: what it mounts or unplugs is seen by nobody else, and is gone
//! with its thread.

use std::process::Command;

use rustix::thread::{UnshareFlags, unshare_unsafe};

/// Runs `test` where mounting is private to it. Skipped, with the reason printed, where that is not allowed.
pub fn with_own_mounts(test: impl FnOnce() + Send + 'static) {
    isolated(UnshareFlags::NEWNS, &["mount", "--make-rprivate", "/"], test);
}

/// Runs `test` in a network of its own that has nothing but `lo`. Skipped, with the reason printed, where that is
/// not allowed.
pub fn with_own_network(test: impl FnOnce() + Send + 'static) {
    isolated(UnshareFlags::NEWNET, &["ip", "link", "set", "lo", "up"], test);
}

/// Runs a command of the system; its success.
pub fn ran(words: &[&str]) -> bool {
    Command::new(words[0])
        .args(&words[1..])
        .output()
        .is_ok_and(|output| output.status.success())
}

fn isolated(what: UnshareFlags, prepare: &'static [&'static str], test: impl FnOnce() + Send + 'static) {
    let done = std::thread::spawn(move || {
        // SAFETY: neither flag touches file descriptors or memory, and the thread is this test's own.
        match unsafe { unshare_unsafe(what) } {
            Err(cause) => eprintln!("skipped: a namespace of its own needs root here ({cause})"),
            Ok(()) if !ran(prepare) => eprintln!("skipped: {} failed", prepare.join(" ")),
            Ok(()) => test(),
        }
    });
    if let Err(panic) = done.join() {
        std::panic::resume_unwind(panic);
    }
}
