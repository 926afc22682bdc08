//! A queue that serves its users in turn: who sends a hundred long reports waits for his own, not the others
//! for his.

use std::collections::{HashMap, VecDeque};

use parking_lot::{Condvar, Mutex};

/// Items waiting, by user. Not bounded by itself: what is pushed holds a permit.
pub struct FairQueue<T> {
    inner: Mutex<Inner<T>>,
    pushed: Condvar,
}

struct Inner<T> {
    waiting: HashMap<i64, VecDeque<T>>,
    /// Users with something waiting, in the order of their turns.
    turns: VecDeque<i64>,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        let inner = Inner {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
        };
        Self {
            inner: Mutex::new(inner),
            pushed: Condvar::new(),
        }
    }
}

impl<T> FairQueue<T> {
    pub fn push(&self, user: i64, item: T) {
        let mut inner = self.inner.lock();
        let waiting = inner.waiting.entry(user).or_default();
        waiting.push_back(item);
        if waiting.len() == 1 {
            inner.turns.push_back(user);
        }
        drop(inner);
        self.pushed.notify_one();
    }

    /// The next item of the user whose turn it is; waits for one.
    pub fn pop(&self) -> T {
        let mut inner = self.inner.lock();
        loop {
            if let Some(item) = inner.pop() {
                return item;
            }
            self.pushed.wait(&mut inner);
        }
    }
}

impl<T> Inner<T> {
    fn pop(&mut self) -> Option<T> {
        let user = self.turns.pop_front()?;
        let waiting = self.waiting.get_mut(&user)?;
        let item = waiting.pop_front();
        if waiting.is_empty() {
            self.waiting.remove(&user);
        } else {
            self.turns.push_back(user);
        }
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_served_in_turn_and_each_in_order() {
        let queue = FairQueue::default();
        for item in ["a1", "a2", "a3"] {
            queue.push(1, item);
        }
        queue.push(2, "b1");
        queue.push(3, "c1");
        let served: Vec<_> = (0..5).map(|_| queue.pop()).collect();
        assert_eq!(served, ["a1", "b1", "c1", "a2", "a3"]);
    }
}
