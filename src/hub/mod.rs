//! Actors that every session shares: accounts, audit, registry, feed, relay.

pub mod accounts;
pub mod audit;
pub mod call;
pub mod feed;
pub mod files;
pub mod notifier;
pub mod outbox;
pub mod presence;
pub mod registry;
pub mod relay;
pub mod replay;
pub mod room;
