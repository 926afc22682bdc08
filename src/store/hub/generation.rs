//! How changes made from another side are noticed: SQLite's `data_version` says that another connection
//! committed something, the generation says whether it concerns accounts.

use diesel::{prelude::*, sql_types::BigInt};

use super::{Connection, Result, schema::accounts_generation};

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

/// Changes whenever *another* connection, of any process, has committed to the file. Costs no read of a page.
pub fn data_version(conn: &mut Connection) -> Result<i64> {
    let row: DataVersion = diesel::sql_query("PRAGMA data_version").get_result(conn)?;
    Ok(row.data_version)
}

/// Rises with every change to users, logins and terminals.
pub fn current(conn: &mut Connection) -> Result<i64> {
    Ok(accounts_generation::table
        .select(accounts_generation::n)
        .first(conn)?)
}
