//! Tells cargo which files are embedded in the binary, so that a changed pack, migration or page is compiled in:
//! the macros that embed them name directories, which cargo does not watch by itself.

fn main() {
    println!("cargo::rerun-if-changed=apps");
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rerun-if-changed=web");
    println!("cargo::rerun-if-changed=clients/js/src");
}
