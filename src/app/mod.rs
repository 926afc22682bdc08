//! The composition root: command line, start-up order, wiring of actors, shutdown. The only one that sees all.

pub mod cli;
