//! Passwords, tokens, throttling. No database, no actors; the clock is handed in.

pub mod initial_password;
pub mod password;
pub mod password_pool;
pub mod refresh;
pub mod secret;
pub mod throttle;
pub mod ticket;
pub mod token;

pub use password_pool::PasswordPool;
pub use throttle::Throttle;
pub use ticket::Tickets;
pub use token::{Claims, Tokens};
