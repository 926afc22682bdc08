//! `query` and `batch`: SQL by role.

use sha2::{Digest, Sha256};

use crate::{
    executor::{Idempotency, Origin, Statement, Work},
    protocol::{
        SqlValue,
        error::{Code, Error, Result},
        request::{Batch, BatchStatement, Kind, Query},
        value::Params,
    },
    store::data::guard::classify,
};

use super::{super::lanes::Lane, Prepared};

/// Statements of one batch.
const MAX_STATEMENTS: usize = 1_000;

/// Length of an idempotency key, bytes.
const MAX_KEY: usize = 255;

pub(super) fn prepare(origin: &Origin, query: Query) -> Result<Prepared> {
    may_send_sql(origin)?;
    let kind = classify(&query.query)?;
    if query.kind.is_some_and(|said| said != kind) {
        return Err(Error::new(
            Code::InvalidSql,
            "The statement is not of the kind that the request says.",
        ));
    }
    let idempotency = idempotency(query.idempotency_key, || {
        let mut digest = Sha256::new_with_prefix(b"query\0");
        digest_statement(&mut digest, &query.query, &query.params, query.expect_affected);
        digest
    })?;
    let lane = if kind == Kind::Select {
        Lane::Read
    } else {
        Lane::Write
    };
    let work = Work::Query(Statement {
        sql: query.query,
        kind,
        params: query.params,
        expect_affected: query.expect_affected,
    });
    Ok(Prepared::Run {
        lane,
        work,
        idempotency,
    })
}

pub(super) fn prepare_batch(origin: &Origin, batch: Batch) -> Result<Prepared> {
    may_send_sql(origin)?;
    if batch.statements.is_empty() {
        return Err(Error::invalid("A batch holds at least one statement."));
    }
    if batch.statements.len() > MAX_STATEMENTS {
        return Err(Error::of(Code::PayloadTooLarge).with("limit", "statements"));
    }
    let idempotency = idempotency(batch.idempotency_key, || {
        let mut digest = Sha256::new_with_prefix(b"batch\0");
        for statement in &batch.statements {
            digest_statement(
                &mut digest,
                &statement.query,
                &statement.params,
                statement.expect_affected,
            );
        }
        digest
    })?;
    let statements = batch
        .statements
        .into_iter()
        .map(statement)
        .collect::<Result<_>>()?;
    let work = Work::Batch(statements);
    let lane = if work.is_read() { Lane::Read } else { Lane::Write };
    Ok(Prepared::Run {
        lane,
        work,
        idempotency,
    })
}

fn statement(statement: BatchStatement) -> Result<Statement> {
    let BatchStatement {
        query,
        params,
        expect_affected,
    } = statement;
    Ok(Statement {
        kind: classify(&query)?,
        sql: query,
        params,
        expect_affected,
    })
}

fn may_send_sql(origin: &Origin) -> Result<()> {
    if origin.role.admin || origin.role.raw_sql {
        Ok(())
    } else {
        Err(Error::forbidden(
            "This role may not send SQL; it may call functions.",
        ))
    }
}

/// A key is 1 to 255 bytes. The digest, made only where there is a key, is what the request means: the order of
/// named parameters does not count.
pub(super) fn idempotency(
    key: Option<String>,
    digest: impl FnOnce() -> Sha256,
) -> Result<Option<Idempotency>> {
    match key {
        None => Ok(None),
        Some(key) if key.is_empty() || key.len() > MAX_KEY => {
            Err(Error::invalid("idempotency_key is 1 to 255 bytes long."))
        }
        Some(key) => Ok(Some(Idempotency {
            key,
            body: digest().finalize().into(),
        })),
    }
}

fn digest_statement(digest: &mut Sha256, sql: &str, params: &Params, expect: Option<u64>) {
    digest_text(digest, sql);
    match params {
        Params::Positional(values) => {
            digest.update((values.len() as u64).to_le_bytes());
            values.iter().for_each(|value| digest_value(digest, value));
        }
        Params::Named(values) => {
            let mut sorted: Vec<_> = values.iter().collect();
            sorted.sort_by(|a, b| a.0.cmp(&b.0));
            digest.update(b"named");
            for (name, value) in sorted {
                digest_text(digest, name);
                digest_value(digest, value);
            }
        }
    }
    digest.update(expect.map_or(-1, |n| n as i128).to_le_bytes());
}

fn digest_text(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_le_bytes());
    digest.update(text);
}

pub(super) fn digest_value(digest: &mut Sha256, value: &SqlValue) {
    let mut json = Vec::new();
    value.write_json(&mut json);
    digest.update((json.len() as u64).to_le_bytes());
    digest.update(&json);
}
