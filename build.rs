//! Catalog and migrations are embedded: the program is built anew when a file of them changes.

fn main() {
    println!("cargo::rerun-if-changed=catalog");
    println!("cargo::rerun-if-changed=migrations");
}
