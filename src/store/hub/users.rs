//! Accounts.

use diesel::{dsl::count_star, prelude::*};

use super::{Connection, Error, Result, schema::users};
use crate::protocol::error::{Code, Error as Public};

/// An account as stored.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: i64,
    pub username: String,
    pub display_name: String,
    pub role: String,
    pub lang: String,
    pub password_hash: String,
    pub active: bool,
    pub must_change_password: bool,
    pub created_at_ms: i64,
    pub last_login_at_ms: Option<i64>,
}

#[derive(Debug, Insertable)]
#[diesel(table_name = users)]
pub struct NewUser<'a> {
    pub username: &'a str,
    pub display_name: &'a str,
    pub role: &'a str,
    pub lang: &'a str,
    pub password_hash: &'a str,
    pub must_change_password: bool,
    pub created_at_ms: i64,
}

/// What to change of an account; `None` leaves it.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = users)]
pub struct Changes<'a> {
    pub display_name: Option<&'a str>,
    pub role: Option<&'a str>,
    pub lang: Option<&'a str>,
    pub password_hash: Option<&'a str>,
    pub active: Option<bool>,
    pub must_change_password: Option<bool>,
    pub last_login_at_ms: Option<i64>,
}

impl Changes<'_> {
    fn is_empty(&self) -> bool {
        self.display_name.is_none()
            && self.role.is_none()
            && self.lang.is_none()
            && self.password_hash.is_none()
            && self.active.is_none()
            && self.must_change_password.is_none()
            && self.last_login_at_ms.is_none()
    }
}

/// All accounts, by name.
pub fn all(conn: &mut Connection) -> Result<Vec<User>> {
    Ok(users::table
        .select(User::as_select())
        .order(users::username)
        .load(conn)?)
}

pub fn by_id(conn: &mut Connection, id: i64) -> Result<Option<User>> {
    Ok(users::table
        .find(id)
        .select(User::as_select())
        .first(conn)
        .optional()?)
}

/// Names compare without regard to ASCII case.
pub fn by_name(conn: &mut Connection, username: &str) -> Result<Option<User>> {
    Ok(users::table
        .filter(users::username.eq(username))
        .select(User::as_select())
        .first(conn)
        .optional()?)
}

pub fn count(conn: &mut Connection) -> Result<i64> {
    Ok(users::table.select(count_star()).first(conn)?)
}

/// `constraint_violation` where the name is taken.
pub fn insert(conn: &mut Connection, user: &NewUser<'_>) -> Result<User> {
    diesel::insert_into(users::table)
        .values(user)
        .returning(User::as_returning())
        .get_result(conn)
        .map_err(|cause| {
            let cause = Error::from(cause);
            if cause.is_unique_violation() {
                Public::new(Code::ConstraintViolation, "There is already a user of this name.")
                    .with("constraint", "users.username")
                    .into()
            } else {
                cause
            }
        })
}

/// Answers the account as it is afterwards; `None` where there is none.
pub fn update(conn: &mut Connection, id: i64, changes: &Changes<'_>) -> Result<Option<User>> {
    if changes.is_empty() {
        return by_id(conn, id);
    }
    Ok(diesel::update(users::table.find(id))
        .set(changes)
        .returning(User::as_returning())
        .get_result(conn)
        .optional()?)
}

/// Removes an account with its logins.
pub fn remove(conn: &mut Connection, id: i64) -> Result<bool> {
    Ok(diesel::delete(users::table.find(id)).execute(conn)? > 0)
}

/// Whether somebody who can administer the hub is left besides `except`.
pub fn another_active_with_role(conn: &mut Connection, roles: &[&str], except: i64) -> Result<bool> {
    let found: i64 = users::table
        .filter(users::active.eq(true))
        .filter(users::role.eq_any(roles))
        .filter(users::id.ne(except))
        .select(count_star())
        .first(conn)?;
    Ok(found > 0)
}
