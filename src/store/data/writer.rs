//! The one connection that writes: transactions, savepoints, and the books kept within them.

use std::{sync::Arc, time::Instant};

use rusqlite::{Connection, ffi};

use super::{
    audit_outbox,
    books::{self, Position},
    capture,
    deadline::Deadline,
    error::from_sqlite,
    function::{self, Called, Caller},
    guard::{Authority, Guard},
    idempotency,
    log::{self, Retention, Shapes},
    mirror::{self, MirrorUser},
    notification_outbox,
    open::Opened,
    rules::{Bench, Rules},
    schema,
    statement::{Ran, RowForm, RunLimits},
    table,
};
use crate::{
    domain::{Author, Commit, Epoch, Role, Schema, TableRequest, timestamp},
    pack::Function,
    protocol::{
        SqlValue,
        error::{Code, Error, Result},
        request::Kind,
        value::Params,
    },
};

/// The business database as the writer holds it.
pub struct Writer {
    conn: Connection,
    guard: Guard,
    deadline: Deadline,
    limits: RunLimits,
    schema: Arc<Schema>,
    shapes: Shapes,
    rules: Rules,
    /// Of the last COMMIT.
    committed: Seen,
    /// As the open transaction sees it.
    current: Seen,
    /// The schema read in the open transaction, where it differs.
    new_schema: Option<Arc<Schema>>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    position: Position,
    /// Moves with each transaction of another connection.
    data_version: i64,
    schema_version: i64,
}

impl Writer {
    /// Takes an opened database. `largest_value` as [`super::connection::limit`] has it.
    pub fn new(opened: Opened, rules: Rules, limits: RunLimits, largest_value: usize) -> Result<Self> {
        let Opened {
            conn,
            deadline,
            schema,
            ..
        } = opened;
        super::connection::limit(&conn, largest_value)?;
        let guard = Guard::install(&conn, schema.clone())?;
        let seen = Seen {
            position: books::position(&conn).map_err(from_sqlite)?,
            data_version: -1, // whatever was written while nobody watched is found by the first transaction
            schema_version: schema::version(&conn)?,
        };
        Ok(Self {
            conn,
            guard,
            deadline,
            limits,
            schema,
            shapes: Shapes::default(),
            rules,
            committed: seen,
            current: seen,
            new_schema: None,
        })
    }

    pub fn epoch(&self) -> Result<Epoch> {
        books::epoch(&self.conn).map_err(from_sqlite)
    }

    /// The last commit, that of the open transaction included.
    pub fn head(&self) -> u64 {
        self.current.position.n
    }

    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    pub fn deadline(&self) -> &Deadline {
        &self.deadline
    }

    /// Whether another connection has committed since the last transaction here.
    pub fn others_wrote(&self) -> Result<bool> {
        Ok(self.data_version()? != self.committed.data_version)
    }

    fn data_version(&self) -> Result<i64> {
        self.conn
            .prepare_cached("PRAGMA main.data_version")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(from_sqlite)
    }

    /// Begins a transaction. What other programs wrote before it becomes a commit without author.
    pub fn begin(&mut self) -> Result<Option<Commit>> {
        loop {
            self.run_cached("BEGIN IMMEDIATE")?;
            match self.catch_up() {
                Ok(commit) => return Ok(commit),
                Err(error) => {
                    self.rollback();
                    // Then that rule is left out, so that this ends.
                    if !self.rules.take_broke() {
                        return Err(error);
                    }
                }
            }
        }
    }

    fn catch_up(&mut self) -> Result<Option<Commit>> {
        let data_version = self.data_version()?;
        if data_version == self.current.data_version {
            return Ok(None);
        }
        let commit = self.record_by(timestamp::now_ms(), None)?;
        let schema_version = schema::version(&self.conn)?;
        if schema_version != self.current.schema_version {
            let schema = schema::read(&self.conn)?;
            capture::install(&self.conn, &schema).map_err(from_sqlite)?;
            self.current.schema_version = schema::version(&self.conn)?;
            self.guard.set_schema(schema.clone());
            self.new_schema = Some(schema);
        }
        self.current.data_version = data_version;
        Ok(commit)
    }

