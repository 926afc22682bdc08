//! `_comptoir_user`: the accounts as functions, rules, migrations and the seed may read them.

use rusqlite::{Connection, Result, params};

/// A user as `_comptoir_user` mirrors it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorUser {
    pub id: i64,
    pub username: String,
    pub display_name: String,
    pub role: String,
    pub active: bool,
}

/// Makes the table equal to `users`, in the open transaction.
pub fn replace(conn: &Connection, users: &[MirrorUser]) -> Result<()> {
    conn.execute("DELETE FROM _comptoir_user", [])?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO _comptoir_user(id, username, display_name, role, active) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for user in users {
        insert.execute(params![
            user.id,
            user.username,
            user.display_name,
            user.role,
            user.active
        ])?;
    }
    Ok(())
}
