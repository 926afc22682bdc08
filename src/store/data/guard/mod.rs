//! What a role may do in SQL, enforced by SQLite itself and by the words of the statement.

pub mod classify;

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use rusqlite::{CachedStatement, Connection};

use crate::{
    domain::{Role, Roles, Schema},
    protocol::{error::Result, request::Kind, value::Params},
};

use super::statement::{Ran, RowForm, RunLimits};
pub use classify::classify;

/// On whose behalf a statement runs.
#[derive(Debug, Clone)]
pub enum Authority {
    /// The hub's own statements.
    Hub,
    /// A function of the pack.
    Pack,
    /// A statement that a user of the role wrote.
    Role(Arc<Role>),
}

/// Watches what is prepared on one connection.
#[derive(Debug, Clone)]
pub struct Guard {}

/// A statement under its authority; dropping it gives the connection back to the authority before.
pub struct Guarded<'c> {
    statement: CachedStatement<'c>,
}

impl<'c> Deref for Guarded<'c> {
    type Target = CachedStatement<'c>;
    fn deref(&self) -> &Self::Target {
        &self.statement
    }
}

impl DerefMut for Guarded<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.statement
    }
}

impl Guard {
    /// Puts the guard on the writer's connection; once, because a new authorizer expires every statement.
    pub fn install(_conn: &Connection, _schema: Arc<Schema>) -> Result<Guard> {
        unimplemented!()
    }

    /// After any change of the schema.
    pub fn set_schema(&self, _schema: Arc<Schema>) {
        unimplemented!()
    }

    /// Checks and prepares a statement. `kind`, where given, must be what the statement is.
    pub fn prepare<'c>(
        &self,
        _conn: &'c Connection,
        _authority: &Authority,
        _sql: &str,
        _kind: Option<Kind>,
    ) -> Result<Guarded<'c>> {
        unimplemented!()
    }

    /// [`Guard::prepare`] and `statement::run`, with errors in the words for the authority.
    pub fn run(
        &self,
        _conn: &Connection,
        _authority: &Authority,
        _sql: &str,
        _kind: Option<Kind>,
        _params: &Params,
        _limits: &RunLimits,
        _form: RowForm,
    ) -> Result<Ran> {
        unimplemented!()
    }
}

/// Sentences on indexes through which the row order would tell a role of columns that it may not read.
pub fn index_leaks(_conn: &Connection, _roles: &Roles) -> Result<Vec<String>> {
    unimplemented!()
}
