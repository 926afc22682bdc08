//! Comptoir: the real-time hub for a place of work.
//!
//! The modules are listed from the top of the house to its foundations; `use crate::` may only
//! point down this list (`tests/architecture.rs` holds the rule). See `ARCHITECTURE.md`.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod app;
pub mod transport;
pub mod session;
pub mod hub;
pub mod executor;
pub mod broker;
pub mod store;
pub mod auth;
pub mod pack;
pub mod domain;
pub mod protocol;
pub mod config;
pub mod telemetry;
