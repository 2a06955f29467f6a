//! What lies on disk, and what of it has changed. Files are looked at every few seconds: that works on
//! every file system, needs no privilege, and costs some hundred calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    config::{Config, Process},
    ids::TenantId,
};

/// The state of the files when they were last looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    catalog: Marks,
    offers: BTreeMap<PathBuf, Option<Mark>>,
    outages: BTreeMap<PathBuf, Option<Mark>>,
    tenants: BTreeMap<TenantId, Marks>,
}

type Marks = BTreeMap<PathBuf, Mark>;

/// By what a changed file is told: time of change, length, and on Unix its number, which a file
/// renamed over another one brings with it.
type Mark = (Option<SystemTime>, u64, u64);

/// What changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Changes {
    /// The catalog that all towns have in common.
    pub catalog: bool,
    /// The offers in these data directories.
    pub offers: BTreeSet<PathBuf>,
    /// The notes about outages in these data directories.
    pub outages: BTreeSet<PathBuf>,
    /// Settings, overlay or conversations of these towns.
    pub tenants: BTreeSet<TenantId>,
    /// The notes about outages that the store keeps for these towns (`*`: for all).
    pub notes: BTreeSet<String>,
}

impl Changes {
    pub fn any(&self) -> bool {
        *self != Self::default()
    }

    /// These and those.
    pub fn merge(&mut self, other: Self) {
        self.catalog |= other.catalog;
        self.offers.extend(other.offers);
        self.outages.extend(other.outages);
        self.tenants.extend(other.tenants);
        self.notes.extend(other.notes);
    }
}

/// Deeper nesting is a loop of links.
const MAX_DEPTH: usize = 6;

impl Seen {
    /// Looks at the files of a process and of the towns it serves.
    pub fn now<'a>(process: &Process, towns: impl Iterator<Item = &'a Config>) -> Self {
        let mut seen = Self::default();
        if let Some(dir) = process.base.catalog_dir() {
            look(dir, 0, &mut seen.catalog);
        }
        for config in towns {
            let data = config.data_dir();
            if seen.offers.contains_key(data.path()) {
                continue;
            }
            look(&data.path().join("conversations"), 0, &mut seen.catalog);
            seen.offers.insert(data.path().to_owned(), mark(&data.offers()));
            seen.outages.insert(data.path().to_owned(), mark(&data.outages()));
        }
        match &process.dir {
            None => {
                let mut marks = Marks::new();
                look(&process.base.bot.overlay, 0, &mut marks);
                seen.tenants.insert(TenantId::only(), marks);
            }
            // A file whose name is no id is told of when another one is read.
            Some(dir) => {
                for (id, path) in dir.files().unwrap_or_default().0 {
                    let mut marks: Marks =
                        mark(&path).map(|mark| (path, mark)).into_iter().collect();
                    look(&dir.path().join(id.as_str()), 0, &mut marks);
                    seen.tenants.insert(id, marks);
                }
            }
        }
        seen
    }

    /// All of it, as if it had changed.
    pub fn all(&self) -> Changes {
        Changes {
            catalog: true,
            offers: self.offers.keys().cloned().collect(),
            outages: self.outages.keys().cloned().collect(),
            tenants: self.tenants.keys().cloned().collect(),
            notes: BTreeSet::new(),
        }
    }

    /// What differs from before.
    pub fn changed_since(&self, before: &Self) -> Changes {
        Changes {
            catalog: self.catalog != before.catalog,
            offers: differing(&self.offers, &before.offers),
            outages: differing(&self.outages, &before.outages),
            tenants: differing(&self.tenants, &before.tenants),
            notes: BTreeSet::new(),
        }
    }
}

/// The keys whose values differ, or that only one side has.
fn differing<K: Ord + Clone, V: PartialEq>(
    now: &BTreeMap<K, V>,
    before: &BTreeMap<K, V>,
) -> BTreeSet<K> {
    let keys = now.keys().chain(before.keys());
    keys.filter(|key| now.get(key) != before.get(key)).cloned().collect()
}

fn look(dir: &Path, depth: usize, marks: &mut Marks) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && depth < MAX_DEPTH {
            look(&path, depth + 1, marks);
        } else if let Some(mark) = mark(&path) {
            marks.insert(path, mark);
        }
    }
}

fn mark(path: &Path) -> Option<Mark> {
    let meta = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&meta);
    #[cfg(not(unix))]
    let number = 0;
    Some((meta.modified().ok(), meta.len(), number))
}