    /// Whether the transaction is still there: some errors make SQLite roll all of it back.
    pub fn in_transaction(&self) -> bool {
        !self.conn.is_autocommit()
    }

    /// Makes the transaction durable. The new schema, where it changed.
    pub fn commit(&mut self) -> Result<Option<Arc<Schema>>> {
        if let Err(error) = self.run_cached("COMMIT") {
            self.rollback();
            return Err(error);
        }
        self.committed = self.current;
        let changed = self.new_schema.take();
        if let Some(schema) = &changed {
            self.schema = schema.clone();
        }
        Ok(changed)
    }

    /// Gives the transaction up, where there still is one.
    pub fn rollback(&mut self) {
        self.deadline.disarm();
        if self.in_transaction()
            && let Err(cause) = self.run_cached("ROLLBACK")
        {
            tracing::error!(%cause, "the transaction could not be rolled back");
        }
        self.current = self.committed;
        if self.new_schema.take().is_some() {
            self.guard.set_schema(self.schema.clone());
            self.shapes.clear();
            self.rules.clear();
        }
    }

    /// Begins one member of the transaction.
    pub fn savepoint(&mut self) -> Result<Mark> {
        self.run_cached("SAVEPOINT member")?;
        Ok(Mark(self.current.position))
    }

    /// Keeps the member. A deferred foreign key that it left open is its own error, not that of the group's COMMIT.
    pub fn release(&mut self) -> Result<()> {
        if self.has_open_foreign_keys() {
            return Err(Error::of(Code::ConstraintViolation).with("constraint", "FOREIGN KEY"));
        }
        self.run_cached("RELEASE member")
    }

    /// Undoes the member. After an error of this, the transaction is to be given up.
    pub fn undo(&mut self, mark: &Mark) -> Result<()> {
        self.deadline.disarm();
        self.current.position = mark.0;
        self.run_cached("ROLLBACK TO member")?;
        self.run_cached("RELEASE member")
    }

    #[allow(unsafe_code)]
    fn has_open_foreign_keys(&self) -> bool {
        let (mut now, mut highest) = (0, 0);
        // SAFETY: the handle is open as long as `conn`, which this thread owns; both pointers outlive the call.
        unsafe {
            ffi::sqlite3_db_status(
                self.conn.handle(),
                ffi::SQLITE_DBSTATUS_DEFERRED_FKS,
                &raw mut now,
                &raw mut highest,
                0,
            );
        }
        now != 0
    }

    fn run_cached(&self, sql: &str) -> Result<()> {
        self.conn
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(|_| ())
            .map_err(from_sqlite)
    }

    /// Arms the time limit of what runs next.
    pub fn arm(&self, at: Instant) {
        self.deadline.arm(at);
    }

    pub fn disarm(&self) {
        self.deadline.disarm();
    }

    /// Runs a statement that a user of `role` wrote.
    pub fn query(&self, role: &Arc<Role>, sql: &str, kind: Kind, params: &Params) -> Result<Ran> {
        self.guard.run(
            &self.conn,
            &Authority::Role(role.clone()),
            sql,
            Some(kind),
            params,
            &self.limits,
            RowForm::Arrays,
        )
    }

    /// Runs a function with the pack's rights.
    pub fn call(&self, function: &Function, args: &[SqlValue], caller: Caller<'_>) -> Result<Called> {
        function::call(&self.conn, &self.guard, function, args, caller, &self.limits)
    }

    /// Runs a write of `/api/tables`.
    pub fn table(&self, role: &Role, user_id: i64, request: &TableRequest) -> Result<table::Written> {
        let schema = self.new_schema.as_ref().unwrap_or(&self.schema);
        table::write(&self.conn, schema, role, user_id, request, &self.limits)
    }

    /// Records what changed since the last commit as a commit of `by`; `None` where no row did.
    /// The pack's rules are evaluated on it.
    pub fn record(&mut self, at_ms: i64, by: Author) -> Result<Option<Commit>> {
        self.record_by(at_ms, Some(by))
    }

