//! Tells cargo which files are embedded in the binary, so that a changed pack or migration is compiled in:
//! the macros that embed them name directories, which cargo does not watch by itself.

fn main() {
    println!("cargo::rerun-if-changed=apps");
    println!("cargo::rerun-if-changed=migrations");
}
