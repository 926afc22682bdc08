//! The pack's notification rules, evaluated by the writer on the captured rows of a commit, in its transaction.
//!
//! A rule only reads, and what it has to say is one row of the outbox: so a rule that fails leaves nothing to be undone,
//! and never fails the write. Rules are made ready once for each shape of a table; a write to a table without rules
//! costs a look into a map.

mod compiled;
mod template;

use std::{
    collections::HashMap,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    books::Position,
    capture,
    deadline::Deadline,
    error::from_sqlite,
    guard::Guard,
    log::{self, Shapes},
    notification_outbox::{self, Entry},
    statement,
};
use crate::{
    domain::{Change, Changes, Commit, Op, Shape, Table, change::Row},
    pack::Rule,
    protocol::error::Result,
    telemetry::Metrics,
};
use compiled::{Compiled, Firing, To};

/// What one rule may take for one row, and all rules for one commit.
const RULE_TIME: Duration = Duration::from_millis(100);
const COMMIT_TIME: Duration = Duration::from_secs(1);
/// How long a rule is left out that was interrupted (so that it costs a tenth of the writer's time at most), and one
/// that took the transaction with it.
const AFTER_TIMEOUT: Duration = Duration::from_secs(1);
const AFTER_BREAKING: Duration = Duration::from_secs(60);
/// Notifications of one commit at most: a change of a hundred thousand rows is not news for a hundred thousand people.
const MOST_FIRINGS: usize = 10_000;

/// One side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    New,
    Old,
}

impl Side {
    fn named(name: &str) -> Option<Self> {
        match name {
            "new" => Some(Self::New),
            "old" => Some(Self::Old),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Old => "old",
        }
    }

    /// What a change of this kind has.
    fn of_op(op: Op) -> &'static [Self] {
        match op {
            Op::Insert => &[Self::New],
            Op::Update => &[Self::New, Self::Old],
            Op::Delete => &[Self::Old],
        }
    }

    fn of(self, change: &Change) -> Option<&Row> {
        match self {
            Self::New => change.new.as_ref(),
            Self::Old => change.old.as_ref(),
        }
    }
}

fn index_of(shape: &Shape, column: &str) -> Option<usize> {
    shape
        .columns
        .iter()
        .position(|known| known.eq_ignore_ascii_case(column))
}

/// See the module.
pub struct Rules {
    rules: Vec<Arc<Rule>>,
    /// JSON: the roles whose users are in the room of everyone.
    everyone: String,
    by_shape: HashMap<i64, Vec<Compiled>>,
    /// How often each rule failed, by its place in the pack: not every failure is worth a line of the log.
    failures: HashMap<u32, u64>,
    metrics: Metrics,
    /// Whether the open transaction wrote to the outbox.
    fired: bool,
    /// Whether a rule took the transaction with it.
    broke: bool,
}

/// What the rules work on.
pub struct Bench<'a> {
    pub conn: &'a Connection,
    pub guard: &'a Guard,
    pub deadline: &'a Deadline,
    pub shapes: &'a mut Shapes,
}

/// How much of a commit's share is used up.
struct Budget {
    until: Instant,
    left: usize,
}

impl Rules {
    /// `everyone`: the roles whose users are meant by that.
    pub fn new(rules: Vec<Rule>, everyone: &[Arc<str>], metrics: Metrics) -> Self {
        let everyone: Vec<&str> = everyone.iter().map(|role| &**role).collect();
        Self {
            everyone: serde_json::Value::from(everyone).to_string(),
            rules: rules.into_iter().map(Arc::new).collect(),
            by_shape: HashMap::new(),
            failures: HashMap::new(),
            metrics,
            fired: false,
            broke: false,
        }
    }

    /// Whether the transaction that ends now wrote to the outbox.
    pub fn take_fired(&mut self) -> bool {
        std::mem::take(&mut self.fired)
    }