    fn record_by(&mut self, at_ms: i64, by: Option<Author>) -> Result<Option<Commit>> {
        let before = self.current.position;
        let Self {
            conn,
            shapes,
            current,
            ..
        } = self;
        let commit = log::record(conn, shapes, &mut current.position, at_ms, by).map_err(from_sqlite)?;
        if let Some(commit) = &commit {
            let bench = Bench {
                conn,
                guard: &self.guard,
                deadline: &self.deadline,
                shapes,
            };
            self.rules.apply(bench, commit, before)?;
        }
        Ok(commit)
    }

    /// Whether the transaction that was committed last has notifications to be copied.
    pub fn take_fired(&mut self) -> bool {
        self.rules.take_fired()
    }

    /// Whether a rule, and not the write, took the transaction with it: the write is to be run again.
    pub fn take_rule_broke(&mut self) -> bool {
        self.rules.take_broke()
    }

    /// The tables that `commit`, just recorded after `mark`, changed: their names, comma-separated.
    pub fn tables_since(&self, mark: &Mark) -> Result<String> {
        log::tables_since(&self.conn, mark.0.last_seq).map_err(from_sqlite)
    }

    pub fn find_answer(
        &self,
        user_id: i64,
        key: &str,
        body: &[u8; 32],
    ) -> Result<Option<idempotency::Found>> {
        idempotency::find(&self.conn, user_id, key, body).map_err(from_sqlite)
    }

    pub fn keep_answer(
        &self,
        user_id: i64,
        key: &str,
        body: &[u8; 32],
        at_ms: i64,
        answer: &str,
    ) -> Result<()> {
        idempotency::store(&self.conn, user_id, key, body, at_ms, answer).map_err(from_sqlite)
    }

    pub fn audit(&self, entry: &audit_outbox::Entry<'_>) -> Result<()> {
        audit_outbox::append(&self.conn, entry).map_err(from_sqlite)
    }

    /// Makes `_comptoir_user` equal to `users`, in the open transaction.
    pub fn mirror_users(&self, users: &[MirrorUser]) -> Result<()> {
        mirror::replace(&self.conn, users).map_err(from_sqlite)
    }

    /// Forgets audit entries that the hub has copied, in the open transaction.
    pub fn trim_audit(&self, up_to: i64) -> Result<()> {
        audit_outbox::trim(&self.conn, up_to).map_err(from_sqlite)
    }

    /// Forgets notifications that the hub has copied, in the open transaction.
    pub fn trim_notifications(&self, up_to: i64) -> Result<()> {
        notification_outbox::trim(&self.conn, up_to).map_err(from_sqlite)
    }

    /// A small step of trimming, in the open transaction. Whether there may be more.
    pub fn trim(&self, changes: Retention, answers_before_ms: i64) -> Result<bool> {
        let changes = log::trim(&self.conn, changes).map_err(from_sqlite)?;
        let answers = idempotency::trim(&self.conn, answers_before_ms).map_err(from_sqlite)?;
        Ok(changes || answers)
    }

    /// Empties the write-ahead log into the database, waiting for readers no longer than `patience`. Whether it did.
    pub fn checkpoint(&self, patience: std::time::Duration) -> Result<bool> {
        self.conn.busy_timeout(patience).map_err(from_sqlite)?;
        let busy = self
            .conn
            .query_row("PRAGMA main.wal_checkpoint(TRUNCATE)", [], |row| {
                row.get::<_, bool>(0)
            });
        self.conn
            .busy_timeout(super::connection::BUSY_TIMEOUT)
            .map_err(from_sqlite)?;
        busy.map(|busy| !busy).map_err(from_sqlite)
    }

    /// Caps the size of the file, in pages: a full disk for tests.
    #[doc(hidden)]
    pub fn limit_pages(&self, pages: Option<u32>) -> Result<()> {
        self.conn
            .query_row(
                &format!("PRAGMA max_page_count={}", pages.unwrap_or(0xffff_fffe)),
                [],
                |_| Ok(()),
            )
            .map_err(from_sqlite)
    }
}

/// Where a member began.
#[derive(Debug, Clone, Copy)]
pub struct Mark(Position);
