//! Writes a file of offers.

use std::{
    borrow::Cow,
    fs::{self, File},
    hash::{BuildHasher, Hasher, RandomState},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use redb::{Builder, ReadableTableMetadata, Table, WriteTransaction, backends::FileBackend};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Serialize;

use super::{
    ENTRIES, FORMAT, META, Manifest, OFFERS, OffersFile, OpenError, PARTS, SERVICES,
    row::{Part, Row, number},
    seal::{Checksum, seal},
};
use crate::{
    catalog::offer::{LocalEntry, Offer},
    ids::{RegionKey, ServiceId},
};

/// Memory of redb while it writes. Sorted input touches few pages at a time; input in any order is
/// the quicker the more of the tree fits.
const CACHE: usize = 256 << 20;

const DRAFT: &str = ".tmp";

/// A draft that was not touched for so long was left behind by an import that was killed.
const FORGOTTEN: Duration = Duration::from_secs(24 * 60 * 60);

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Number of offers.
    pub offers: u64,
    /// Number of entries.
    pub entries: u64,
    /// Number of parts that several offers share.
    pub parts: u64,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Hash of offers and entries, as [`OffersFile::hash`] gives it.
    pub hash: String,
}

/// Why nothing was written. The old file, if there is one, is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The disk is full, the directory is missing ...
    #[error("»{file}« lässt sich nicht schreiben: {error}")]
    Io {
        /// The file to be written.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// The same, noticed by redb.
    #[error("Die Angebots-Datei lässt sich nicht schreiben: {0}")]
    Store(Box<redb::Error>),
    /// A service may have one offer in a region; others are its variants.
    #[error("Zwei Angebote für »{service}« in der Region {region}")]
    Duplicate {
        /// The service.
        service: ServiceId,
        /// The region.
        region: RegionKey,
    },
    /// More than 2^32 services, parts or entries.
    #[error("Zu viele Angebote für eine Angebots-Datei")]
    TooMany,
    /// A value cannot be written down (a year of five digits).
    #[error("Ein Angebot lässt sich nicht schreiben: {0}")]
    Value(#[from] postcard::Error),
    /// The manifest cannot be written down.
    #[error("Die Quellen-Angaben lassen sich nicht schreiben: {0}")]
    Manifest(#[from] serde_json::Error),
    /// What was written cannot be read again.
    #[error("Die neue Angebots-Datei ist nicht lesbar: {0}")]
    Unreadable(#[from] OpenError),
}

impl From<redb::Error> for WriteError {
    fn from(error: redb::Error) -> Self {
        Self::Store(Box::new(error))
    }
}
from_redb!(WriteError);

/// Writes offers and entries into a new file that takes the place of the one at `path`.
///
/// Readers of the old file go on reading it. On any error the old file stays. Two imports at once
/// do no harm: the one that ends last has the say.
///
/// Offers may come in any order. By service, then region in ascending order, is quickest and gives
/// a file of half the size, since redb then fills its blocks. In memory are some twenty bytes for
/// each text that occurs once, and each text that offers share.
pub fn write(
    path: &Path,
    manifest: Manifest,
    entries: impl IntoIterator<Item = LocalEntry>,
    offers: impl IntoIterator<Item = (ServiceId, RegionKey, Offer)>,
) -> Result<Written, WriteError> {
    let io = |error| WriteError::Io { file: path.display().to_string(), error };
    let (draft, file) = Draft::beside(path).map_err(io)?;
    let backend = FileBackend::new(file.try_clone().map_err(io)?)?;
    let mut written = fill(backend, manifest, entries, offers)?;
    written.bytes = seal(&file).map_err(io)?;
    drop(file);
    // What cannot be read must not take the place of what can.
    OffersFile::open(&draft.0)?;
    draft.replace(path).map_err(io)?;
    Ok(written)
}

/// Everything in one transaction: nobody sees the file before it is complete.
fn fill(
    backend: FileBackend,
    manifest: Manifest,
    entries: impl IntoIterator<Item = LocalEntry>,
    offers: impl IntoIterator<Item = (ServiceId, RegionKey, Offer)>,
) -> Result<Written, WriteError> {
    let db = Builder::new().set_cache_size(CACHE).create_with_backend(backend)?;
    let writing = db.begin_write()?;
    let mut content = Checksum::new();
    let (offers, parts) = fill_offers(&writing, offers, &mut content)?;
    let entries = fill_entries(&writing, entries, &mut content)?;
    let hash = format!("{:016x}", content.finish());
    fill_meta(&writing, &Manifest { format: FORMAT, ..manifest }, &hash)?;
    writing.commit()?;
    db.close()?;
    Ok(Written { offers, entries, parts, bytes: 0, hash })
}

/// Gives the number of offers and of shared parts.
fn fill_offers(
    writing: &WriteTransaction,
    offers: impl IntoIterator<Item = (ServiceId, RegionKey, Offer)>,
    content: &mut Checksum,
) -> Result<(u64, u64), WriteError> {
    let mut services = Services::new(writing.open_table(SERVICES)?);
    let mut parts = Parts::new(writing.open_table(PARTS)?);
    let mut rows = writing.open_table(OFFERS)?;
    for (service, region, offer) in offers {
        let row = postcard::to_allocvec(&Row::pack(offer, &mut parts)?)?;
        let key = (services.number(&service)?, number(region));
        content.write(service.as_str().as_bytes());
        content.write(&key.1.to_le_bytes());
        content.write(&row);
        if rows.insert(key, row.as_slice())?.is_some() {
            return Err(WriteError::Duplicate { service, region });
        }
    }
    content.write(&parts.content.finish().to_le_bytes());
    Ok((rows.len()?, parts.table.len()?))
}

fn fill_entries(
    writing: &WriteTransaction,
    entries: impl IntoIterator<Item = LocalEntry>,
    content: &mut Checksum,
) -> Result<u64, WriteError> {
    let mut table = writing.open_table(ENTRIES)?;
    for entry in entries {
        let entry = postcard::to_allocvec(&entry)?;
        content.write(&entry);
        let number = next(table.len()?)?;
        table.insert(number, entry.as_slice())?;
    }
    Ok(table.len()?)
}

fn fill_meta(
    writing: &WriteTransaction,
    manifest: &Manifest,
    hash: &str,
) -> Result<(), WriteError> {
    let mut meta = writing.open_table(META)?;
    meta.insert("manifest", serde_json::to_string(manifest)?.as_str())?;
    meta.insert("hash", hash)?;
    Ok(())
}

/// The number of what comes after so many.
fn next(count: u64) -> Result<u32, WriteError> {
    count.try_into().map_err(|_| WriteError::TooMany)
}

/// Numbers services as they come.
struct Services<'t> {
    table: Table<'t, u32, &'static str>,
    numbers: FxHashMap<ServiceId, u32>,
}

impl<'t> Services<'t> {
    fn new(table: Table<'t, u32, &'static str>) -> Self {
        Self { table, numbers: FxHashMap::default() }
    }

    fn number(&mut self, service: &ServiceId) -> Result<u32, WriteError> {
        if let Some(number) = self.numbers.get(service) {
            return Ok(*number);
        }
        let number = next(self.numbers.len() as u64)?;
        self.table.insert(number, service.as_str())?;
        self.numbers.insert(service.clone(), number);
        Ok(number)
    }
}

/// Stores what occurs again once.
pub(super) struct Parts<'t> {
    table: Table<'t, u32, &'static [u8]>,
    /// What occurred at least twice.
    shared: FxHashMap<Box<[u8]>, u32>,
    /// Checksums of what occurred. If two are the same, a part is shared too early: no harm.
    seen: FxHashSet<u64>,
    content: Checksum,
    /// Kept, to save an allocation for each part.
    buffer: Vec<u8>,
}

impl<'t> Parts<'t> {
    fn new(table: Table<'t, u32, &'static [u8]>) -> Self {
        Self {
            table,
            shared: FxHashMap::default(),
            seen: FxHashSet::default(),
            content: Checksum::new(),
            buffer: Vec::new(),
        }
    }

    /// A value as it is to stand in a row.
    pub(super) fn put(&mut self, value: &impl Serialize) -> Result<Part<'static>, WriteError> {
        self.buffer.clear();
        self.buffer = postcard::to_extend(value, std::mem::take(&mut self.buffer))?;
        let bytes = self.buffer.as_slice();
        if let Some(number) = self.shared.get(bytes) {
            return Ok(Part::Shared(*number));
        }
        if self.seen.insert(Checksum::of(bytes)) {
            return Ok(Part::Own(Cow::Owned(bytes.to_vec())));
        }
        let number = next(self.shared.len() as u64)?;
        self.table.insert(number, bytes)?;
        self.content.write(bytes);
        self.shared.insert(bytes.into(), number);
        Ok(Part::Shared(number))
    }

    /// A value that may be missing.
    pub(super) fn maybe(
        &mut self,
        value: Option<&impl Serialize>,
    ) -> Result<Option<Part<'static>>, WriteError> {
        value.map(|value| self.put(value)).transpose()
    }

    /// A list as one part; nothing, if it is empty.
    pub(super) fn list(
        &mut self,
        list: &Vec<impl Serialize>,
    ) -> Result<Option<Part<'static>>, WriteError> {
        self.maybe(Some(list).filter(|list| !list.is_empty()))
    }
}

