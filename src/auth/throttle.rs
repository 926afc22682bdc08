//! Slowing failed logins down: five are free, then each doubles the wait. Counted per account and per
//! address, except that an address from where the account logged in before is judged by the failures of
//! that very pair alone: a stranger elsewhere cannot keep somebody out of his own terminal.
//!
//! Pure: the time is passed in, as milliseconds of a clock that never goes back.

use std::{collections::HashMap, net::IpAddr};

/// Failures without delay.
pub const FREE: u32 = 5;
/// The first delay, milliseconds; each further failure doubles it.
pub const FIRST_DELAY_MS: u64 = 1_000;
/// The longest delay, milliseconds.
pub const LONGEST_DELAY_MS: u64 = 5 * 60_000;
/// A counter without a failure for so long is forgotten, milliseconds.
pub const FORGOTTEN_AFTER_MS: u64 = 30 * 60_000;
/// How many counters of one kind are kept; past it the one that failed longest ago goes.
pub const MOST_COUNTERS: usize = 10_000;

/// Who tries to log in, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The name given, in lower case: accounts that exist and those that do not are slowed alike.
    account: String,
    address: IpAddr,
    /// Whether this account logged in from this address before.
    known: bool,
}

impl Attempt {
    pub fn new(username: &str, address: IpAddr, known: bool) -> Self {
        Self {
            account: username.to_ascii_lowercase(),
            address: network_of(address),
            known,
        }
    }
}

/// The counters.
#[derive(Debug, Default)]
pub struct Throttle {
    accounts: Counters<String>,
    addresses: Counters<IpAddr>,
    known_pairs: Counters<(String, IpAddr)>,
}

impl Throttle {
    /// `Err`: milliseconds until this attempt may be made.
    pub fn check(&self, attempt: &Attempt, now_ms: u64) -> Result<(), u64> {
        let wait = if attempt.known {
            self.known_pairs
                .wait(&(attempt.account.clone(), attempt.address), now_ms)
        } else {
            self.accounts
                .wait(&attempt.account, now_ms)
                .max(self.addresses.wait(&attempt.address, now_ms))
        };
        if wait == 0 { Ok(()) } else { Err(wait) }
    }

    /// Counts a wrong password (or an unknown name).
    pub fn failed(&mut self, attempt: &Attempt, now_ms: u64) {
        if attempt.known {
            self.known_pairs
                .fail((attempt.account.clone(), attempt.address), now_ms);
        } else {
            self.accounts.fail(attempt.account.clone(), now_ms);
            self.addresses.fail(attempt.address, now_ms);
        }
    }

    /// The right password. The address keeps its count: with one account of one's own the guessing of
    /// others' passwords would be free.
    pub fn succeeded(&mut self, attempt: &Attempt) {
        self.known_pairs
            .forget(&(attempt.account.clone(), attempt.address));
        if !attempt.known {
            self.accounts.forget(&attempt.account);
        }
    }
}

/// Failures counted by address alone, for what has no account: join codes.
#[derive(Debug, Default)]
pub struct AddressThrottle(Counters<IpAddr>);

impl AddressThrottle {
    /// `Err`: milliseconds until this address may try.
    pub fn check(&self, address: IpAddr, now_ms: u64) -> Result<(), u64> {
        match self.0.wait(&network_of(address), now_ms) {
            0 => Ok(()),
            wait => Err(wait),
        }
    }

    pub fn failed(&mut self, address: IpAddr, now_ms: u64) {
        self.0.fail(network_of(address), now_ms);
    }
}

/// An IPv6 machine has a whole /64 to choose from.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    failures: u32,
    last_ms: u64,
}

impl Counter {
    fn wait(self, now_ms: u64) -> u64 {
        let Some(beyond) = self.failures.checked_sub(FREE) else {
            return 0;
        };
        let delay = FIRST_DELAY_MS
            .saturating_mul(1_u64.checked_shl(beyond).unwrap_or(u64::MAX))
            .min(LONGEST_DELAY_MS);
        (self.last_ms + delay).saturating_sub(now_ms)
    }

    fn is_forgotten(self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.last_ms) >= FORGOTTEN_AFTER_MS
    }
}

#[derive(Debug)]
struct Counters<K>(HashMap<K, Counter>);

impl<K> Default for Counters<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: std::hash::Hash + Eq + Clone> Counters<K> {
    fn wait(&self, key: &K, now_ms: u64) -> u64 {
        self.0
            .get(key)
            .filter(|counter| !counter.is_forgotten(now_ms))
            .map_or(0, |counter| counter.wait(now_ms))
    }

    fn fail(&mut self, key: K, now_ms: u64) {
        if self.0.len() >= MOST_COUNTERS && !self.0.contains_key(&key) {
            self.make_room(now_ms);
        }
        let counter = self.0.entry(key).or_insert(Counter {
            failures: 0,
            last_ms: now_ms,
        });
        if counter.is_forgotten(now_ms) {
            counter.failures = 0;
        }
        counter.failures = counter.failures.saturating_add(1);
        counter.last_ms = now_ms;
    }

