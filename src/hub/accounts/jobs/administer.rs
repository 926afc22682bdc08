//! Administrators' acts as jobs: the acts themselves are in [`acts`].

use std::net::IpAddr;

use crate::{
    domain::Roles,
    hub::accounts::{
        UserPatch,
        acts::{self, By, Creation},
        messages::{Done, Job, Touched},
    },
    store::hub::{Connection, Result, terminals::Terminal, users::User},
};

pub struct CreateUser {
    pub by: By,
    pub new: Creation,
}

impl Job for CreateUser {
    type Output = User;

    fn run(self, conn: &mut Connection, roles: &Roles) -> Result<Done<User>> {
        let user = acts::create_user(conn, &self.by, roles, &self.new)?;
        let touched = Touched::User(user.id);
        Ok(Done::new(user, touched))
    }
}

pub struct UpdateUser {
    pub by: By,
    pub id: i64,
    pub patch: UserPatch,
    pub password_hash: Option<String>,
}

impl Job for UpdateUser {
    type Output = User;

    fn run(self, conn: &mut Connection, roles: &Roles) -> Result<Done<User>> {
        let hash = self.password_hash.as_deref();
        let user = acts::update_user(conn, &self.by, roles, self.id, &self.patch, hash)?;
        let touched = Touched::User(user.id);
        Ok(Done::new(user, touched))
    }
}

pub struct AddTerminal {
    pub by: By,
    pub name: String,
    pub address: Option<IpAddr>,
}

impl Job for AddTerminal {
    type Output = Terminal;

    fn run(self, conn: &mut Connection, _: &Roles) -> Result<Done<Terminal>> {
        let terminal = acts::add_terminal(conn, &self.by, &self.name, self.address)?;
        Ok(Done::new(terminal, Touched::All))
    }
}

pub struct RemoveTerminal {
    pub by: By,
    pub name: String,
}

impl Job for RemoveTerminal {
    type Output = ();

    fn run(self, conn: &mut Connection, _: &Roles) -> Result<Done<()>> {
        acts::remove_terminal(conn, &self.by, &self.name)?;
        Ok(Done::new((), Touched::All))
    }
}