    /// Whether a rule took the transaction with it: then the write is innocent, and is to be run again. The rule is
    /// left out for a while.
    pub fn take_broke(&mut self) -> bool {
        std::mem::take(&mut self.broke)
    }

    /// Forgets what was made ready: shapes of a transaction that was rolled back may come again with another meaning.
    pub fn clear(&mut self) {
        self.by_shape.clear();
    }

    /// Evaluates the rules on a commit just recorded behind `before`. An error is the disk's, or that a rule broke the
    /// transaction.
    pub fn apply(&mut self, bench: Bench<'_>, commit: &Commit, before: Position) -> Result<()> {
        if self.rules.is_empty() {
            return Ok(());
        }
        let Bench {
            conn,
            guard,
            deadline,
            shapes,
        } = bench;
        let mut budget = Budget {
            until: Instant::now() + COMMIT_TIME,
            left: MOST_FIRINGS,
        };
        let mut run = |rules: &mut Self, change: &Change| {
            let desk = Desk {
                conn,
                guard,
                deadline,
                commit,
            };
            rules.change(&desk, change, &mut budget)
        };
        match &commit.changes {
            Changes::Inline(changes) => {
                for change in changes {
                    run(self, change)?;
                }
                Ok(())
            }
            Changes::Stored { .. } => {
                let concerned = log::shapes_since(conn, shapes, before.last_seq).map_err(from_sqlite)?;
                if concerned.iter().all(|shape| self.ready(shape).is_empty()) {
                    return Ok(());
                }
                let mut outcome = Ok(());
                log::visit_commit(conn, shapes, commit.n, &mut |change| {
                    outcome = run(self, change);
                    match outcome {
                        Ok(()) => ControlFlow::Continue(()),
                        Err(_) => ControlFlow::Break(()),
                    }
                })
                .map_err(from_sqlite)?;
                outcome
            }
        }
    }

    /// The rules of a shape's table.
    fn ready(&mut self, shape: &Arc<Shape>) -> &mut Vec<Compiled> {
        let Self { rules, by_shape, .. } = self;
        by_shape.entry(shape.id).or_insert_with(|| {
            rules
                .iter()
                .filter(|rule| rule.table.eq_ignore_ascii_case(&shape.table))
                .filter_map(|rule| {
                    Compiled::new(Arc::clone(rule), shape)
                        .inspect_err(|reason| {
                            tracing::warn!(file = %rule.file, line = rule.line, %reason, "a rule does not fit its table");
                        })
                        .ok()
                })
                .collect()
        })
    }

    fn change(&mut self, desk: &Desk<'_>, change: &Change, budget: &mut Budget) -> Result<()> {
        let mut ready = std::mem::take(self.ready(&change.shape));
        let mut outcome = Ok(());
        for compiled in ready.iter_mut().filter(|compiled| compiled.concerns(change)) {
            outcome = self.evaluate(desk, compiled, change, budget);
            if outcome.is_err() {
                break;
            }
        }
        self.by_shape.insert(change.shape.id, ready);
        outcome
    }

    fn evaluate(
        &mut self,
        desk: &Desk<'_>,
        compiled: &mut Compiled,
        change: &Change,
        budget: &mut Budget,
    ) -> Result<()> {
        let now = Instant::now();
        if now > budget.until || budget.left == 0 {
            self.failed(
                &compiled.rule,
                "the rules of one commit took too long or had too much to say",
            );
            return Ok(());
        }
        desk.deadline.arm(now + RULE_TIME);
        let said = compiled.evaluate(desk.conn, desk.guard, change);
        if said.is_err() && desk.deadline.expired() {
            compiled.suspend(AFTER_TIMEOUT);
        }
        desk.deadline.disarm();
        if desk.conn.is_autocommit() {
            compiled.suspend(AFTER_BREAKING);
            self.broke = true;
            let reason = said.err().unwrap_or_default();
            self.failed(&compiled.rule, &reason);
            return Err(crate::protocol::Error::internal("a rule broke the transaction"));
        }
        match said {
            Ok(Some(firing)) => {
                budget.left -= 1;
                if self.write(desk, &compiled.rule, &firing)? {
                    self.fired = true;
                    self.metrics.rules_fired.inc();
                }
            }
            Ok(None) => {}
            Err(reason) => self.failed(&compiled.rule, &reason),
        }
        Ok(())
    }

