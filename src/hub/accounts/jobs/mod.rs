//! What the accounts actor does, one file per matter. Everything is decided again inside the transaction:
//! what the caller saw in memory may have changed since.

pub mod administer;
pub mod login;
pub mod password;
pub mod refresh;
pub mod set_up;
pub mod sessions;

pub use administer::{AddTerminal, CreateUser, RemoveTerminal, UpdateUser};
pub use login::{Admitted, LogIn};
pub use password::ChangePassword;
pub use refresh::{Refresh, Refused};
pub use sessions::{Disconnect, End};
pub use set_up::SetUp;
