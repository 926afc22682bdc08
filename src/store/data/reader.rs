//! Reading connections of one reader thread: one for each role, opened when it first asks, and one that sees all.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rusqlite::Connection;

use crate::{
    domain::{Role, Schema, TableRequest},
    protocol::{
        error::{Error, Result},
        request::Kind,
        result::Body,
        value::Params,
    },
};

use super::{
    connection,
    deadline::Deadline,
    error::from_sqlite,
    guard::{
        Authority, Guard,
        shadow::{self, Shadow, quoted},
    },
    statement::{Ran, RowForm, RunLimits},
    table,
};

/// The connections of one reader thread.
pub struct RoleReaders {
    path: PathBuf,
    schema: Arc<Schema>,
    limits: RunLimits,
    /// The greater of the largest frame and the largest result, bytes.
    largest_value: usize,
    timeout: Duration,
    roles: HashMap<Arc<str>, (Arc<Role>, Reader)>,
    full: Option<Reader>,
}

/// A connection, what watches it, and how it learns where it stands.
struct Reader {
    conn: Connection,
    guard: Guard,
    deadline: Deadline,
    /// Answers the last commit; while it is being stepped, the connection stays in one snapshot.
    snapshot: String,
}

impl RoleReaders {
    /// Opens nothing yet. `largest_value`: the greater of the largest frame and the largest result, bytes.
    pub fn new(
        path: PathBuf,
        schema: Arc<Schema>,
        limits: RunLimits,
        largest_value: usize,
        timeout: Duration,
    ) -> Self {
        Self {
            path,
            schema,
            limits,
            largest_value,
            timeout,
            roles: HashMap::new(),
            full: None,
        }
    }

    /// How long each of the following reads may take.
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = timeout;
    }

    /// After any change of the schema: the roles' connections are made anew.
    pub fn set_schema(&mut self, schema: Arc<Schema>) {
        self.roles.clear();
        self.full = None;
        self.schema = schema;
    }

    /// One SELECT of a role, and the last commit that it saw.
    pub fn query(
        &mut self,
        role: &Arc<Role>,
        sql: &str,
        params: &Params,
        form: RowForm,
    ) -> Result<(Ran, u64)> {
        let limits = self.limits;
        let timeout = self.timeout;
        let reader = self.reader(role)?;
        let authority = Authority::Role(Arc::clone(role));
        reader.in_snapshot(timeout, |reader| {
            reader.select(&authority, sql, params, &limits, form)
        })
    }

    /// Several SELECTs of a role in one snapshot. The limits hold for all of them together.
    pub fn batch(
        &mut self,
        role: &Arc<Role>,
        statements: &[(&str, &Params)],
        form: RowForm,
    ) -> Result<(Vec<Ran>, u64)> {
        let mut left = self.limits;
        let timeout = self.timeout;
        let reader = self.reader(role)?;
        let authority = Authority::Role(Arc::clone(role));
        reader.in_snapshot(timeout, |reader| {
            statements
                .iter()
                .map(|(sql, params)| {
                    let ran = reader.select(&authority, sql, params, &left, form)?;
                    left.max_rows = left.max_rows.saturating_sub(ran.row_count);
                    left.max_result_bytes = left.max_result_bytes.saturating_sub(ran.rows.len());
                    Ok(ran)
                })
                .collect()
        })
    }

    /// A read of `/api/tables`, for any role: a plain array or object.
    pub fn table(
        &mut self,
        role: &Role,
        user_id: i64,
        request: &TableRequest,
    ) -> Result<((Body, bool), u64)> {
        let limits = self.limits;
        let schema = Arc::clone(&self.schema);
        self.full(|conn, _| table::read(conn, &schema, role, user_id, request, &limits))
    }

    /// Work on the whole database in one snapshot and under the time limit, and the last commit that it saw. Statements
    /// that are not the hub's own go through the guard.
    pub fn full<T>(&mut self, work: impl FnOnce(&Connection, &Guard) -> Result<T>) -> Result<(T, u64)> {
        let timeout = self.timeout;
        self.full_reader()?
            .in_snapshot(timeout, |reader| work(&reader.conn, &reader.guard))
    }

    fn reader(&mut self, role: &Arc<Role>) -> Result<&Reader> {
        if role.admin {
            return self.full_reader();
        }
        let stale = self
            .roles
            .get(&role.name)
            .is_none_or(|(known, _)| !Arc::ptr_eq(known, role) && known != role);
        if stale {
            let reader = Reader::open_shadowed(&self.path, &self.schema, self.largest_value, role)?;
            self.roles
                .insert(Arc::clone(&role.name), (Arc::clone(role), reader));
        }
        self.roles
            .get(&role.name)
            .map(|(_, reader)| reader)
            .ok_or_else(|| Error::internal("a reader was opened and is not there"))
    }

    fn full_reader(&mut self) -> Result<&Reader> {
        if self.full.is_none() {
            self.full = Some(Reader::open_full(&self.path, &self.schema, self.largest_value)?);
        }
        self.full
            .as_ref()
            .ok_or_else(|| Error::internal("a reader was opened and is not there"))
    }
}

