//! `/api/admin/*`: for administrators. Every act is audited: accounts audits its own, the rest does it here.

mod announce;
mod audit;
mod audit_export;
mod backup;
mod history;
mod logins;
mod network;
mod pack;
mod rooms;
mod sessions;
mod terminals;
mod users;

use super::endpoint::Endpoint;

pub fn endpoints() -> Vec<Endpoint> {
    [
        sessions::endpoints(),
        users::endpoints(),
        terminals::endpoints(),
        audit::endpoints(),
        audit_export::endpoints(),
        history::endpoints(),
        logins::endpoints(),
        network::endpoints(),
        pack::endpoints(),
        rooms::endpoints(),
        backup::endpoints(),
        announce::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
