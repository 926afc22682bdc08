//! What a role may do in SQL, enforced by SQLite itself and by the words of the statement.
//!
//! - [`classify()`]: what a statement is; refuses what no client may send.
//! - [`screen`]: what SQLite's authorizer does not report.
//! - [`policy`]: what the authorizer answers on connections whose `main` is the business database.
//! - [`shadow`]: reading connections of column-limited roles, where what is hidden does not exist.
//! - [`leaks`]: indexes that would tell a role of hidden columns by the order of rows.

pub mod classify;
mod functions;
pub mod leaks;
mod policy;
mod screen;
pub(super) mod shadow;
mod token;

use std::{
    borrow::Cow,
    collections::HashMap,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use parking_lot::Mutex;
use rusqlite::{
    CachedStatement, Connection,
    hooks::{AuthContext, Authorization},
};

pub use classify::classify;
pub use leaks::{Leak, index_leaks};
use screen::Screen;
use shadow::Shadow;

use crate::{
    domain::{Role, Schema},
    protocol::{
        error::{Code, Error, Result},
        request::Kind,
        value::Params,
    },
};

use super::{
    error::{for_role, from_sqlite},
    statement::{self, Failure, Ran, RowForm, RunLimits},
};

/// Screens remembered for each role; past it all are forgotten.
const SCREENS: usize = 512;
/// Longest statement whose screen is remembered, bytes.
const LONGEST_REMEMBERED: usize = 4096;

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

/// Whom the authorizer answers.
#[derive(Debug, Clone)]
enum Acting {
    Hub,
    Pack,
    Role(Arc<Role>, Arc<Screen>),
}

#[derive(Debug)]
struct State {
    schema: Arc<Schema>,
    /// On the connection of a role that sees shadows only.
    shadow: Option<Shadow>,
    /// Rises with each schema, so that no statement outlives the checks made for it.
    generation: u64,
    acting: Acting,
    /// Statements are shared within a role only: each has a number here, its index.
    roles: Vec<Arc<Role>>,
    /// By role, then by statement.
    screens: HashMap<usize, HashMap<String, Arc<Screen>>>,
}

impl State {
    fn allows(&self, context: &AuthContext<'_>) -> bool {
        match &self.acting {
            Acting::Hub => true,
            Acting::Pack => policy::allows_pack(context),
            Acting::Role(role, screen) => match &self.shadow {
                Some(shadow) => shadow.allows(context, &self.schema, screen),
                None => policy::allows_role(context, role, &self.schema, screen),
            },
        }
    }

    fn role_number(&mut self, role: &Arc<Role>) -> usize {
        let known = self
            .roles
            .iter()
            .position(|known| Arc::ptr_eq(known, role))
            .or_else(|| self.roles.iter().position(|known| known == role));
        known.unwrap_or_else(|| {
            self.roles.push(Arc::clone(role));
            self.roles.len() - 1
        })
    }

    fn screen(&mut self, number: usize, role: &Role, sql: &str) -> Result<Arc<Screen>> {
        let remembered = sql.len() <= LONGEST_REMEMBERED;
        if remembered && let Some(screen) = self.screens.get(&number).and_then(|screens| screens.get(sql)) {
            return Ok(Arc::clone(screen));
        }
        let screen = Screen::read(sql)?;
        match &self.shadow {
            Some(_) => screen.check_shadowed(&self.schema)?,
            None => screen.check_role(&self.schema, role)?,
        }
        let screen = Arc::new(screen);
        if remembered {
            let screens = self.screens.entry(number).or_default();
            if screens.len() >= SCREENS {
                screens.clear();
            }
            screens.insert(sql.to_owned(), Arc::clone(&screen));
        }
        Ok(screen)
    }
}

/// Watches what is prepared on one connection whose `main` is the business database.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Mutex<State>>);

/// A statement under its authority, also when SQLite prepares it again. Dropping it gives the connection back to the
/// authority before.
pub struct Guarded<'c> {
    // Dropped first: the statement is still its author's while it is put away.
    statement: CachedStatement<'c>,
    _restore: Restore,
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

/// Gives the connection back to the authority before.
struct Restore {
    state: Arc<Mutex<State>>,
    before: Acting,
}

impl Drop for Restore {
    fn drop(&mut self) {
        self.state.lock().acting = std::mem::replace(&mut self.before, Acting::Hub);
    }
}

impl Guard {
    /// Puts the guard on a connection whose `main` is the business database; once, because a new authorizer expires
    /// every statement.
    pub fn install(conn: &Connection, schema: Arc<Schema>) -> Result<Self> {
        Self::install_with(conn, schema, None)
    }

    /// Puts the guard on a connection that has shadows, made already.
    pub(super) fn install_shadow(conn: &Connection, schema: Arc<Schema>, shadow: Shadow) -> Result<Self> {
        Self::install_with(conn, schema, Some(shadow))
    }

    fn install_with(conn: &Connection, schema: Arc<Schema>, shadow: Option<Shadow>) -> Result<Self> {
        let state = Arc::new(Mutex::new(State {
            schema,
            shadow,
            generation: 0,
            acting: Acting::Hub,
            roles: Vec::new(),
            screens: HashMap::new(),
        }));
        let asked = Arc::clone(&state);
        conn.authorizer(Some(move |context: AuthContext<'_>| {
            if asked.lock().allows(&context) {
                Authorization::Allow
            } else {
                Authorization::Deny
            }
        }))
        .map_err(from_sqlite)?;
        Ok(Self(state))
    }

    /// After any change of the schema.
    pub fn set_schema(&self, schema: Arc<Schema>) {
        let mut state = self.0.lock();
        state.schema = schema;
        state.generation += 1;
        state.screens.clear();
    }

    /// Checks and prepares a statement. `kind`, where given, must be what the statement is.
    /// `forbidden` where the authority may not do it, `invalid_sql` where it is not a statement.
    pub fn prepare<'c>(
        &self,
        conn: &'c Connection,
        authority: &Authority,
        sql: &str,
        kind: Option<Kind>,
    ) -> Result<Guarded<'c>> {
        let (text, acting) = self.admit(authority, sql, kind)?;
        // Made before preparing, so that an error too gives the authority back.
        let restore = Restore {
            state: Arc::clone(&self.0),
            before: std::mem::replace(&mut self.0.lock().acting, acting),
        };
        match conn.prepare_cached(&text) {
            Ok(statement) => Ok(Guarded {
                statement,
                _restore: restore,
            }),
            Err(error) => Err(self.error(authority, sql, error)),
        }
    }

    /// The text to prepare, which no other authority shares, and whom the authorizer shall answer. The mark stands
    /// before the statement: behind it, SQLite would make it part of the name of a column without an alias.
    fn admit(&self, authority: &Authority, sql: &str, kind: Option<Kind>) -> Result<(String, Acting)> {
        let mut state = self.0.lock();
        let differs = || {
            Error::new(
                Code::InvalidSql,
                "The statement is not of the kind it claims to be.",
            )
        };
        match authority {
            Authority::Hub => Ok((sql.to_owned(), Acting::Hub)),
            Authority::Pack => {
                if kind.is_some() && kind != Some(classify(sql)?) {
                    return Err(differs());
                }
                Ok((format!("/*p{}*/{sql}", state.generation), Acting::Pack))
            }
            Authority::Role(role) => {
                if !role.admin && (!role.raw_sql || role.has_owner_tables()) {
                    return Err(Error::of(Code::Forbidden));
                }
                let number = state.role_number(role);
                let sql = match &state.shadow {
                    Some(_) => shadow::without_main(sql, &state.schema),
                    None => Cow::Borrowed(sql),
                };
                let screen = state.screen(number, role, &sql)?;
                if kind.is_some_and(|kind| kind != screen.kind) {
                    return Err(differs());
                }
                // In front: behind, it would become part of the name of the last column.
                let text = format!("/*r{number}.{}*/{}", state.generation, &sql[..screen.end]);
                Ok((text, Acting::Role(Arc::clone(role), screen)))
            }
        }
    }

    /// [`Guard::prepare`] and [`statement::run`], with errors in the words for the authority.
    #[allow(clippy::too_many_arguments)] // each is one thing of the statement; a struct would be used once
    pub fn run(
        &self,
        conn: &Connection,
        authority: &Authority,
        sql: &str,
        kind: Option<Kind>,
        params: &Params,
        limits: &RunLimits,
        form: RowForm,
    ) -> Result<Ran> {
        let mut guarded = self.prepare(conn, authority, sql, kind)?;
        let mut ran =
            statement::run(conn, &mut guarded, params, limits, form).map_err(|failure| match failure {
                Failure::Refused(error) => error,
                Failure::Sqlite(error) => self.error(authority, sql, error),
            })?;
        if matches!(&self.0.lock().acting, Acting::Role(_, screen) if screen.kind != Kind::Insert) {
            ran.last_insert_id = None;
        }
        Ok(ran)
    }

    fn error(&self, authority: &Authority, sql: &str, error: rusqlite::Error) -> Error {
        match authority {
            Authority::Role(role) => {
                let schema = Arc::clone(&self.0.lock().schema);
                for_role(error, sql, &schema, role)
            }
            _ => from_sqlite(error),
        }
    }
}
