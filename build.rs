//! The catalog is embedded: the program is built anew when a file of it changes.

fn main() {
    println!("cargo::rerun-if-changed=catalog");
}
