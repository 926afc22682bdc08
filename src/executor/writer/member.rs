//! One job within its savepoint.

use std::time::{Duration, Instant};

use super::Task;
use crate::{
    domain::{Author, Changes, Commit, timestamp},
    executor::{Idempotency, Job, Origin, Statement, Work, answer},
    protocol::{
        error::{Code, Error, Result},
        result::Body,
    },
    store::data::{
        audit_outbox,
        function::{Called, Caller},
        idempotency::Found,
        log,
        statement::Ran,
        writer::{Mark, Writer},
    },
};

/// What a member did.
pub struct Done {
    pub body: Body,
    /// `None`: no row changed.
    pub commit: Option<Commit>,
}

impl Done {
    /// About what it holds in memory, bytes.
    pub fn weight(&self) -> usize {
        let changes = self.commit.as_ref().map_or(0, |c| log::weight(&c.changes));
        self.body.0.len() + changes
    }
}

impl From<Body> for Done {
    fn from(body: Body) -> Self {
        Self { body, commit: None }
    }
}

/// Runs a task after its savepoint and keeps it. The caller undoes an error.
pub fn run(writer: &mut Writer, task: &Task, mark: &Mark, limit: Duration) -> Result<Done> {
    let done = match task {
        Task::Run(job) => job_done(writer, job, mark, limit)?,
        Task::Keep {
            user_id,
            idempotency,
            body,
        } => keep(writer, *user_id, idempotency, body)?.into(),
    };
    writer.release()?;
    Ok(done)
}

fn job_done(writer: &mut Writer, job: &Job, mark: &Mark, limit: Duration) -> Result<Done> {
    let origin = &job.origin;
    if let Some(key) = &job.idempotency
        && let Some(body) = kept(writer, origin.user_id, key)?
    {
        return Ok(body.into());
    }
    let at_ms = timestamp::now_ms();
    writer.arm(Instant::now() + limit);
    let worked = work(writer, job, at_ms);
    writer.disarm(); // the books are short, and an interrupted write loses the whole group
    let worked = worked?;
    let function = match &job.work {
        Work::Call { function, .. } => Some(function.name.clone()),
        _ => None,
    };
    let author = Author {
        user_id: origin.user_id,
        username: origin.username.clone(),
        session: origin.session,
        function,
    };
    let commit = writer.record(at_ms, author)?;
    let body = worked.answer.into_body(writer.head());
    if let Some(key) = &job.idempotency {
        let answer = answer::to_keep(&body);
        writer.keep_answer(origin.user_id, &key.key, &key.body, at_ms, &answer)?;
    }
    let changed = commit.as_ref().map(|c| tables(writer, c, mark)).transpose()?;
    writer.audit(&audit_outbox::Entry {
        at_ms,
        user_id: origin.user_id,
        username: &origin.username,
        address: &origin.address.to_string(),
        session: origin.session.map(|id| id.to_string()).as_deref(),
        subject: match &job.work {
            Work::Call { function, .. } => Some(&function.name),
            _ => None,
        },
        detail: worked.detail.as_deref(),
        tables: changed.as_deref(),
        rows_affected: i64::try_from(worked.rows_affected).unwrap_or(i64::MAX),
        commit: commit.as_ref().map(|c| c.n),
    })?;
    Ok(Done { body, commit })
}

/// The answer that was given under the key, as a duplicate.
fn kept(writer: &Writer, user_id: i64, key: &Idempotency) -> Result<Option<Body>> {
    match writer.find_answer(user_id, &key.key, &key.body)? {
        None => Ok(None),
        Some(Found::Answer(answer)) => Ok(Some(answer::duplicate(answer))),
        Some(Found::OtherBody) => Err(Error::of(Code::Conflict)),
    }
}

/// Keeps the answer of a read. Whoever kept one first is right.
fn keep(writer: &Writer, user_id: i64, key: &Idempotency, body: &Body) -> Result<Body> {
    if let Some(first) = kept(writer, user_id, key)? {
        return Ok(first);
    }
    let answer = answer::to_keep(body);
    writer.keep_answer(user_id, &key.key, &key.body, timestamp::now_ms(), &answer)?;
    Ok(body.clone())
}

fn tables(writer: &Writer, commit: &Commit, mark: &Mark) -> Result<String> {
    let Changes::Inline(changes) = &commit.changes else {
        return writer.tables_since(mark);
    };
    let mut names: Vec<&str> = Vec::new();
    for change in changes {
        if !names.contains(&&*change.shape.table) {
            names.push(&change.shape.table);
        }
    }
    Ok(names.join(","))
}

enum Answer {
    Query(Ran),
    Batch(Vec<Ran>),
    Call(Called),
    Table(Body),
}

impl Answer {
    fn into_body(self, commit: u64) -> Body {
        match self {
            Self::Query(ran) => ran.query_body(commit),
            Self::Batch(results) => answer::batch(&results, commit),
            Self::Call(called) => answer::data(&called.data, called.truncated, commit),
            Self::Table(body) => body,
        }
    }
}

struct Worked {
    answer: Answer,
    rows_affected: u64,
    /// Statement text for the audit, without values.
    detail: Option<String>,
}

fn work(writer: &Writer, job: &Job, at_ms: i64) -> Result<Worked> {
    let Origin {
        user_id,
        username,
        role,
        ..
    } = &job.origin;
    Ok(match &job.work {
        Work::Query(statement) => {
            let ran = query(writer, job, statement)?;
            Worked {
                rows_affected: ran.rows_affected,
                answer: Answer::Query(ran),
                detail: Some(statement.sql.clone()),
            }
        }
        Work::Batch(statements) => {
            let results = statements
                .iter()
                .map(|statement| query(writer, job, statement))
                .collect::<Result<Vec<_>>>()?;
            let texts: Vec<&str> = statements.iter().map(|s| s.sql.as_str()).collect();
            Worked {
                rows_affected: results.iter().map(|ran| ran.rows_affected).sum(),
                answer: Answer::Batch(results),
                detail: Some(texts.join(";\n")),
            }
        }
        Work::Call { function, args } => {
            let caller = Caller {
                user_id: *user_id,
                username,
                role: &role.name,
                at_ms,
            };
            let called = writer.call(function, args, caller)?;
            Worked {
                rows_affected: called.rows_affected,
                answer: Answer::Call(called),
                detail: None,
            }
        }
        Work::Table(request) => {
            let written = writer.table(role, *user_id, request)?;
            Worked {
                rows_affected: written.rows_affected,
                answer: Answer::Table(written.body),
                detail: Some(written.sql),
            }
        }
    })
}

fn query(writer: &Writer, job: &Job, statement: &Statement) -> Result<Ran> {
    let ran = writer.query(
        &job.origin.role,
        &statement.sql,
        statement.kind,
        &statement.params,
    )?;
    match statement.expect_affected {
        Some(expected) if ran.rows_affected != expected => Err(Error::of(Code::PreconditionFailed)),
        _ => Ok(ran),
    }
}
