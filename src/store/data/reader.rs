//! Reading connections, one per role.

use std::{path::PathBuf, sync::Arc, time::Duration};

use rusqlite::Connection;

use crate::{
    domain::{Role, Schema, TableRequest},
    protocol::{error::Result, result::Body, value::Params},
};

use super::statement::{Ran, RowForm, RunLimits};

/// The connections of one reader thread.
pub struct RoleReaders {
    pub path: PathBuf,
    pub schema: Arc<Schema>,
    pub limits: RunLimits,
    pub timeout: Duration,
}

impl RoleReaders {
    /// Opens nothing yet.
    pub fn new(
        path: PathBuf,
        schema: Arc<Schema>,
        limits: RunLimits,
        largest_value: usize,
        timeout: Duration,
    ) -> Self {
        let _ = largest_value;
        Self {
            path,
            schema,
            limits,
            timeout,
        }
    }

    /// One SELECT, and the last commit that it saw.
    pub fn query(
        &mut self,
        _role: &Arc<Role>,
        _sql: &str,
        _params: &Params,
        _form: RowForm,
    ) -> Result<(Ran, u64)> {
        unimplemented!()
    }

    /// Several SELECTs of one snapshot.
    pub fn batch(
        &mut self,
        _role: &Arc<Role>,
        _statements: &[(&str, &Params)],
        _form: RowForm,
    ) -> Result<(Vec<Ran>, u64)> {
        unimplemented!()
    }

    /// A read of `/api/tables`: a plain array or object.
    pub fn table(&mut self, _role: &Arc<Role>, _user_id: i64, _request: &TableRequest) -> Result<Body> {
        unimplemented!()
    }

    /// The whole database under the pack's rights, inside one snapshot, and the last commit that it shows.
    pub fn full<T>(&mut self, _work: impl FnOnce(&Connection) -> Result<T>) -> Result<(T, u64)> {
        unimplemented!()
    }
}
