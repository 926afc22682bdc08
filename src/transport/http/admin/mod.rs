//! `/api/admin/*`: for administrators. Every act is audited: accounts audits its own, the rest does it here.

mod announce;
mod audit;
mod backup;
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
        backup::endpoints(),
        announce::endpoints(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
