//! Login sessions and their families of refresh tokens.

use diesel::prelude::*;
use uuid::Uuid;

use super::{
    Connection, Error, Result,
    schema::{logins, refresh_tokens},
};

/// A login session that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    pub sid: Uuid,
    pub user_id: i64,
    pub address: String,
    pub user_agent: String,
    pub created_at_ms: i64,
    pub last_used_at_ms: i64,
    pub expires_at_ms: i64,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = logins)]
struct Row {
    sid: String,
    user_id: i64,
    address: String,
    user_agent: String,
    created_at_ms: i64,
    last_used_at_ms: i64,
    expires_at_ms: i64,
}

impl TryFrom<Row> for Login {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            sid: Uuid::try_parse(&row.sid).map_err(|_| Error::Malformed("logins.sid"))?,
            user_id: row.user_id,
            address: row.address,
            user_agent: row.user_agent,
            created_at_ms: row.created_at_ms,
            last_used_at_ms: row.last_used_at_ms,
            expires_at_ms: row.expires_at_ms,
        })
    }
}

/// A refresh token as stored: never the token, only its hash.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = refresh_tokens)]
pub struct RefreshToken {
    pub hash: Vec<u8>,
    pub sid: String,
    pub parent: Option<Vec<u8>>,
    pub expires_at_ms: i64,
    pub first_used_at_ms: Option<i64>,
    pub successor_used: bool,
}

pub fn all(conn: &mut Connection) -> Result<Vec<Login>> {
    let rows: Vec<Row> = logins::table.select(Row::as_select()).load(conn)?;
    rows.into_iter().map(Login::try_from).collect()
}

pub fn of_user(conn: &mut Connection, user_id: i64) -> Result<Vec<Login>> {
    let rows: Vec<Row> = logins::table
        .filter(logins::user_id.eq(user_id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Login::try_from).collect()
}

pub fn by_sid(conn: &mut Connection, sid: Uuid) -> Result<Option<Login>> {
    let row: Option<Row> = logins::table
        .find(sid.to_string())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Login::try_from).transpose()
}

pub fn insert(conn: &mut Connection, login: &Login) -> Result<()> {
    diesel::insert_into(logins::table)
        .values(Row {
            sid: login.sid.to_string(),
            user_id: login.user_id,
            address: login.address.clone(),
            user_agent: login.user_agent.clone(),
            created_at_ms: login.created_at_ms,
            last_used_at_ms: login.last_used_at_ms,
            expires_at_ms: login.expires_at_ms,
        })
        .execute(conn)?;
    Ok(())
}

/// A refresh: the login was used now, from there, and lives on until `expires_at_ms`.
pub fn touch(conn: &mut Connection, sid: Uuid, address: &str, now_ms: i64, expires_at_ms: i64) -> Result<()> {
    diesel::update(logins::table.find(sid.to_string()))
        .set((
            logins::address.eq(address),
            logins::last_used_at_ms.eq(now_ms),
            logins::expires_at_ms.eq(expires_at_ms),
        ))
        .execute(conn)?;
    Ok(())
}

/// Ends a login session with its refresh tokens.
pub fn end(conn: &mut Connection, sid: Uuid) -> Result<bool> {
    Ok(diesel::delete(logins::table.find(sid.to_string())).execute(conn)? > 0)
}

/// Ends the login sessions of a user, but for `keep`.
pub fn end_of_user(conn: &mut Connection, user_id: i64, keep: Option<Uuid>) -> Result<usize> {
    let keep = keep.map(|sid| sid.to_string()).unwrap_or_default();
    Ok(diesel::delete(
        logins::table
            .filter(logins::user_id.eq(user_id))
            .filter(logins::sid.ne(keep)),
    )
    .execute(conn)?)
}

/// Keeps the `most` login sessions of a user that were used last.
pub fn end_oldest(conn: &mut Connection, user_id: i64, most: i64) -> Result<usize> {
    let too_old: Vec<String> = logins::table
        .filter(logins::user_id.eq(user_id))
        .order((logins::last_used_at_ms.desc(), logins::sid))
        .offset(most)
        .limit(i64::MAX)
        .select(logins::sid)
        .load(conn)?;
    if too_old.is_empty() {
        return Ok(0);
    }
    Ok(diesel::delete(logins::table.filter(logins::sid.eq_any(too_old))).execute(conn)?)
}

/// Forgets login sessions and refresh tokens that expired.
pub fn prune(conn: &mut Connection, now_ms: i64) -> Result<usize> {
    let ended = diesel::delete(logins::table.filter(logins::expires_at_ms.le(now_ms))).execute(conn)?;
    diesel::delete(refresh_tokens::table.filter(refresh_tokens::expires_at_ms.le(now_ms))).execute(conn)?;
    Ok(ended)
}

pub fn token(conn: &mut Connection, hash: &[u8]) -> Result<Option<RefreshToken>> {
    Ok(refresh_tokens::table
        .find(hash)
        .select(RefreshToken::as_select())
        .first(conn)
        .optional()?)
}

pub fn insert_token(conn: &mut Connection, token: &RefreshToken) -> Result<()> {
    diesel::insert_into(refresh_tokens::table)
        .values(token)
        .execute(conn)?;
    Ok(())
}

/// The first use of a token: noted on it, and on the one it was given for.
pub fn use_token(conn: &mut Connection, token: &RefreshToken, now_ms: i64) -> Result<()> {
    diesel::update(refresh_tokens::table.find(&token.hash))
        .set(refresh_tokens::first_used_at_ms.eq(now_ms))
        .execute(conn)?;
    if let Some(parent) = &token.parent {
        diesel::update(refresh_tokens::table.find(parent))
            .set(refresh_tokens::successor_used.eq(true))
            .execute(conn)?;
    }
    Ok(())
}
