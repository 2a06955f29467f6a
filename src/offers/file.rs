//! The file of offers: millions of them, looked up by service and region.
//!
//! An import [`write()`]s it in one go, a bot [`OffersFile::open`]s it and never changes it. It is a
//! redb database (tables below) with checksums behind it (`seal.rs`). A new file takes the place of
//! the old one by a rename: whoever has the old one open goes on reading it, in this process or
//! another.
//!
//! What many offers share (an office, a fee, the title of a source) is stored once: the first
//! occurrence stands in its row, from the second on the rows hold the number of a *part*
//! (`row.rs`). So what occurs once costs no second look-up, and what occurs often costs a number.
//!
//! Everything here may block: it reads and writes a local file.

/// `?` on the errors of redb, of which each kind of operation has its own.
macro_rules! from_redb {
    ($target:ty) => {
        from_redb!($target, CommitError, DatabaseError, StorageError, TableError, TransactionError);
    };
    ($target:ty, $($error:ident),*) => {$(
        impl From<redb::$error> for $target {
            fn from(error: redb::$error) -> Self {
                redb::Error::from(error).into()
            }
        }
    )*};
}

mod read;
mod row;
mod seal;
#[cfg(test)]
mod tests;
mod write;

use redb::TableDefinition;
use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};

pub use read::{Fault, OffersFile, OpenError, ReadError};
pub use write::{WriteError, Written, write};

/// Layout of the file; a program reads only its own. Raise it whenever the tables, [`row::Row`] or
/// any type stored in a part changes: the file is built anew from the sources, never converted.
const FORMAT: u32 = 1;

/// What to do about a file that cannot be used, for German error texts.
const REBUILD: &str = "neu bauen mit »amtslotse import --update«";

/// `manifest` (JSON) and `hash`.
const META: TableDefinition<&str, &str> = TableDefinition::new("meta");
/// Services by number: 0, 1, 2 ... in the order of writing.
const SERVICES: TableDefinition<u32, &str> = TableDefinition::new("services");
/// [`row::Row`]s by number of the service and number of the region.
const OFFERS: TableDefinition<(u32, u64), &[u8]> = TableDefinition::new("offers");
/// What several rows share, by number.
const PARTS: TableDefinition<u32, &[u8]> = TableDefinition::new("parts");
/// [`LocalEntry`](crate::catalog::LocalEntry) in the order of writing.
const ENTRIES: TableDefinition<u32, &[u8]> = TableDefinition::new("entries");

/// What a file of offers was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Layout of the file; [`write()`] sets it.
    pub format: u32,
    /// When it was written.
    #[serde(with = "time::serde::rfc3339")]
    pub written: OffsetDateTime,
    /// What was imported, in the order of import.
    pub sources: Vec<ManifestSource>,
}

/// One imported source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestSource {
    /// Its short name, the first part of its ids (`berlin`).
    pub name: String,
    /// What it is (`xzufi`, `csv` ...).
    pub kind: String,
    /// Whom to name.
    pub title: String,
    /// Under which licence it may be passed on, as the source states it.
    pub licence: Option<String>,
    /// How many entries were imported.
    pub records: u64,
    /// As of when it is, if the operator said so.
    pub as_of: Option<Date>,
    /// When the source was read.
    pub read: Date,
}

impl Manifest {
    /// Of these sources, written now.
    pub fn of(sources: Vec<ManifestSource>) -> Self {
        Self { format: FORMAT, written: OffsetDateTime::now_utc(), sources }
    }
}
