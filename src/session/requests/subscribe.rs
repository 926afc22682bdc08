//! Which tables a session may ask for, in `subscribe` and `?tables=`.

use crate::{
    domain::{Role, Schema, TableKind},
    protocol::error::{Error, Result},
};

/// The table as the schema spells it. A table that does not exist and one that may not be read are refused alike.
pub fn readable(schema: &Schema, role: &Role, name: &str) -> Result<String> {
    schema
        .table(name)
        .filter(|table| role.may_read_table(&table.name))
        .map(|table| table.name.clone())
        .ok_or_else(|| Error::forbidden("This role may not read one of these tables."))
}

/// Every table that the role may read and whose changes are captured.
pub fn all_readable(schema: &Schema, role: &Role) -> Vec<String> {
    schema
        .tables
        .iter()
        .filter(|table| table.kind == TableKind::Table && role.may_read_table(&table.name))
        .map(|table| table.name.clone())
        .collect()
}
