//! Rates: a token bucket, and counting how often something happened in a while. The time is passed in.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::protocol::{Code, Error, error::Result};

/// The longest wait that is told, whatever the rate.
const MAX_WAIT_MS: f64 = 3_600_000.0;

/// `per_second` on average, `burst` at once.
#[derive(Debug, Clone)]
pub struct Bucket {
    tokens: f64,
    burst: f64,
    per_second: f64,
    at: Instant,
}

impl Bucket {
    pub fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self {
            tokens: f64::from(burst),
            burst: f64::from(burst),
            per_second: f64::from(per_second),
            at: now,
        }
    }

    /// Takes one; else `rate_limited`, with how long until there is one.
    pub fn take(&mut self, now: Instant) -> Result<()> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            Ok(())
        } else {
            // Rounded up: who waits so long is not refused again.
            let wait_ms = ((1.0 - self.tokens) / self.per_second.max(0.001) * 1_000.0).ceil();
            Err(Error::of(Code::RateLimited).retry_after_ms(wait_ms.clamp(1.0, MAX_WAIT_MS) as u64))
        }
    }

    /// Whether nothing was taken for so long that it is full again.
    pub fn is_full(&self, now: Instant) -> bool {
        self.tokens + now.saturating_duration_since(self.at).as_secs_f64() * self.per_second >= self.burst
    }
}

/// Tells when something happened `most` times within `window`.
#[derive(Debug)]
pub struct Strikes {
    times: VecDeque<Instant>,
    most: usize,
    window: Duration,
}

impl Strikes {
    pub fn new(most: usize, window: Duration) -> Self {
        Self {
            times: VecDeque::new(),
            most,
            window,
        }
    }

    /// Counts one; `true` when it is one too many.
    pub fn add(&mut self, now: Instant) -> bool {
        while self
            .times
            .front()
            .is_some_and(|t| now.saturating_duration_since(*t) > self.window)
        {
            self.times.pop_front();
        }
        self.times.push_back(now);
        self.times.len() >= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 3, start);
        assert!((0..3).all(|_| bucket.take(start).is_ok()));
        let refused = bucket.take(start).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert_eq!(refused.extra["retry_after_ms"], 100);
        assert!(bucket.take(start + Duration::from_millis(101)).is_ok());
        assert!(bucket.take(start + Duration::from_millis(102)).is_err());
    }

    #[test]
    fn strikes_count_only_within_their_window() {
        let start = Instant::now();
        let mut strikes = Strikes::new(3, Duration::from_secs(10));
        assert!(!strikes.add(start));
        assert!(!strikes.add(start + Duration::from_secs(1)));
        assert!(
            !strikes.add(start + Duration::from_millis(10_500)),
            "the first is too long ago"
        );
        assert!(strikes.add(start + Duration::from_millis(10_600)));
    }
}
