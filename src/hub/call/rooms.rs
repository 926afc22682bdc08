//! Who may take part: the users of the call's room.

use crate::{
    domain::{Principal, call::Person},
    executor::ledger::LedgerHandle,
    hub::{accounts::AccountsHandle, registry::RegistryHandle},
    protocol::error::{Code, Error, Result},
    store::hub::{calls, rooms},
};

#[derive(Clone)]
pub(super) struct Rooms {
    ledger: LedgerHandle,
    accounts: AccountsHandle,
    registry: RegistryHandle,
}

impl Rooms {
    pub fn new(ledger: LedgerHandle, accounts: AccountsHandle, registry: RegistryHandle) -> Self {
        Self {
            ledger,
            accounts,
            registry,
        }
    }

    /// Whom a call in the room rings: its users, or of more than `most` those who are connected; nobody where these
    /// are too many as well. `not_found` for whoever is not in it.
    pub async fn to_ring(&self, who: &Principal, room: i64, most: usize) -> Result<Vec<Person>> {
        let all = self.people(who, room, None, most).await?;
        if all.len() <= most {
            return Ok(all);
        }
        let connected = self
            .registry
            .list()
            .await?
            .into_iter()
            .map(|session| session.user_id);
        let mut there = self.people(who, room, Some(connected.collect()), most).await?;
        if there.len() > most {
            there.clear();
        }
        Ok(there)
    }

    /// The users of the room, one more than `most` where there are more. `among`: of these alone.
    async fn people(
        &self,
        who: &Principal,
        room: i64,
        among: Option<Vec<i64>>,
        most: usize,
    ) -> Result<Vec<Person>> {
        let viewer = self.accounts.viewer(who);
        let internal: Vec<String> = self
            .accounts
            .roles()
            .iter()
            .filter(|role| !role.external)
            .map(|role| role.name.to_string())
            .collect();
        let most = i64::try_from(most).unwrap_or(i64::MAX - 1) + 1;
        let people = self
            .ledger
            .read(move |conn| {
                if rooms::seen_by(conn, &viewer, room)?.is_none() {
                    return Ok(None);
                }
                calls::people_of_room(conn, room, &internal, among.as_deref(), most).map(Some)
            })
            .await?
            .ok_or_else(|| Error::of(Code::NotFound))?;
        let person = |(id, name): (i64, String)| Person {
            id,
            name: name.into(),
        };
        Ok(people.into_iter().map(person).collect())
    }

    /// `not_found` for whoever is not in the room.
    pub async fn check_member(&self, who: &Principal, room: i64) -> Result<()> {
        let viewer = self.accounts.viewer(who);
        let is_in = self
            .ledger
            .read(move |conn| Ok(rooms::seen_by(conn, &viewer, room)?.is_some()))
            .await?;
        if is_in {
            Ok(())
        } else {
            Err(Error::of(Code::NotFound))
        }
    }
}
