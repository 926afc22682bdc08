//! A user's own new password.

use uuid::Uuid;

use crate::{
    domain::Roles,
    hub::accounts::{
        acts::By,
        messages::{Done, Job, Touched},
    },
    protocol::error::{Code, Error as Public},
    store::hub::{
        Connection, Result, audit, logins,
        users::{self, Changes},
    },
};

/// Sets the password and ends the user's other login sessions.
pub struct ChangePassword {
    pub by: By,
    pub user_id: i64,
    /// The login session that goes on.
    pub keep: Uuid,
    pub verified_hash: String,
    pub new_hash: String,
}

impl Job for ChangePassword {
    type Output = ();

    fn run(self, conn: &mut Connection, _: &Roles) -> Result<Done<()>> {
        let user = users::by_id(conn, self.user_id)?
            .filter(|user| user.active && user.password_hash == self.verified_hash)
            .ok_or_else(|| Public::of(Code::InvalidCredentials))?;
        let changes = Changes {
            password_hash: Some(&self.new_hash),
            must_change_password: Some(false),
            ..Changes::default()
        };
        users::update(conn, user.id, &changes)?;
        let ended = logins::end_of_user(conn, user.id, Some(self.keep))?;
        let detail = format!("{ended} other logins ended");
        let mut row = self.by.row("password_change", &user.username, Some(detail));
        row.session = Some(self.keep.to_string());
        audit::append(conn, &[row])?;
        Ok(Done::new((), Touched::User(user.id)))
    }
}