    fn forget(&mut self, key: &K) {
        self.0.remove(key);
    }

    fn make_room(&mut self, now_ms: u64) {
        self.0.retain(|_, counter| !counter.is_forgotten(now_ms));
        if self.0.len() < MOST_COUNTERS {
            return;
        }
        let oldest = self
            .0
            .iter()
            .min_by_key(|(_, counter)| counter.last_ms)
            .map(|(key, _)| key.clone());
        if let Some(oldest) = oldest {
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TERMINAL: &str = "192.168.1.20";
    const STRANGER: &str = "192.168.1.66";

    fn attempt(name: &str, address: &str, known: bool) -> Attempt {
        Attempt::new(name, address.parse().unwrap(), known)
    }

    #[test]
    fn five_failures_are_free_then_each_doubles_the_wait_up_to_a_bound() {
        let mut throttle = Throttle::default();
        let awa = attempt("awa", STRANGER, false);
        for _ in 0..FREE {
            assert_eq!(throttle.check(&awa, 0), Ok(()));
            throttle.failed(&awa, 0);
        }
        assert_eq!(throttle.check(&awa, 0), Err(1_000));
        assert_eq!(throttle.check(&awa, 999), Err(1));
        assert_eq!(throttle.check(&awa, 1_000), Ok(()));
        throttle.failed(&awa, 1_000);
        assert_eq!(throttle.check(&awa, 1_000), Err(2_000));
        for _ in 0..100 {
            throttle.failed(&awa, 1_000);
        }
        assert_eq!(throttle.check(&awa, 1_000), Err(LONGEST_DELAY_MS));
        assert_eq!(throttle.check(&awa, 1_000 + FORGOTTEN_AFTER_MS), Ok(()));
    }

    #[test]
    fn an_account_is_slowed_from_many_addresses_and_an_address_for_many_accounts() {
        let mut throttle = Throttle::default();
        for n in 0..FREE {
            throttle.failed(&attempt("awa", &format!("10.0.0.{n}"), false), 0);
        }
        assert!(throttle.check(&attempt("AWA", "10.0.0.99", false), 0).is_err());

        for n in 0..FREE {
            throttle.failed(&attempt(&format!("user{n}"), STRANGER, false), 0);
        }
        assert!(throttle.check(&attempt("somebody", STRANGER, false), 0).is_err());
    }

    #[test]
    fn a_stranger_cannot_lock_somebody_out_of_a_terminal_where_he_logged_in_before() {
        let mut throttle = Throttle::default();
        for _ in 0..1_000 {
            throttle.failed(&attempt("awa", STRANGER, false), 0);
            // Not even by failing with other names from the same terminal.
            throttle.failed(&attempt("nobody", TERMINAL, false), 0);
        }
        assert_eq!(throttle.check(&attempt("awa", TERMINAL, true), 0), Ok(()));
    }

    #[test]
    fn a_known_terminal_is_no_free_guessing_either() {
        let mut throttle = Throttle::default();
        let here = attempt("awa", TERMINAL, true);
        for _ in 0..FREE {
            throttle.failed(&here, 0);
        }
        assert!(throttle.check(&here, 0).is_err());
        throttle.succeeded(&here);
        assert_eq!(throttle.check(&here, 0), Ok(()));
    }

    #[test]
    fn logging_in_with_ones_own_account_does_not_clear_the_address() {
        let mut throttle = Throttle::default();
        for n in 0..FREE {
            throttle.failed(&attempt(&format!("victim{n}"), STRANGER, false), 0);
        }
        throttle.succeeded(&attempt("mallory", STRANGER, true));
        assert!(throttle.check(&attempt("victim9", STRANGER, false), 0).is_err());
    }

    #[test]
    fn an_ipv6_machine_is_one_network() {
        let mut throttle = Throttle::default();
        for n in 0..FREE {
            throttle.failed(&attempt(&format!("u{n}"), &format!("2001:db8::{n}"), false), 0);
        }
        assert!(throttle.check(&attempt("u", "2001:db8::ffff", false), 0).is_err());
        assert!(throttle.check(&attempt("u", "2001:db8:0:1::1", false), 0).is_ok());
    }

    #[test]
    fn codes_are_slowed_by_address() {
        let mut throttle = AddressThrottle::default();
        let (here, there) = (STRANGER.parse().unwrap(), TERMINAL.parse().unwrap());
        for _ in 0..FREE {
            assert_eq!(throttle.check(here, 0), Ok(()));
            throttle.failed(here, 0);
        }
        assert_eq!(throttle.check(here, 0), Err(FIRST_DELAY_MS));
        assert_eq!(throttle.check(there, 0), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..MOST_COUNTERS as u64 + 100 {
            throttle.failed(&attempt(&format!("u{n}"), STRANGER, false), n);
        }
        assert_eq!(throttle.accounts.0.len(), MOST_COUNTERS);
    }
}
