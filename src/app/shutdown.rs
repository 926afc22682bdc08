//! Stopping: SIGINT or SIGTERM, then ten seconds in all (PROTOCOL section 8). A second signal ends the
//! wait: somebody who presses Ctrl-C twice means it.

use std::{
    future::Future,
    io,
    time::{Duration, Instant},
};

/// From the first signal to the end of the process.
pub const BUDGET: Duration = Duration::from_secs(10);

/// What ended the wait for a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Interrupt,
    Terminate,
}

/// Listens for SIGINT and SIGTERM (Ctrl-C elsewhere) from the moment it is made.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// Caught so that a limit on the size of files (`ulimit -f`) is an error of the one write, not the end of the hub.
    #[cfg(unix)]
    _file_too_large: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes over the signals. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// Where the system refuses the handlers.
    pub fn install() -> io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
                _file_too_large: signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()))?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) -> Signal {
        #[cfg(unix)]
        {
            tokio::select! {
                _ = self.interrupt.recv() => Signal::Interrupt,
                _ = self.terminate.recv() => Signal::Terminate,
            }
        }
        #[cfg(not(unix))]
        {
            if tokio::signal::ctrl_c().await.is_err() {
                // Without a handler no signal can come; the process is then ended by the system.
                std::future::pending::<()>().await;
            }
            Signal::Interrupt
        }
    }
}

/// The ten seconds, shared out among the steps of stopping.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    ends: Instant,
}

impl Deadline {
    /// Starts now.
    #[must_use]
    pub fn start() -> Self {
        Self::within(BUDGET)
    }

    /// Ends `budget` from now.
    #[must_use]
    pub fn within(budget: Duration) -> Self {
        Self {
            ends: Instant::now() + budget,
        }
    }

    pub fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Runs one step within what is left, and no longer than `most`; `None`, and a log line, where it was
    /// not done by then. The next step is taken all the same.
    pub async fn step<T>(&self, name: &str, most: Duration, work: impl Future<Output = T>) -> Option<T> {
        let done = tokio::time::timeout(self.left().min(most), work).await;
        if done.is_err() {
            tracing::warn!(step = name, "not done in time while stopping; going on");
        }
        done.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_step_that_hangs_does_not_hold_up_the_next() {
        let deadline = Deadline::within(Duration::from_secs(5));
        let hung = deadline
            .step("hung", Duration::from_millis(20), std::future::pending::<()>())
            .await;
        assert_eq!(hung, None);
        assert_eq!(deadline.step("quick", BUDGET, async { 7 }).await, Some(7));
    }

    #[tokio::test]
    async fn steps_share_one_budget() {
        let deadline = Deadline::within(Duration::ZERO);
        assert_eq!(
            deadline.step("late", BUDGET, std::future::pending::<()>()).await,
            None
        );
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_termination_signal_is_noticed() {
        let mut signals = Signals::install().unwrap();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        let signal = tokio::time::timeout(Duration::from_secs(5), signals.next())
            .await
            .unwrap();
        assert_eq!(signal, Signal::Terminate);
    }
}
