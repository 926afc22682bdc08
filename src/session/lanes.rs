//! In which order the requests of one session start (PROTOCOL section 3, "Requests"): writes and functions
//! run and are answered in the order sent; a read waits for the writes sent before it and may then be
//! answered out of order. Pure.

use std::collections::VecDeque;

use crate::hub::outbox::Answered;

/// Reads of one session that run at the same time: enough to keep the readers busy, few enough to bound
/// the results that one client can have in the making.
const MAX_READS: usize = 8;

/// Where a request belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Goes to the writer, whose queue keeps the order: it may start while earlier ones still run.
    Write,
    /// Answered in order but not by the writer (a read-only function, a refusal): waits for the earlier ones.
    Alone,
    Read,
}

impl Lane {
    pub fn is_ordered(self) -> bool {
        self != Self::Read
    }
}

#[derive(Debug)]
pub struct Lanes<T> {
    ordered: VecDeque<(Lane, T)>,
    /// With the number of ordered requests sent before.
    reads: VecDeque<(u64, T)>,
    ordered_sent: u64,
    ordered_started: u64,
    ordered_done: u64,
    /// The last ordered request that started must be answered before the next starts.
    alone: bool,
    reads_running: usize,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            ordered: VecDeque::new(),
            reads: VecDeque::new(),
            ordered_sent: 0,
            ordered_started: 0,
            ordered_done: 0,
            alone: false,
            reads_running: 0,
        }
    }
}

impl<T> Lanes<T> {
    pub fn push(&mut self, lane: Lane, item: T) {
        if lane.is_ordered() {
            self.ordered_sent += 1;
            self.ordered.push_back((lane, item));
        } else {
            self.reads.push_back((self.ordered_sent, item));
        }
    }

    /// The next request that may start now.
    pub fn next(&mut self) -> Option<(Lane, T)> {
        let idle = self.ordered_started == self.ordered_done;
        if idle {
            self.alone = false;
        }
        let may_start = match self.ordered.front() {
            Some((Lane::Alone, _)) => idle,
            Some(_) => !self.alone,
            None => false,
        };
        if may_start && let Some((lane, item)) = self.ordered.pop_front() {
            self.ordered_started += 1;
            self.alone = lane == Lane::Alone;
            return Some((lane, item));
        }
        if self.reads_running < MAX_READS
            && self
                .reads
                .front()
                .is_some_and(|(after, _)| *after <= self.ordered_done)
            && let Some((_, item)) = self.reads.pop_front()
        {
            self.reads_running += 1;
            return Some((Lane::Read, item));
        }
        None
    }

    pub fn answered(&mut self, answered: Answered) {
        self.ordered_done += answered.ordered as u64;
        self.reads_running = self.reads_running.saturating_sub(answered.reads);
    }

    /// Requests sent and not yet answered.
    pub fn in_flight(&self) -> usize {
        let ordered = self.ordered.len() + (self.ordered_started - self.ordered_done) as usize;
        ordered + self.reads.len() + self.reads_running
    }

    /// Whether some wait for an answer before they can start.
    pub fn is_waiting(&self) -> bool {
        !self.ordered.is_empty() || !self.reads.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(lanes: &mut Lanes<u8>) -> Vec<u8> {
        std::iter::from_fn(|| lanes.next().map(|(_, item)| item)).collect()
    }

    fn ordered(n: usize) -> Answered {
        Answered { ordered: n, reads: 0 }
    }

    #[test]
    fn writes_start_without_waiting_and_a_read_waits_for_those_before_it() {
        let mut lanes = Lanes::default();
        lanes.push(Lane::Write, 1);
        lanes.push(Lane::Write, 2);
        lanes.push(Lane::Read, 3);
        lanes.push(Lane::Write, 4);
        assert_eq!(started(&mut lanes), [1, 2, 4]);
        lanes.answered(ordered(1));
        assert!(started(&mut lanes).is_empty());
        lanes.answered(ordered(1));
        assert_eq!(started(&mut lanes), [3]);
        assert_eq!(lanes.in_flight(), 2);
    }

    #[test]
    fn what_is_answered_outside_the_writer_keeps_its_place() {
        let mut lanes = Lanes::default();
        lanes.push(Lane::Write, 1);
        lanes.push(Lane::Alone, 2);
        lanes.push(Lane::Write, 3);
        assert_eq!(started(&mut lanes), [1]);
        lanes.answered(ordered(1));
        assert_eq!(started(&mut lanes), [2]);
        lanes.answered(ordered(1));
        assert_eq!(started(&mut lanes), [3]);
    }

    #[test]
    fn a_long_read_holds_up_no_write() {
        let mut lanes = Lanes::default();
        lanes.push(Lane::Read, 1);
        assert_eq!(started(&mut lanes), [1]);
        lanes.push(Lane::Write, 2);
        assert_eq!(started(&mut lanes), [2]);
    }

    #[test]
    fn reads_at_the_same_time_are_bounded() {
        let mut lanes = Lanes::default();
        (0..20).for_each(|i| lanes.push(Lane::Read, i));
        assert_eq!(started(&mut lanes).len(), MAX_READS);
        lanes.answered(Answered { ordered: 0, reads: 3 });
        assert_eq!(started(&mut lanes), [8, 9, 10]);
    }
}
