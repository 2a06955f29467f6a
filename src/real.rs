//! Real catalogs for tests, where they are at hand; they are not part of this repository.

use std::path::PathBuf;

/// The path of a file or folder of the real catalogs; `None`, said aloud, where they are absent.
/// `AMTSLOTSE_REAL_DATA` names their folder; left out, it is the one beside this repository.
pub(crate) fn real(path: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").join("shared/data");
    let root = std::env::var_os("AMTSLOTSE_REAL_DATA").map_or_else(beside, PathBuf::from);
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not here", path.display());
    None
}
