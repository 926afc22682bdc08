//! A login whose password was right.

use uuid::Uuid;

use crate::{
    auth::refresh,
    domain::{Roles, timestamp::now_ms},
    hub::accounts::{
        acts::By,
        messages::{Done, Job, Touched},
    },
    protocol::error::{Code, Error as Public},
    store::hub::{
        Connection, Result, audit, known_pairs,
        logins::{self, Login, RefreshToken},
        users::{self, Changes, User},
    },
};

/// Login sessions of one user that may live beside each other; the one unused longest ends.
const MOST_LOGINS: i64 = 10_000;
/// What is kept of a `User-Agent`.
const MOST_USER_AGENT_CHARS: usize = 256;

/// Begins a login session.
pub struct LogIn {
    pub user_id: i64,
    /// The hash that the password was compared with: it must still be the account's.
    pub verified_hash: String,
    pub address: String,
    pub user_agent: String,
    pub refresh_ttl_ms: i64,
}

/// A login session to answer with a grant.
#[derive(Debug)]
pub struct Admitted {
    pub user: User,
    pub sid: Uuid,
    pub refresh_token: String,
}

impl Job for LogIn {
    type Output = Admitted;

    fn run(self, conn: &mut Connection, _: &Roles) -> Result<Done<Admitted>> {
        let now = now_ms();
        let user = users::by_id(conn, self.user_id)?
            .filter(|user| user.active && user.password_hash == self.verified_hash)
            .ok_or_else(|| Public::of(Code::InvalidCredentials))?;
        let changes = Changes {
            last_login_at_ms: Some(now),
            ..Changes::default()
        };
        let user = users::update(conn, user.id, &changes)?.unwrap_or(user);
        let sid = Uuid::new_v4();
        let expires_at_ms = now.saturating_add(self.refresh_ttl_ms);
        logins::insert(
            conn,
            &Login {
                sid,
                user_id: user.id,
                address: self.address.clone(),
                user_agent: self.user_agent.chars().take(MOST_USER_AGENT_CHARS).collect(),
                created_at_ms: now,
                last_used_at_ms: now,
                expires_at_ms,
            },
        )?;
        logins::end_oldest(conn, user.id, MOST_LOGINS)?;
        let refresh_token = give_token(conn, sid, None, expires_at_ms)?;
        known_pairs::note(conn, user.id, &self.address, now)?;
        let by = By {
            user_id: Some(user.id),
            username: Some(user.username.clone()),
            address: self.address,
        };
        let mut row = by.row("login", &user.username, None);
        row.session = Some(sid.to_string());
        audit::append(conn, &[row])?;
        let touched = Touched::User(user.id);
        Ok(Done::new(
            Admitted {
                user,
                sid,
                refresh_token,
            },
            touched,
        ))
    }
}

/// A new refresh token of a login session; `parent` is the one it was given for.
pub(super) fn give_token(
    conn: &mut Connection,
    sid: Uuid,
    parent: Option<Vec<u8>>,
    expires_at_ms: i64,
) -> Result<String> {
    let token = refresh::generate();
    logins::insert_token(
        conn,
        &RefreshToken {
            hash: refresh::hash(&token).to_vec(),
            sid: sid.to_string(),
            parent,
            expires_at_ms,
            first_used_at_ms: None,
            successor_used: false,
        },
    )?;
    Ok(token)
}
