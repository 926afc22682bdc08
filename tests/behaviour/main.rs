//! The promises of the wire contract, proved from outside: a real server process, real sockets,
//! real files. One module per promise; `support` is the harness.

mod support;

mod bad_input;
mod batch;
mod calls;
mod changes;
mod cli;
mod faults;
mod contract;
mod convergence;
mod counts;
mod files;
mod guarantees;
mod http;
mod idempotency;
mod login;
mod notifications;
mod order;
mod presence;
mod query;
mod races;
mod resume;
mod rfc6455;
mod rooms;
mod rpc;
mod shutdown;
mod socket;
mod story;
mod story_people;
mod urgent;
mod welcome;
