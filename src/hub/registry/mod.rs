//! The registry: which sessions are connected, for administrators and for revocation.

pub mod handle;

pub use handle::{RegistryHandle, SessionInfo};
