//! Where a request comes from.

use std::net::IpAddr;

use super::role::LoginFrom;

/// The machine at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    pub address: IpAddr,
    /// Loopback, or one of the hub's own addresses.
    pub is_server: bool,
    /// Registered with `comptoir terminal add`.
    pub is_terminal: bool,
}

impl Peer {
    /// Whether a role with this `login_from` may be used from here (PROTOCOL section 2).
    pub fn allows(&self, login_from: LoginFrom) -> bool {
        match login_from {
            LoginFrom::Anywhere => true,
            LoginFrom::Server => self.is_server,
            LoginFrom::Client => !self.is_server || self.is_terminal,
        }
    }
}
