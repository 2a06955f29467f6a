//! Reads a file of offers.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use redb::{Builder, ReadOnlyTable, ReadableDatabase, ReadableTable, ReadableTableMetadata};
use rustc_hash::FxHashMap;
use serde::de::DeserializeOwned;

use super::{
    ENTRIES, FORMAT, META, Manifest, OFFERS, PARTS, REBUILD, SERVICES,
    row::{self, Part, Row},
    seal::Sealed,
};
use crate::{
    catalog::offer::{LocalEntry, Offer, Offers},
    ids::{RegionKey, ServiceId},
    reply::AvailabilityKind,
};

/// Memory for blocks that were read. The system keeps more of them, at no cost to us.
const CACHE: usize = 32 << 20;
/// The same for a scan, which comes by each block once.
const SCAN_CACHE: usize = 1 << 20;

/// Why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("»{file}« {fault}")]
pub struct OpenError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is missing, or may not be read.
    #[error("lässt sich nicht lesen ({0}): Pfad und Rechte prüfen, sonst {REBUILD}")]
    Io(#[from] std::io::Error),
    /// A directory, a pipe ...
    #[error("ist keine Datei: Pfad prüfen")]
    NotAFile,
    /// Empty, cut short, or something else.
    #[error("ist keine vollständige Angebots-Datei: Pfad prüfen, sonst {REBUILD}")]
    Foreign,
    /// An earlier version of this program wrote it.
    #[error("hat das ältere Format {0}, dieses Programm liest Format {FORMAT}: {REBUILD}")]
    Older(u32),
    /// A later version of this program wrote it.
    #[error(
        "hat das neuere Format {0}, dieses Programm liest Format {FORMAT}: \
         das Programm erneuern, oder die Datei {REBUILD}"
    )]
    Newer(u32),
    /// Not what was written.
    #[error("ist beschädigt ({0}): {REBUILD}")]
    Damaged(String),
}

impl From<redb::Error> for Fault {
    fn from(error: redb::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}
from_redb!(Fault);

/// Why something could not be read from an open file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk does not answer, or not with what was written.
    #[error("Die Angebots-Datei lässt sich nicht lesen ({0}): {REBUILD}")]
    Store(Box<redb::Error>),
    /// An entry is not what this program writes.
    #[error("Die Angebots-Datei enthält einen unlesbaren Eintrag: {REBUILD}")]
    Malformed,
}

impl From<redb::Error> for ReadError {
    fn from(error: redb::Error) -> Self {
        Self::Store(Box::new(error))
    }
}
from_redb!(ReadError);

impl From<postcard::Error> for ReadError {
    fn from(_: postcard::Error) -> Self {
        Self::Malformed
    }
}

/// An open file of offers. Look-ups may come from many threads at once.
///
/// What cannot be read is as if it were not there: the answer is the general one, and
/// [`OffersFile::damaged`] counts.
pub struct OffersFile {
    sealed: Sealed,
    tables: RwLock<Arc<Tables>>,
    /// By number.
    services: Vec<ServiceId>,
    numbers: FxHashMap<ServiceId, u32>,
    manifest: Manifest,
    hash: String,
    len: u64,
    damaged: AtomicU64,
}

