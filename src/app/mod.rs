//! The composition root: command line, start-up order, wiring of actors, shutdown. The only one that sees all.
//!
//! | file | duty |
//! |---|---|
//! | `cli/` | one file per command |
//! | `serve.rs` | start-up order and wiring of the actors |
//! | `data_dir.rs` | the data directory: files, lock, demo marker |
//! | `intact.rs` | whether a database was lost or damaged since the hub last ran |
//! | `callbacks.rs` | who is told of changed accounts |
//! | `listen.rs` | the listening socket and the process's limits |
//! | `network.rs` | one relay and one actix-web application for each worker |
//! | `packs.rs` | which pack a data directory is served with |
//! | `banner.rs` | what the console says at start, in three languages |
//! | `backup/` | backup, restore, schedule |
//! | `check.rs` | whether both databases and the audit chain are whole |
//! | `setup/` | what the set-up page offers and carries out |
//! | `sizes.rs` | samples the sizes of files into the metrics |
//! | `shutdown.rs` | signals, and the ten seconds that remain |

pub mod backup;
pub mod banner;
mod callbacks;
pub mod check;
pub mod cli;
pub mod data_dir;
pub mod intact;
pub mod listen;
pub mod network;
pub mod packs;
pub mod serve;
pub mod setup;
pub mod shutdown;
pub mod sizes;
