//! The set-up page's first administrator.

use crate::{
    domain::Roles,
    hub::accounts::{
        FirstAdministrator,
        acts::{self, By, Creation},
        first,
        messages::{Done, Job, Touched},
    },
    protocol::error::{Code, Error as Public},
    store::hub::{
        Connection, Result, audit, settings,
        users::{self, User},
    },
};

/// Replaces the account of the first start, notes the pack, and closes the set-up: one transaction.
pub struct SetUp {
    pub first: FirstAdministrator,
    pub password_hash: String,
    pub address: String,
}

impl Job for SetUp {
    type Output = User;

    fn run(self, conn: &mut Connection, _: &Roles) -> Result<Done<User>> {
        let noted = settings::get(conn, settings::SETUP)?;
        let initial = match users::all(conn)?.as_slice() {
            [only] if noted == Some(only.id.to_string()) && first::is_untouched(only) => only.id,
            _ => return Err(already().into()),
        };
        users::remove(conn, initial)?;
        let by = By {
            user_id: None,
            username: None,
            address: self.address,
        };
        let first = self.first;
        let user = acts::create_user(
            conn,
            &by,
            // Those of the pack that is served from now on.
            &first.roles,
            &Creation {
                username: first.username,
                display_name: first.display_name,
                role: first.role,
                lang: Some(first.lang),
                password_hash: self.password_hash,
                must_change_password: false,
            },
        )?;
        if let Some(pack) = &first.pack {
            settings::set(conn, settings::PACK_BUILTIN, pack)?;
        }
        settings::remove(conn, settings::SETUP)?;
        audit::append(conn, &[by.row("setup", &user.username, Some(first.detail))])?;
        Ok(Done::new(user, Touched::All))
    }
}

fn already() -> Public {
    Public::new(
        Code::PreconditionFailed,
        "This hub is set up already: log in instead.",
    )
}
