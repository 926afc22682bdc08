//! Seam: filled by its owner.

use super::{Failure, Global};

#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_: Args, _: &Global) -> Result<(), Failure> {
    Err(Failure::failed("not built in yet"))
}