/// A file to be; removed if it does not take the place it is for.
struct Draft(PathBuf);

impl Draft {
    /// A new file in the same directory, since only there it can be renamed in one step.
    fn beside(path: &Path) -> io::Result<(Self, File)> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidFilename)?.to_string_lossy();
        sweep(directory(path), &format!(".{name}."));
        let random = RandomState::new().build_hasher().finish();
        let draft = directory(path).join(format!(".{name}.{random:016x}{DRAFT}"));
        let file = File::options().read(true).write(true).create_new(true).open(&draft)?;
        Ok((Self(draft), file))
    }

    /// Puts it, which is on the disk already, in its place for good.
    fn replace(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)?;
        // A directory is a file on Unix only.
        #[cfg(unix)]
        File::open(directory(path))?.sync_all()?;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove.
        let _ = fs::remove_file(&self.0);
    }
}

/// Removes drafts that imports left behind when they were killed, as far as that is possible.
fn sweep(directory: &Path, prefix: &str) {
    for file in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = file.file_name();
        let name = name.to_string_lossy();
        let age = || file.metadata().ok()?.modified().ok()?.elapsed().ok();
        if name.starts_with(prefix) && name.ends_with(DRAFT) && age() > Some(FORGOTTEN) {
            let _ = fs::remove_file(file.path());
        }
    }
}

fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != "").unwrap_or(Path::new("."))
}
