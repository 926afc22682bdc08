//! Accounts and audit on a real `hub.db`, at the level of their handles: what PROTOCOL section 2 promises of
//! logins, and what makes the audit worth having.

mod audit;
mod login;
mod outside;
mod revocation;
mod rotation;
mod shipping;
mod support;
