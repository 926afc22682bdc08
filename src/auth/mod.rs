//! Passwords, tokens, throttling. No database, no actors; the clock is handed in.

pub mod guest_token;
pub mod initial_password;
pub mod join_code;
pub mod password;
pub mod password_pool;
pub mod refresh;
pub mod secret;
pub mod throttle;
pub mod ticket;
pub mod token;
pub mod turn;

pub use guest_token::{GuestClaims, GuestTokens};
pub use join_code::JoinCode;
pub use password_pool::PasswordPool;
pub use throttle::{AddressThrottle, Throttle};
pub use ticket::Tickets;
pub use token::{Claims, Tokens};
