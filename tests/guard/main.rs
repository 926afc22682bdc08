//! Roles in SQL: what each may not do, and that nothing hidden shows.

mod attacks;
mod bombs;
mod interference;
mod support;
mod tables;
