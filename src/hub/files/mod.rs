//! Files that people send each other: bytes on the disk, under names of our own, each with a row in `hub.db`.
//!
//! The bytes are durable before the row is written, and the row before the answer; what has no row is nobody's, and is
//! cleared away. Files never change. [`Files`] is what handlers hold.
//!
//! | file | duty |
//! |---|---|
//! | `shelf.rs` | the directory: drafts, moving into place, removing |
//! | `draft.rs` | an upload on its way to the disk |
//! | `kind.rs` | what a content is, from its first bytes |
//! | `name.rs` | names that do no harm |
//! | `picture.rs` | size and thumbnail of a picture |
//! | `handle.rs` | what others hold: admission, storing, reading |
//! | `sweep.rs` | removes what was never sent |

mod draft;
mod handle;
mod kind;
mod name;
mod picture;
mod shelf;
mod sweep;

pub use draft::Draft;
pub use handle::{Files, Opened, Said, Setup, Stored, Turn};
pub use kind::is_shown_inline;
pub use shelf::Shelf;
