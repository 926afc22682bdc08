//! Configuration: defaults < file < environment < command line (PROTOCOL section 8).
//! A module is handed its own section, never the whole.
//!
//! | file | duty |
//! |---|---|
//! | `sections.rs` | what can be set, and the defaults |
//! | `default.toml` | the same, explained to a person; a test holds the two together |
//! | `load.rs` | reads and layers file and environment, remembering where each value came from |
//! | `validate.rs` | ranges and combinations that types cannot express |
//! | `show.rs` | the effective values, secrets masked |

mod load;
mod sections;
mod show;
mod validate;

pub use load::{ENV_PREFIX, Error, FILE_NAME, Loaded, Source, find_file, load};
pub use sections::{
    Auth, Backup, Calls, Changes, Config, Data, Debug, Files, IceServer, Idempotency, Lan, Limits, Log,
    LogFormat, Messages, Metrics, Notifications, Presence, Server,
};
pub use show::{masked, to_toml};
pub use validate::validate;

/// The commented configuration that `comptoir config default` prints: every key with its default.
pub const DEFAULT_TOML: &str = include_str!("default.toml");
