//! The executor against real database files: one test per promise.

mod hub;

mod capture;
mod durability;
mod foreign;
mod functions;
mod group;
mod idempotency;
mod log;
mod migrations;
mod roles;
mod rules;