impl Reader {
    fn open_full(path: &Path, schema: &Arc<Schema>, largest_value: usize) -> Result<Self> {
        let conn = connection::open_full_reader(path)?;
        connection::limit(&conn, largest_value)?;
        connection::seal(&conn)?;
        let guard = Guard::install(&conn, Arc::clone(schema))?;
        Self::with(conn, guard, "main")
    }

    fn open_shadowed(path: &Path, schema: &Arc<Schema>, largest_value: usize, role: &Role) -> Result<Self> {
        let secret = shadow::secret();
        let conn = connection::open_attached_reader(path, &secret)?;
        let shadow = Shadow::cast(&conn, &secret, schema, role)?;
        connection::query_only(&conn)?;
        connection::limit(&conn, largest_value)?;
        connection::seal(&conn)?;
        let guard = Guard::install_shadow(&conn, Arc::clone(schema), shadow)?;
        Self::with(conn, guard, &secret)
    }

    fn with(conn: Connection, guard: Guard, database: &str) -> Result<Self> {
        let database = quoted(database);
        let deadline = Deadline::install(&conn)?;
        let counted = format!("SELECT ifnull(max(n), 0) FROM {database}._comptoir_commit");
        let snapshot = if conn.prepare(&counted).is_ok() {
            counted
        } else {
            format!("SELECT 0 * count(*) FROM {database}.sqlite_schema")
        };
        Ok(Self {
            conn,
            guard,
            deadline,
            snapshot,
        })
    }

    /// Runs `work` in one snapshot: a statement that has answered a row and is not finished holds it, without the two
    /// statements of a transaction.
    fn in_snapshot<T>(&self, timeout: Duration, work: impl FnOnce(&Self) -> Result<T>) -> Result<(T, u64)> {
        self.deadline.arm(Instant::now() + timeout);
        let done = self.hold_snapshot(work);
        self.deadline.disarm();
        done
    }

    fn hold_snapshot<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<(T, u64)> {
        let mut statement = self.conn.prepare_cached(&self.snapshot).map_err(from_sqlite)?;
        let mut rows = statement.query([]).map_err(from_sqlite)?;
        let commit: i64 = match rows.next().map_err(from_sqlite)? {
            Some(row) => row.get(0).map_err(from_sqlite)?,
            None => 0,
        };
        Ok((work(self)?, u64::try_from(commit).unwrap_or(0)))
    }

    fn select(
        &self,
        authority: &Authority,
        sql: &str,
        params: &Params,
        limits: &RunLimits,
        form: RowForm,
    ) -> Result<Ran> {
        self.guard.run(
            &self.conn,
            authority,
            sql,
            Some(Kind::Select),
            params,
            limits,
            form,
        )
    }
}
