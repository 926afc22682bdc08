//! Rotation of refresh tokens (PROTOCOL section 2).

use super::login::{Admitted, give_token};
use crate::{
    auth::refresh::{self, Verdict},
    domain::{Peer, Roles, timestamp::now_ms},
    hub::accounts::{
        acts::By,
        messages::{Done, Job, Touched},
        rules,
    },
    protocol::error::{Code, Error as Public},
    store::hub::{
        Connection, Error, Result, audit,
        logins::{self, Login, RefreshToken},
        users::{self, User},
    },
};

/// Trades a refresh token for its successor.
pub struct Refresh {
    pub token: String,
    pub peer: Peer,
    pub refresh_ttl_ms: i64,
    /// Whether `login_from` is lifted.
    pub anywhere: bool,
}

/// A refusal that had an effect to keep, unlike an error, which undoes everything.
#[derive(Debug)]
pub struct Refused(pub Public);

impl Job for Refresh {
    type Output = Result<Admitted, Refused>;

    fn run(self, conn: &mut Connection, roles: &Roles) -> Result<Done<Self::Output>> {
        let now = now_ms();
        let token = logins::token(conn, &refresh::hash(&self.token))?
            .filter(|token| token.expires_at_ms > now)
            .ok_or_else(unauthorized)?;
        let sid = uuid::Uuid::try_parse(&token.sid).map_err(|_| Error::Malformed("refresh_tokens.sid"))?;
        let login = logins::by_sid(conn, sid)?.ok_or_else(unauthorized)?;
        let user = users::by_id(conn, login.user_id)?
            .filter(|user| user.active)
            .ok_or_else(unauthorized)?;

        match refresh::judge(token.first_used_at_ms, token.successor_used, now) {
            Verdict::Reused => self.revoke(conn, &login, &user),
            verdict => {
                let role = roles.get(&user.role).ok_or_else(unauthorized)?;
                if !self.anywhere && !self.peer.allows(role.login_from) {
                    return Err(Public::of(Code::LoginNotAllowedHere).into());
                }
                if verdict == Verdict::First {
                    logins::use_token(conn, &token, now)?;
                }
                self.rotate(conn, token, &login, user, now)
            }
        }
    }
}

impl Refresh {
    fn rotate(
        &self,
        conn: &mut Connection,
        used: RefreshToken,
        login: &Login,
        user: User,
        now: i64,
    ) -> Result<Done<Result<Admitted, Refused>>> {
        let expires_at_ms = now.saturating_add(self.refresh_ttl_ms);
        let refresh_token = give_token(conn, login.sid, Some(used.hash), expires_at_ms)?;
        let address = rules::canonical(self.peer.address);
        logins::touch(conn, login.sid, &address, now, expires_at_ms)?;
        let touched = Touched::User(user.id);
        Ok(Done::new(
            Ok(Admitted {
                user,
                sid: login.sid,
                refresh_token,
            }),
            touched,
        ))
    }

    /// Two parties hold tokens of one family: nobody can say who is the thief, so both are out.
    fn revoke(
        &self,
        conn: &mut Connection,
        login: &Login,
        user: &User,
    ) -> Result<Done<Result<Admitted, Refused>>> {
        logins::end(conn, login.sid)?;
        let by = By {
            user_id: Some(user.id),
            username: Some(user.username.clone()),
            address: rules::canonical(self.peer.address),
        };
        let mut row = by.row(
            "refresh_reuse",
            &user.username,
            Some("a refresh token was used twice; its login session ended".into()),
        );
        row.session = Some(login.sid.to_string());
        row.outcome = Code::Unauthorized.as_str().into();
        audit::append(conn, &[row])?;
        Ok(Done::new(Err(Refused(unauthorized())), Touched::User(user.id)))
    }
}

fn unauthorized() -> Public {
    Public::of(Code::Unauthorized)
}
