//! What travels: values, requests, results, events, errors, close codes. serde only, no rules.

pub mod call;
pub mod close;
pub mod error;
pub mod event;
pub mod frame;
pub mod notification;
pub mod people;
pub mod request;
pub mod result;
pub mod value;

pub use error::{Code, Error};
pub use value::SqlValue;