    /// Whether there was anybody to tell.
    fn write(&self, desk: &Desk<'_>, rule: &Rule, firing: &Firing) -> Result<bool> {
        let conn = desk.conn;
        let users = match &firing.to {
            To::User(id) => notification_outbox::is_user(conn, *id)
                .map_err(from_sqlite)?
                .then(|| format!("[{id}]")),
            To::Role(role) => {
                let roles = serde_json::Value::from(vec![role.as_str()]).to_string();
                notification_outbox::users(conn, &roles).map_err(from_sqlite)?
            }
            To::Everyone => notification_outbox::users(conn, &self.everyone).map_err(from_sqlite)?,
            To::Room(_) => None,
        };
        let room = match firing.to {
            To::Room(id) => Some(id),
            _ => None,
        };
        if users.is_none() && room.is_none() {
            return Ok(false);
        }
        notification_outbox::append(
            conn,
            &Entry {
                commit: desk.commit.n,
                at_ms: desk.commit.at_ms,
                event: &rule.event,
                users: users.as_deref(),
                room,
                title: &firing.title,
                body: &firing.body,
                data: firing.data.as_deref(),
                dedup_key: firing.dedup_key.as_deref(),
            },
        )
        .map_err(from_sqlite)?;
        Ok(true)
    }

    fn failed(&mut self, rule: &Rule, reason: &str) {
        self.metrics.rules_failed.inc();
        let failures = self.failures.entry(rule.line).or_default();
        *failures += 1;
        // Powers of two: a rule that fails at every sale must not become a flood of log lines.
        if failures.is_power_of_two() {
            tracing::warn!(
                file = %rule.file, line = rule.line, event = %rule.event, failures, %reason,
                "a notification rule failed; the write is kept"
            );
        }
    }
}

/// Asks a rule about rows of its table, at most `most`, as if each had just changed. For the check of a pack.
pub fn try_on_rows(
    conn: &Connection,
    guard: &Guard,
    rule: &Rule,
    table: &Table,
    most: usize,
) -> std::result::Result<(), String> {
    let said = |cause: rusqlite::Error| cause.to_string();
    let shape = Arc::new(Shape {
        id: 0,
        table: table.name.as_str().into(),
        columns: table.columns.iter().map(|c| c.name.as_str().into()).collect(),
        key: table.key.clone(),
    });
    let compiled = Compiled::new(Arc::new(rule.clone()), &shape)?;
    let columns: Vec<String> = shape.columns.iter().map(|name| capture::quote(name)).collect();
    let sql = format!(
        "SELECT {} FROM {} LIMIT {most}",
        columns.join(", "),
        capture::quote(&shape.table)
    );
    let rows: Vec<Row> = conn
        .prepare(&sql)
        .map_err(said)?
        .query_map([], |row| {
            (0..columns.len())
                .map(|at| row.get_ref(at).map(statement::owned))
                .collect()
        })
        .map_err(said)?
        .collect::<rusqlite::Result<_>>()
        .map_err(said)?;
    for row in rows {
        let change = Change {
            shape: shape.clone(),
            op: rule.on,
            rowid: 0,
            old: (rule.on != Op::Insert).then(|| row.clone()),
            new: (rule.on != Op::Delete).then_some(row),
        };
        compiled.evaluate(conn, guard, &change)?;
    }
    Ok(())
}

/// What one evaluation needs.
struct Desk<'a> {
    conn: &'a Connection,
    guard: &'a Guard,
    deadline: &'a Deadline,
    commit: &'a Commit,
}
