//! One reader thread's work: its own connections, and what is done on them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Job, Work, answer,
    readers::{Inspect, Read},
    shared::{MAX_WAIT, Shared, WriterLink, busy},
    writer::Task,
};
use crate::{
    domain::{Schema, timestamp},
    protocol::{
        error::{Code, Error, Result},
        result::Body,
        value::Params,
    },
    store::data::{
        error::from_sqlite,
        function::{self, Caller},
        idempotency::{self, Found},
        log::Shapes,
        reader::RoleReaders,
        statement::{RowForm, RunLimits},
    },
};

/// How a reader thread opens its connections.
#[derive(Clone)]
pub struct ReaderOptions {
    pub shared: Arc<Shared>,
    pub writer: WriterLink,
    pub limits: RunLimits,
    pub largest_value: usize,
    pub timeout: Duration,
}

/// How long a read may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// This long; then it is given back to be run at its full time.
    Within(Duration),
    /// The statement time limit.
    Full,
}

/// One reader thread.
pub struct Reader {
    options: ReaderOptions,
    schema: Arc<Schema>,
    pub connections: RoleReaders,
    pub shapes: Shapes,
}

impl Reader {
    pub fn new(options: ReaderOptions) -> Self {
        let schema = options.shared.schema();
        Self {
            connections: connections(&options, &schema),
            schema,
            options,
            shapes: Shapes::default(),
        }
    }

    /// Connections know the schema; a new one needs new ones.
    fn refresh(&mut self) {
        let schema = self.options.shared.schema();
        if !Arc::ptr_eq(&schema, &self.schema) {
            self.connections.set_schema(schema.clone());
            self.schema = schema;
        }
    }

    fn read(&mut self, job: &Job) -> Result<Body> {
        let origin = &job.origin;
        match &job.work {
            Work::Query(statement) => {
                let (ran, commit) = self.connections.query(
                    &origin.role,
                    &statement.sql,
                    &statement.params,
                    RowForm::Arrays,
                )?;
                expect_none(statement.expect_affected)?;
                Ok(ran.query_body(commit))
            }
            Work::Batch(statements) => {
                let texts: Vec<(&str, &Params)> =
                    statements.iter().map(|s| (s.sql.as_str(), &s.params)).collect();
                let (results, commit) = self.connections.batch(&origin.role, &texts, RowForm::Arrays)?;
                statements
                    .iter()
                    .try_for_each(|statement| expect_none(statement.expect_affected))?;
                Ok(answer::batch(&results, commit))
            }
            Work::Call { function, args } => {
                let caller = Caller {
                    user_id: origin.user_id,
                    username: &origin.username,
                    role: &origin.role.name,
                    at_ms: timestamp::now_ms(),
                };
                let limits = self.options.limits;
                let (called, commit) = self
                    .connections
                    .full(|conn, guard| function::call(conn, guard, function, args, caller, &limits))?;
                Ok(answer::data(&called.data, called.truncated, commit))
            }
            Work::Table(request) => {
                let ((rows, truncated), commit) =
                    self.connections.table(&origin.role, origin.user_id, request)?;
                Ok(answer::data(&rows.0, truncated, commit))
            }
        }
    }

    /// The answer that was given under the job's key.
    fn kept(&mut self, job: &Job) -> Result<Option<Body>> {
        let Some(key) = &job.idempotency else {
            return Ok(None);
        };
        let (found, _) = self.connections.full(|conn, _| {
            idempotency::find(conn, job.origin.user_id, &key.key, &key.body).map_err(from_sqlite)
        })?;
        match found {
            None => Ok(None),
            Some(Found::Answer(answer)) => Ok(Some(answer::duplicate(answer))),
            Some(Found::OtherBody) => Err(Error::of(Code::Conflict)),
        }
    }

    /// Answers a read; gives it back where it needs longer than its pace allows.
    pub fn answer(&mut self, read: Read, pace: Pace) -> Option<Read> {
        if read.since.elapsed() > MAX_WAIT {
            read.promise.keep(Err(busy()));
            return None;
        }
        self.refresh();
        let (timeout, may_retry) = match pace {
            Pace::Within(budget) if budget < self.options.timeout => (budget, true),
            _ => (self.options.timeout, false),
        };
        self.connections.set_timeout(timeout);
        let job = &read.job;
        let started = Instant::now();
        let outcome = self.guarded(|reader| match reader.kept(job)? {
            Some(body) => Ok((body, false)),
            None => Ok((reader.read(job)?, true)),
        });
        if outcome.is_ok() {
            self.options.shared.quick.learn(job, started.elapsed());
        }
        if may_retry && matches!(&outcome, Err(error) if error.code == Code::Timeout) {
            return Some(read);
        }
        let Read {
            job, promise, permit, ..
        } = read;
        drop(permit);
        match (outcome, job.idempotency) {
            (Ok((body, true)), Some(idempotency)) => self.options.writer.submit(
                Task::Keep {
                    user_id: job.origin.user_id,
                    idempotency,
                    body,
                },
                promise,
            ),
            (outcome, _) => promise.keep(outcome.map(|(body, _)| body)),
        }
        None
    }

    /// A read on a network worker's own connections.
    pub fn read_within(&mut self, job: &Job, budget: Duration) -> Result<Body> {
        self.refresh();
        self.connections.set_timeout(budget.min(self.options.timeout));
        self.guarded(|reader| reader.read(job))
    }

    fn guarded<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            // What it left behind is unknown: begin with new connections.
            self.connections = connections(&self.options, &self.schema);
            Err(Error::internal("a read panicked"))
        })
    }

    /// Does something of the hub's own.
    pub fn inspect(&mut self, work: Inspect) {
        self.refresh();
        self.connections.set_timeout(self.options.timeout);
        if catch_unwind(AssertUnwindSafe(|| work(self))).is_err() {
            self.connections = connections(&self.options, &self.schema);
            tracing::error!("a reader panicked");
        }
    }
}

/// A read affects no row.
fn expect_none(expected: Option<u64>) -> Result<()> {
    match expected {
        None | Some(0) => Ok(()),
        Some(_) => Err(Error::of(Code::PreconditionFailed)),
    }
}

fn connections(options: &ReaderOptions, schema: &Arc<Schema>) -> RoleReaders {
    RoleReaders::new(
        options.shared.path.clone(),
        schema.clone(),
        options.limits,
        options.largest_value,
        options.timeout,
    )
}
