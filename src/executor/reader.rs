//! The readers: threads of two SyncArbiters, each with its own connections.
//!
//! Every read begins on one of the quick ones. What takes longer than `QUICK` is begun again on a patient one:
//! so a few reports, or somebody's endless joins, do not keep everybody's small reads waiting.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use actix::{Actor, Addr, Handler, Message, SyncContext};
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Job, Work, answer,
    reply::Promise,
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

/// What a read may take of a quick reader's time.
const QUICK: Duration = Duration::from_millis(25);

/// How a reader thread opens its connections.
#[derive(Clone)]
pub struct ReaderOptions {
    pub shared: Arc<Shared>,
    pub writer: WriterLink,
    pub limits: RunLimits,
    pub largest_value: usize,
    pub timeout: Duration,
    /// Where reads go on that take long; `None`: this is such a reader.
    pub patient: Option<Addr<Reader>>,
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
                Ok(answer::call(&called, commit))
            }
            Work::Table(request) => self.connections.table(&origin.role, origin.user_id, request),
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

impl Actor for Reader {
    type Context = SyncContext<Self>;
}

/// A job that a reader can do.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Read {
    pub job: Job,
    pub promise: Promise,
    pub since: Instant,
    /// Held until the job is answered: it bounds the arbiter's queue.
    pub permit: OwnedSemaphorePermit,
}

impl Handler<Read> for Reader {
    type Result = ();

    fn handle(&mut self, message: Read, _: &mut Self::Context) {
        let Read {
            job,
            promise,
            since,
            permit,
        } = message;
        if since.elapsed() > MAX_WAIT {
            return promise.keep(Err(busy()));
        }
        self.refresh();
        let timeout = self.options.timeout;
        let patient = self.options.patient.clone().filter(|_| timeout > QUICK);
        if patient.is_some() {
            self.connections.set_timeout(QUICK);
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| match self.kept(&job)? {
            Some(body) => Ok((body, false)),
            None => Ok((self.read(&job)?, true)),
        }));
        self.connections.set_timeout(timeout);
        if let (
            Some(patient),
            Ok(Err(Error {
                code: Code::Timeout, ..
            })),
        ) = (patient, &outcome)
        {
            // do_send ignores the mailbox's bound; the permits are the bound.
            #[expect(clippy::disallowed_methods, reason = "bounded by the permits")]
            patient.do_send(Read {
                job,
                promise,
                since: Instant::now(),
                permit,
            });
            return;
        }
        let outcome = outcome.unwrap_or_else(|_| {
            // What it left behind is unknown: begin with new connections.
            self.connections = connections(&self.options, &self.schema);
            Err(Error::internal("a read panicked"))
        });
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
    }
}

/// Anything else to be done on a reader thread: the log, the audit outbox.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Inspect {
    pub work: Box<dyn FnOnce(&mut Reader) + Send>,
    pub permit: OwnedSemaphorePermit,
}

impl Handler<Inspect> for Reader {
    type Result = ();

    fn handle(&mut self, message: Inspect, _: &mut Self::Context) {
        self.refresh();
        if catch_unwind(AssertUnwindSafe(|| (message.work)(self))).is_err() {
            self.connections = connections(&self.options, &self.schema);
            tracing::error!("a reader panicked");
        }
        drop(message.permit);
    }
}
