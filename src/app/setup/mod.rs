//! The set-up page's other half: what there is to choose, and carrying the choice out.
//!
//! | file | duty |
//! |---|---|
//! | `backup_place.rs` | tries the place of backups and writes it into the configuration |

pub mod backup_place;

use std::{path::PathBuf, sync::Arc};

use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::{
    app::{cli::Failure, data_dir::DataDir, packs},
    domain::Peer,
    hub::accounts::{self, AccountsHandle, FirstAdministrator, role_set},
    pack::{self, Pack},
    protocol::{Error, error::Result},
    store::{data::pack_check, hub::HubStore},
    transport::{
        http::{PackOffer, SetupChoice, SetupDoor, SetupOffer},
        origin::HostRules,
    },
};

/// The configuration file that the page may add the place of backups to; `None`: settled elsewhere.
pub type BackupFile = Option<PathBuf>;

/// What the door is made of.
pub struct Parts<'a> {
    pub dir: &'a DataDir,
    pub store: &'a HubStore,
    pub pack: &'a Pack,
    pub accounts: &'a AccountsHandle,
    pub hostname: &'a str,
    /// The business database is one that was there: its tables are not a pack's to make.
    pub has_database: bool,
    pub backup_file: BackupFile,
    /// Told when the hub is to start anew.
    pub restart: Arc<Notify>,
}

/// The way in: open where the first start's account is still unused.
pub fn door(parts: Parts<'_>) -> std::result::Result<SetupDoor, Failure> {
    let account = accounts::setup_account(parts.store).map_err(Failure::failed)?;
    let may_choose =
        account.is_some() && parts.pack.is_none() && !parts.has_database && !packs::is_settled(parts.dir)?;
    let embedded = pack::embedded_names().filter(|_| may_choose);
    let mut packs: Vec<PackOffer> = embedded
        .filter_map(|name| Some(offer_of(name, &Pack::embedded(name).ok()?)))
        .collect();
    packs.sort_by(|a, b| a.name.cmp(&b.name));
    let offer = SetupOffer {
        packs,
        pack: (!parts.pack.is_none()).then(|| offer_of(&parts.pack.name, parts.pack)),
        backup_dir: std::path::absolute(parts.dir.backups())?.display().to_string(),
        backup_is_fixed: parts.backup_file.is_none(),
    };
    let steps = Steps {
        accounts: parts.accounts.clone(),
        offered: offer.packs.iter().map(|pack| pack.name.clone()).collect(),
        current: parts.pack.clone(),
        default_dir: offer.backup_dir.clone(),
        backup_file: parts.backup_file,
        restart: parts.restart,
    };
    let steps = Arc::new(steps);
    Ok(SetupDoor {
        account,
        offer,
        apply: Arc::new(move |choice, peer| {
            let steps = steps.clone();
            Box::pin(async move { steps.carry_out(choice, peer).await })
        }),
        key: Uuid::new_v4().simple().to_string(),
        hosts: HostRules::new(parts.hostname, &[], &[]),
        turn: Mutex::new(()),
    })
}

fn offer_of(name: &str, pack: &Pack) -> PackOffer {
    PackOffer {
        name: name.to_owned(),
        title: pack.title.clone(),
    }
}

struct Steps {
    accounts: AccountsHandle,
    /// Names of the packs that were offered.
    offered: Vec<String>,
    current: Pack,
    default_dir: String,
    backup_file: BackupFile,
    restart: Arc<Notify>,
}

impl Steps {
    /// The account comes last: until it is there the page can be sent again.
    async fn carry_out(&self, choice: SetupChoice, peer: Peer) -> Result<bool> {
        let chosen = choice.pack.clone().filter(|name| !name.is_empty());
        let pack = match chosen {
            Some(name) if self.offered.contains(&name) => Some((name.clone(), checked(name).await?)),
            Some(_) => return Err(Error::invalid("There is no such pack to choose.")),
            None => None,
        };
        let roles = role_set::effective(&pack.as_ref().map_or(&self.current, |(_, pack)| pack).roles);
        let role = role_set::administrators(&roles)
            .first()
            .map(|name| (*name).to_owned())
            .ok_or_else(|| Error::internal("no role administers"))?;
        let mut said = vec!["set up on the hub's own machine".to_owned()];
        if let Some((name, _)) = &pack {
            said.push(format!("pack {name}"));
        }
        let backups = self.backups(&choice).await?;
        if let Some((dir, every_s)) = &backups {
            said.push(format!("backups every {every_s} s in {dir}"));
        }
        let restarts = pack.is_some() || backups.is_some();
        self.accounts
            .set_up(
                peer,
                FirstAdministrator {
                    username: choice.username,
                    display_name: choice.display_name.filter(|name| !name.trim().is_empty()),
                    password: choice.password,
                    lang: choice.lang,
                    role,
                    roles,
                    pack: pack.map(|(name, _)| name),
                    detail: said.join(", "),
                },
            )
            .await?;
        if restarts {
            tracing::info!("the hub was set up and starts anew");
            self.restart.notify_one();
        }
        Ok(restarts)
    }

    /// Tries and notes the place of backups; answers what changed.
    async fn backups(&self, choice: &SetupChoice) -> Result<Option<(String, u64)>> {
        let dir = choice
            .backup_dir
            .as_deref()
            .map(str::trim)
            .filter(|dir| !dir.is_empty());
        let every_s = choice.backup_every_s.unwrap_or(0);
        if dir.is_none() && every_s == 0 {
            return Ok(None);
        }
        let Some(file) = self.backup_file.clone() else {
            return Err(Error::invalid(
                "The configuration says where backups go; change it there.",
            ));
        };
        let dir = dir.unwrap_or(&self.default_dir).to_owned();
        let place = PathBuf::from(&dir);
        tokio::task::spawn_blocking(move || backup_place::settle(&file, &place, every_s))
            .await
            .map_err(Error::internal)??;
        Ok(Some((dir, every_s)))
    }
}

/// A pack that would not start is found now, not after the restart.
async fn checked(name: String) -> Result<Pack> {
    tokio::task::spawn_blocking(move || {
        let mut pack = Pack::embedded(&name).map_err(Error::internal)?;
        pack_check::check_against(&mut pack, None).map_err(Error::internal)?;
        Ok(pack)
    })
    .await
    .map_err(Error::internal)?
}