impl OffersFile {
    /// Opens a file for reading; several processes may do so at once. Nothing is created, changed
    /// or locked. Of the offers, nothing is read yet.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let open = || {
            let sealed = Sealed::open(path)?;
            let tables = Tables::open(&sealed, CACHE)?;
            Self::load(sealed, tables)
        };
        open().map_err(|fault| OpenError { file: path.display().to_string(), fault })
    }

    fn load(sealed: Sealed, tables: Tables) -> Result<Self, Fault> {
        let unreadable = |what: &str| Fault::Damaged(format!("{what} unlesbar"));
        let meta =
            |key| Ok::<_, Fault>(tables.meta.get(key)?.map(|value| value.value().to_owned()));
        let manifest = meta("manifest")?.and_then(|json| serde_json::from_str(&json).ok());
        let mut services = Vec::new();
        for service in tables.services.iter()? {
            let service = service?.1.value().parse();
            services.push(service.map_err(|_| unreadable("Leistungs-Kennung"))?);
        }
        Ok(Self {
            numbers: services.iter().cloned().zip(0..).collect(),
            services,
            manifest: manifest.ok_or_else(|| unreadable("Quellen-Angaben"))?,
            hash: meta("hash")?.ok_or_else(|| unreadable("Prüfwert"))?,
            len: tables.offers.len()?,
            damaged: AtomicU64::new(0),
            tables: RwLock::new(Arc::new(tables)),
            sealed,
        })
    }

    /// What it was made of, and when.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Hash of offers and entries in the order of writing, 16 hexadecimal digits: the same as long
    /// as an import brings nothing new.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The number of offers.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is no offer.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many look-ups found something that could not be read, since it was opened.
    pub fn damaged(&self) -> u64 {
        self.damaged.load(Ordering::Relaxed)
    }

    /// The entries, in the order of writing. Not kept in memory.
    pub fn read_entries(&self) -> Result<Vec<LocalEntry>, ReadError> {
        let tables = Tables::open(&self.sealed, SCAN_CACHE)?;
        let mut entries = Vec::new();
        for entry in tables.entries.iter()? {
            entries.push(postcard::from_bytes(entry?.1.value())?);
        }
        Ok(entries)
    }

    /// The offers in exactly this region, in the order in which their services were first written.
    pub fn in_region(&self, region: RegionKey) -> Vec<(ServiceId, Offer)> {
        let offer = |service: &ServiceId| Some((service.clone(), self.offer(service, region)?));
        self.services.iter().filter_map(offer).collect()
    }

    /// Goes over all offers without reading their texts: by service, in the order in which services
    /// were first written, then region. Ends at the first that cannot be read.
    pub fn for_each(
        &self,
        f: &mut dyn FnMut(&ServiceId, RegionKey, AvailabilityKind),
    ) -> Result<(), ReadError> {
        // Tables of its own, so that the scan does not push out what citizens ask for.
        let tables = Tables::open(&self.sealed, SCAN_CACHE)?;
        for offer in tables.offers.iter()? {
            let (key, row) = offer?;
            let (service, region) = key.value();
            let service = self.services.get(service as usize).ok_or(ReadError::Malformed)?;
            f(service, row::region(region)?, row::kind(row.value())?);
        }
        Ok(())
    }

    fn look_up(&self, service: u32, region: u64) -> Result<Option<Offer>, ReadError> {
        let tables = Arc::clone(&self.tables.read().unwrap_or_else(PoisonError::into_inner));
        match tables.offer(service, region) {
            Err(ReadError::Store(_)) => self.renew(&tables)?.offer(service, region),
            answer => answer,
        }
    }

    /// Opens the tables anew, unless another thread has done so.
    ///
    /// redb reads nothing more from a file once it could not read a block: without this, one bad
    /// block would silence all offers.
    fn renew(&self, failed: &Arc<Tables>) -> Result<Arc<Tables>, redb::Error> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&tables, failed) {
            *tables = Arc::new(Tables::open(&self.sealed, CACHE)?);
        }
        Ok(Arc::clone(&tables))
    }
}

impl Offers for OffersFile {
    fn offer(&self, service: &ServiceId, region: RegionKey) -> Option<Offer> {
        let service = *self.numbers.get(service)?;
        self.look_up(service, row::number(region)).unwrap_or_else(|_| {
            self.damaged.fetch_add(1, Ordering::Relaxed);
            None
        })
    }

    fn entries(&self) -> Vec<LocalEntry> {
        self.read_entries().unwrap_or_else(|_| {
            self.damaged.fetch_add(1, Ordering::Relaxed);
            Vec::new()
        })
    }
}

impl fmt::Debug for OffersFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OffersFile")
            .field("manifest", &self.manifest)
            .field("len", &self.len)
            .finish()
    }
}

/// The tables of a sealed database.
pub(super) struct Tables {
    meta: ReadOnlyTable<&'static str, &'static str>,
    services: ReadOnlyTable<u32, &'static str>,
    offers: ReadOnlyTable<(u32, u64), &'static [u8]>,
    parts: ReadOnlyTable<u32, &'static [u8]>,
    entries: ReadOnlyTable<u32, &'static [u8]>,
}

impl Tables {
    /// With so many bytes for blocks that were read.
    fn open(sealed: &Sealed, cache: usize) -> Result<Self, redb::Error> {
        let database =
            Builder::new().set_cache_size(cache).open_read_only_with_backend(sealed.clone())?;
        let reading = database.begin_read()?;
        Ok(Self {
            meta: reading.open_table(META)?,
            services: reading.open_table(SERVICES)?,
            offers: reading.open_table(OFFERS)?,
            parts: reading.open_table(PARTS)?,
            entries: reading.open_table(ENTRIES)?,
        })
    }

    fn offer(&self, service: u32, region: u64) -> Result<Option<Offer>, ReadError> {
        match self.offers.get((service, region))? {
            Some(row) => Ok(Some(postcard::from_bytes::<Row>(row.value())?.unpack(self)?)),
            None => Ok(None),
        }
    }

    /// The value of a part.
    pub(super) fn part<T: DeserializeOwned>(&self, part: &Part) -> Result<T, ReadError> {
        match part {
            Part::Own(bytes) => Ok(postcard::from_bytes(bytes)?),
            Part::Shared(number) => {
                let bytes = self.parts.get(number)?.ok_or(ReadError::Malformed)?;
                Ok(postcard::from_bytes(bytes.value())?)
            }
        }
    }

    /// The value of a part that may be missing.
    pub(super) fn maybe<T: DeserializeOwned>(
        &self,
        part: &Option<Part>,
    ) -> Result<Option<T>, ReadError> {
        part.as_ref().map(|part| self.part(part)).transpose()
    }

    /// A list that is left out if it is empty.
    pub(super) fn list<T: DeserializeOwned>(
        &self,
        part: &Option<Part>,
    ) -> Result<Vec<T>, ReadError> {
        Ok(self.maybe(part)?.unwrap_or_default())
    }
}
