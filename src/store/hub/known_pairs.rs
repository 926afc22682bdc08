//! From where an account logged in before.

use diesel::prelude::*;

use super::{Connection, Result, schema::known_pairs};

/// How many addresses are remembered of one account: the latest.
pub const MOST_PER_USER: i64 = 64;

/// All pairs of account and address.
pub fn all(conn: &mut Connection) -> Result<Vec<(i64, String)>> {
    Ok(known_pairs::table
        .select((known_pairs::user_id, known_pairs::address))
        .load(conn)?)
}

/// The addresses of one account.
pub fn of_user(conn: &mut Connection, user_id: i64) -> Result<Vec<String>> {
    Ok(known_pairs::table
        .filter(known_pairs::user_id.eq(user_id))
        .select(known_pairs::address)
        .load(conn)?)
}

/// Notes a successful login; forgets the oldest addresses past [`MOST_PER_USER`].
pub fn note(conn: &mut Connection, user_id: i64, address: &str, now_ms: i64) -> Result<()> {
    diesel::insert_into(known_pairs::table)
        .values((
            known_pairs::user_id.eq(user_id),
            known_pairs::address.eq(address),
            known_pairs::last_login_at_ms.eq(now_ms),
        ))
        .on_conflict((known_pairs::user_id, known_pairs::address))
        .do_update()
        .set(known_pairs::last_login_at_ms.eq(now_ms))
        .execute(conn)?;
    let forgotten: Vec<String> = known_pairs::table
        .filter(known_pairs::user_id.eq(user_id))
        .order((known_pairs::last_login_at_ms.desc(), known_pairs::address))
        .offset(MOST_PER_USER)
        .limit(i64::MAX)
        .select(known_pairs::address)
        .load(conn)?;
    if !forgotten.is_empty() {
        diesel::delete(
            known_pairs::table
                .filter(known_pairs::user_id.eq(user_id))
                .filter(known_pairs::address.eq_any(forgotten)),
        )
        .execute(conn)?;
    }
    Ok(())
}
