//! Requests per second of one login session over HTTP: a token bucket each, in a bounded map.

use std::{collections::HashMap, time::Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::{
    config::Limits,
    protocol::{Code, Error, error::Result},
    session::rate::Bucket,
};

/// Buckets kept at one time. Past it the full ones are forgotten: they say nothing a new one does not.
const MAX_BUCKETS: usize = 65_536;

/// `limits.requests_per_second` with `limits.burst`, per login session.
pub struct RateLimiter {
    per_second: u32,
    burst: u32,
    buckets: Mutex<HashMap<Uuid, Bucket>>,
}

impl RateLimiter {
    pub fn new(limits: &Limits) -> Self {
        Self {
            per_second: limits.requests_per_second.max(1),
            burst: limits.burst.max(1),
            buckets: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one request of `sid` at `now`; `rate_limited` with `retry_after_ms` where none is left.
    pub fn take(&self, sid: Uuid, now: Instant) -> Result<()> {
        let mut buckets = self.buckets.lock();
        if buckets.len() >= MAX_BUCKETS && !buckets.contains_key(&sid) {
            buckets.retain(|_, bucket| !bucket.is_full(now));
            if buckets.len() >= MAX_BUCKETS {
                return Err(Error::of(Code::Busy).retry_after_ms(1_000));
            }
        }
        buckets
            .entry(sid)
            .or_insert_with(|| Bucket::new(self.per_second, self.burst, now))
            .take(now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limiter() -> RateLimiter {
        RateLimiter::new(&Limits {
            requests_per_second: 10,
            burst: 3,
            ..Limits::default()
        })
    }

    #[test]
    fn a_burst_passes_and_then_the_rate_holds() {
        let (limiter, sid, start) = (limiter(), Uuid::from_u128(1), Instant::now());
        for _ in 0..3 {
            limiter.take(sid, start).unwrap();
        }
        let refused = limiter.take(sid, start).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert_eq!(refused.extra["retry_after_ms"], 100);
        limiter.take(sid, start + Duration::from_millis(101)).unwrap();
        assert!(limiter.take(sid, start + Duration::from_millis(102)).is_err());
    }

    #[test]
    fn one_login_does_not_use_up_another_ones_requests() {
        let (limiter, start) = (limiter(), Instant::now());
        while limiter.take(Uuid::from_u128(1), start).is_ok() {}
        limiter.take(Uuid::from_u128(2), start).unwrap();
    }

    #[test]
    fn the_map_stays_bounded() {
        let (limiter, start) = (limiter(), Instant::now());
        for n in 0..(MAX_BUCKETS as u128 + 10) {
            let at = start + Duration::from_secs(if n < MAX_BUCKETS as u128 { 0 } else { 60 });
            limiter.take(Uuid::from_u128(n), at).unwrap();
        }
        assert!(limiter.buckets.lock().len() <= MAX_BUCKETS);
    }
}
