//! What the data directory remembers, by name.

use diesel::prelude::*;

use super::{Connection, Result, schema::settings};

/// The directory of the pack that was served last.
pub const PACK_DIR: &str = "pack_dir";

/// The pack inside the binary that was served last, or chosen on the set-up page; a directory goes before it.
pub const PACK_BUILTIN: &str = "pack_builtin";

/// The id of the account that the first start made, while the set-up page may still take its place.
pub const SETUP: &str = "setup";

pub fn get(conn: &mut Connection, name: &str) -> Result<Option<String>> {
    Ok(settings::table
        .find(name)
        .select(settings::value)
        .first(conn)
        .optional()?)
}

pub fn set(conn: &mut Connection, name: &str, value: &str) -> Result<()> {
    diesel::replace_into(settings::table)
        .values((settings::name.eq(name), settings::value.eq(value)))
        .execute(conn)?;
    Ok(())
}

pub fn remove(conn: &mut Connection, name: &str) -> Result<()> {
    diesel::delete(settings::table.find(name)).execute(conn)?;
    Ok(())
}
