//! App packs: what is refused and where, what functions make of their arguments, and that those that ship work.

mod arguments;
mod clinic;
mod faults;
#[path = "../behaviour/support/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    clippy::module_inception,
    reason = "shared with the tests of the hub, which use all of it"
)]
mod hub;
mod labels;
mod records;
mod shipped;
mod shop;
mod support;
mod telemedicine;
