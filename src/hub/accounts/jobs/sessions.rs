//! The end of a login session.

use uuid::Uuid;

use crate::{
    domain::Roles,
    hub::accounts::{
        acts::By,
        messages::{Done, Job, Touched},
    },
    protocol::error::{Code, Error as Public},
    store::hub::{Connection, Result, audit, logins, users},
};

/// Ends one of the caller's own login sessions: this one (logout) or another device's.
pub struct End {
    pub by: By,
    pub user_id: i64,
    pub sid: Uuid,
    /// What to say in the audit.
    pub detail: &'static str,
}

impl Job for End {
    type Output = ();

    fn run(self, conn: &mut Connection, _: &Roles) -> Result<Done<()>> {
        let own = logins::by_sid(conn, self.sid)?.is_some_and(|login| login.user_id == self.user_id);
        if !own {
            return Err(no_such_login().into());
        }
        logins::end(conn, self.sid)?;
        let subject = self.by.username.clone().unwrap_or_default();
        let mut row = self.by.row("logout", &subject, Some(self.detail.into()));
        row.session = Some(self.sid.to_string());
        audit::append(conn, &[row])?;
        Ok(Done::new((), Touched::User(self.user_id)))
    }
}

/// Ends anybody's login session: an administrator's act.
pub struct Disconnect {
    pub by: By,
    pub sid: Uuid,
}

impl Job for Disconnect {
    type Output = ();

    fn run(self, conn: &mut Connection, _: &Roles) -> Result<Done<()>> {
        let login = logins::by_sid(conn, self.sid)?.ok_or_else(no_such_login)?;
        logins::end(conn, self.sid)?;
        let subject = users::by_id(conn, login.user_id)?.map(|user| user.username);
        let mut row = self.by.row(
            "admin",
            &subject.unwrap_or_default(),
            Some("login session disconnected".into()),
        );
        row.session = Some(self.sid.to_string());
        audit::append(conn, &[row])?;
        Ok(Done {
            answer: (),
            touched: Touched::User(login.user_id),
            disconnected: Some(self.sid),
        })
    }
}

fn no_such_login() -> Public {
    Public::of(Code::NotFound)
}
