//! What is true: principal, role, schema, change, audience, cursor. Pure: no I/O, no clock.

pub mod audience;
pub mod call;
pub mod change;
pub mod cursor;
pub mod hub_event;
pub mod peer;
pub mod position;
pub mod principal;
pub mod role;
pub mod room;
pub mod schema;
pub mod table_request;
pub mod text;
pub mod timestamp;

pub use audience::Audience;
pub use change::{Author, Change, Changes, Commit, Op, Shape};
pub use cursor::{Cursor, Epoch};
pub use hub_event::{About, HubEvent, Posted, Recipients, Signal};
pub use peer::Peer;
pub use position::Position;
pub use principal::Principal;
pub use role::{Columns, LoginFrom, Role, Roles, TableRights};
pub use schema::{Collation, Column, Key, Schema, Table, TableKind};
pub use table_request::{TableAction, TableRequest};
