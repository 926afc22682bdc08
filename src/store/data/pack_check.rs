//! What of a pack only SQLite can check: that the migrations apply, that roles name tables and columns
//! which exist, that every function prepares, and what each of them really does.
//!
//! All of it happens on a database in memory, never on the one that is served.

mod labels;
mod rights;
mod rules;
mod scratch;
mod steps;
mod trial;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    domain::Schema,
    pack::{Pack, PackError, Problems},
};

use super::schema;
pub use trial::{Outcome, Trial};

/// The shape of what a pack offers.
#[derive(Debug, Clone)]
pub struct Description {
    pub schema: Arc<Schema>,
    /// By function: names and declared types (empty where SQLite knows none) of the columns it answers.
    pub results: BTreeMap<String, Vec<(String, String)>>,
}

/// [`check_against`] a new database.
pub fn check(pack: &mut Pack) -> Result<(), PackError> {
    check_against(pack, None)
}

/// Checks the pack and completes it: sets `read_only` of its functions, and spells the tables of its roles
/// as the schema does. `existing`: the database that will be served, of which only the schema is read;
/// migrations that it records as applied are not applied again. Without it the pack's own migrations make
/// the schema, so a pack for a database that already exists needs it.
pub fn check_against(pack: &mut Pack, existing: Option<&Path>) -> Result<(), PackError> {
    let conn = scratch::open(pack, existing)?;
    let schema = schema::read(&conn).map_err(scratch::unexpected)?;
    let mut problems = Problems::default();
    rights::check(&conn, &schema, pack, &mut problems);
    rules::check(&conn, &schema, pack, &mut problems);
    steps::check(&conn, pack, &mut problems);
    labels::check(&conn, &schema, pack, &mut problems);
    problems.into_result()
}

/// Tables, columns and results, for a pack that [`check_against`] found good.
pub fn describe(pack: &Pack, existing: Option<&Path>) -> Result<Description, PackError> {
    let conn = scratch::open(pack, existing)?;
    let schema = schema::read(&conn).map_err(scratch::unexpected)?;
    let results = pack
        .functions
        .values()
        .map(|function| (function.name.to_string(), steps::result_columns(&conn, function)))
        .collect();
    Ok(Description { schema, results })
}

/// [`check_against`], then loads the seed and the demo users and runs every function once with sample
/// arguments, each in a transaction that is rolled back.
pub fn run_everything(pack: &mut Pack, existing: Option<&Path>) -> Result<Vec<Trial>, PackError> {
    check_against(pack, existing)?;
    let conn = scratch::open(pack, existing)?;
    scratch::seed(&conn, pack)?;
    rules::try_all(&conn, pack)?;
    trial::run_all(&conn, pack)
}

/// Tables of an existing database, for `app new --from`.
pub fn schema_of(database: &Path) -> Result<Arc<Schema>, PackError> {
    let conn = scratch::open(&Pack::none(), Some(database))?;
    schema::read(&conn).map_err(scratch::unexpected)
}
