//! WebSockets. Upgrades are taken from the connection before actix-web sees them (docs/decisions/0001), so
//! routing, Origin and Host checks and the answer to a refused handshake are done here.

pub mod connection;
pub mod endpoint;
pub mod reader;
pub mod socket;
pub mod upgrade;
