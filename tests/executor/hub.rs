//! A running executor on a database in a temporary directory.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use comptoir::{
    config,
    domain::{Change, Changes, Commit, Role},
    executor::{
        Executor, ExecutorHandle, ExecutorOptions, Idempotency, Job, Origin, StartError, Started, Statement,
        Work,
    },
    pack::{Migration, Rule, Source},
    protocol::{SqlValue, error::Error, request::Kind, result::Body, value::Params},
    telemetry::Metrics,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Commits that may wait for a test that does not look at them.
const MOST_COMMITS: usize = 65_536;

/// Nothing that is waited for here takes longer.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub struct Hub {
    pub handle: ExecutorHandle,
    pub started: (Vec<String>, usize, bool),
    commits: mpsc::Receiver<Arc<Commit>>,
    pub dir: Option<TempDir>,
    pub path: PathBuf,
}

#[derive(Default)]
pub struct Setup {
    pub migrations: Vec<Migration>,
    pub rules: Vec<Rule>,
    pub seed: Option<Source>,
    pub limits: config::Limits,
    pub changes: config::Changes,
    pub idempotency: config::Idempotency,
}

pub fn migration(version: i64, sql: &str) -> Migration {
    Migration {
        version,
        source: Source {
            file: format!("migrations/{version:04}_test.sql"),
            text: sql.to_owned(),
        },
        checksum: format!("{version}:{sql}"),
    }
}

/// A new database with this schema.
pub fn with_schema(sql: &str) -> Hub {
    start_new(Setup {
        migrations: vec![migration(1, sql)],
        ..Setup::default()
    })
}

pub fn start_new(setup: Setup) -> Hub {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data.db");
    let mut hub = try_start(path, setup).unwrap();
    hub.dir = Some(dir);
    hub
}

pub fn try_start(path: PathBuf, setup: Setup) -> Result<Hub, StartError> {
    let (sender, commits) = mpsc::channel(MOST_COMMITS);
    let Started {
        handle,
        not_captured,
        migrated,
        seeded,
    } = Executor::start(ExecutorOptions {
        path: path.clone(),
        migrations: setup.migrations,
        users: None,
        rules: setup.rules,
        internal_roles: vec!["pharmacien".into(), "medecin".into()],
        seed: setup.seed,
        readers: 2,
        limits: setup.limits,
        changes: setup.changes,
        idempotency: setup.idempotency,
        metrics: Metrics::new().unwrap(),
        on_commit: Box::new(move |commits| {
            for commit in commits {
                sender.try_send(commit).ok(); // the test may be over
            }
        }),
    })?;
    Ok(Hub {
        handle,
        started: (not_captured, migrated, seeded),
        commits,
        dir: None,
        path,
    })
}

pub fn origin() -> Origin {
    Origin {
        user_id: 7,
        username: "awa".into(),
        role: Arc::new(Role::builtin_administrator()),
        session: None,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

pub fn statement(sql: &str, params: Vec<SqlValue>) -> Statement {
    let word = sql.split_whitespace().next().unwrap_or("").to_ascii_lowercase();
    let kind = match word.as_str() {
        "insert" | "replace" => Kind::Insert,
        "update" => Kind::Update,
        "delete" => Kind::Delete,
        _ => Kind::Select,
    };
    Statement {
        sql: sql.to_owned(),
        kind,
        params: Params::Positional(params),
        expect_affected: None,
    }
}

pub fn job(work: Work) -> Job {
    Job {
        origin: origin(),
        work,
        idempotency: None,
    }
}

pub fn query(sql: &str) -> Job {
    job(Work::Query(statement(sql, Vec::new())))
}

pub fn keyed(mut job: Job, key: &str, body: u8) -> Job {
    job.idempotency = Some(Idempotency {
        key: key.to_owned(),
        body: [body; 32],
    });
    job
}

pub fn json(body: &Body) -> Value {
    serde_json::from_slice(&body.0).unwrap()
}

impl Hub {
    pub async fn run(&self, job: Job) -> Result<Value, Error> {
        tokio::time::timeout(DEADLINE, self.handle.run(job))
            .await
            .expect("an answer in time")
            .map(|body| json(&body))
    }

    pub async fn sql(&self, sql: &str) -> Value {
        self.run(query(sql))
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    pub async fn sql_with(&self, sql: &str, params: Vec<SqlValue>) -> Value {
        self.run(job(Work::Query(statement(sql, params))))
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
    }

    pub async fn refused(&self, sql: &str) -> Error {
        self.run(query(sql)).await.expect_err(sql)
    }

    /// The one value of a SELECT.
    pub async fn value(&self, sql: &str) -> Value {
        self.sql(sql).await["rows"][0][0].clone()
    }

    pub async fn next_commit(&mut self) -> Arc<Commit> {
        tokio::time::timeout(DEADLINE, self.commits.recv())
            .await
            .expect("a commit in time")
            .expect("the executor is running")
    }

    /// Whatever was published so far.
    pub fn published(&mut self) -> Vec<Arc<Commit>> {
        std::iter::from_fn(|| self.commits.try_recv().ok()).collect()
    }

    /// Submits all at once, so that they wait together; outcomes in the order they were answered.
    pub async fn together(&self, jobs: Vec<Job>) -> Vec<(usize, Result<Value, Error>)> {
        let count = jobs.len();
        let (sender, mut receiver) = mpsc::channel(count.max(1));
        for (index, job) in jobs.into_iter().enumerate() {
            let sender = sender.clone();
            self.handle.submit(
                job,
                Box::new(move |outcome| {
                    sender.try_send((index, outcome.map(|body| json(&body)))).ok();
                }),
            );
        }
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            let outcome = tokio::time::timeout(DEADLINE, receiver.recv())
                .await
                .expect("an answer in time");
            outcomes.push(outcome.unwrap());
        }
        outcomes
    }

    /// Stops and starts again on the same file.
    pub async fn restart(self, setup: Setup) -> Hub {
        self.handle.shutdown().await;
        let mut hub = try_start(self.path, setup).unwrap();
        hub.dir = self.dir;
        hub
    }
}

pub fn inline(commit: &Commit) -> &[Change] {
    match &commit.changes {
        Changes::Inline(changes) => changes,
        Changes::Stored { rows } => panic!("{rows} stored rows"),
    }
}
