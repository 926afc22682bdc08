//! App packs: what is refused and where, what functions make of their arguments, and that the shop works.

mod arguments;
mod faults;
mod shop;
mod support;
