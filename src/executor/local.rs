//! Reads answered where they arrive. A statement that a reader thread once answered quickly is run on the network
//! worker itself the next time: for a point read, two thread switches cost more than the read.
//!
//! The worker is never held for long: what is not quick after all is interrupted within [`BUDGET`], forgotten, and
//! goes the ordinary way.

use std::{
    cell::RefCell,
    collections::HashSet,
    hash::{BuildHasher, RandomState},
    rc::Rc,
    time::{Duration, Instant},
};

use parking_lot::RwLock;

use super::{
    Job, Work,
    reader::{Reader, ReaderOptions},
};
use crate::protocol::{
    error::{Code, Result},
    result::Body,
};

/// A statement answered within this time by a reader thread is quick.
const QUICK: Duration = Duration::from_micros(250);

/// How long a read may hold a network worker.
const BUDGET: Duration = Duration::from_millis(2);

/// Statements remembered; past it all are forgotten and learnt again.
const MOST_KNOWN: usize = 4_096;

/// Statements known to be quick, by role. Learnt by the reader threads, used by the network workers.
#[derive(Default)]
pub struct QuickStatements {
    known: RwLock<HashSet<u64>>,
    hasher: RandomState,
}

impl QuickStatements {
    /// What a statement is known by; `None` for jobs that are not a single statement without a key.
    fn id(&self, job: &Job) -> Option<u64> {
        match &job.work {
            Work::Query(statement) if job.idempotency.is_none() => {
                Some(self.hasher.hash_one((&job.origin.role.name, &statement.sql)))
            }
            _ => None,
        }
    }

    /// A reader thread took this long over a job.
    pub fn learn(&self, job: &Job, took: Duration) {
        if took > QUICK {
            return;
        }
        let Some(id) = self.id(job) else { return };
        if self.known.read().contains(&id) {
            return;
        }
        let mut known = self.known.write();
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        known.insert(id);
    }
}

/// The connections of one network worker. Cheap to clone; stays on its thread.
#[derive(Clone)]
pub struct LocalReader {
    reader: Rc<RefCell<Reader>>,
    options: ReaderOptions,
}

impl LocalReader {
    pub(super) fn new(options: ReaderOptions) -> Self {
        Self {
            reader: Rc::new(RefCell::new(Reader::new(options.clone()))),
            options,
        }
    }

    /// The answer, where the statement is known to be quick and turns out so.
    pub fn answer(&self, job: &Job) -> Option<Result<Body>> {
        let quick = &self.options.shared.quick;
        let id = quick.id(job)?;
        if !quick.known.read().contains(&id) || !self.options.shared.is_accepting() {
            return None;
        }
        let started = Instant::now();
        let outcome = self.reader.try_borrow_mut().ok()?.read_within(job, BUDGET);
        let late = matches!(&outcome, Err(error) if error.code == Code::Timeout);
        if late || started.elapsed() > BUDGET / 2 {
            quick.known.write().remove(&id);
        }
        (!late).then_some(outcome)
    }
}
