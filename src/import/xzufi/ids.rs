//! Ids: as numbers, as references between objects, and as the ids of records.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::objects::{Identifikator, Kind};

/// Longest [`Record::id`](crate::import::record::Record::id).
const MAX_ID: usize = 30;

/// An id of any kind of object as a number.
pub(super) type Number = u32;

/// Finds objects by the ids others name them with.
#[derive(Default)]
pub(super) struct Index<'a> {
    objects: FxHashSet<(Kind, Number)>,
    /// By the id without agency.
    by_id: FxHashMap<(Kind, &'a str), Vec<Number>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(objects: impl Iterator<Item = (Kind, Number)>, ids: &'a Ids) -> Self {
        let mut index = Self::default();
        for (kind, number) in objects {
            let (_, id) = ids.name(number);
            index.objects.insert((kind, number));
            index.by_id.entry((kind, id)).or_default().push(number);
        }
        index
    }

    /// The object of an id. Where one side names no agency, the id alone is enough if it is unique.
    pub(super) fn resolve(&self, kind: Kind, number: Number, ids: &Ids) -> Option<Number> {
        if self.objects.contains(&(kind, number)) {
            return Some(number);
        }
        let (agency, id) = ids.name(number);
        let candidates = self.by_id.get(&(kind, id))?.iter().copied();
        let mut fitting = candidates.filter(|n| agency.is_empty() || ids.name(*n).0.is_empty());
        fitting.next().filter(|_| fitting.next().is_none())
    }
}

/// Ids as numbers: one stands in hundreds of Zuständigkeiten.
#[derive(Default)]
pub(super) struct Ids {
    numbers: FxHashMap<Rc<str>, Number>,
    names: Vec<Rc<str>>,
}

impl Ids {
    /// Between agency and id.
    const SEPARATOR: char = '\u{1f}';

    fn key(id: &Identifikator) -> String {
        format!("{}{}{}", id.agency, Self::SEPARATOR, id.id)
    }

    /// The number of an id, new or known.
    pub(super) fn number(&mut self, id: &Identifikator) -> Number {
        let key = Self::key(id);
        if let Some(number) = self.numbers.get(key.as_str()) {
            return *number;
        }
        let key: Rc<str> = key.into();
        let number = Number::try_from(self.names.len()).unwrap_or(Number::MAX);
        self.names.push(Rc::clone(&key));
        self.numbers.insert(key, number);
        number
    }

    /// The number of an id, if it was named before.
    pub(super) fn known(&self, id: &Identifikator) -> Option<Number> {
        self.numbers.get(Self::key(id).as_str()).copied()
    }

    /// Agency and id.
    pub(super) fn name(&self, number: Number) -> (&str, &str) {
        let name = self.names.get(number as usize).map_or("", |name| name);
        name.split_once(Self::SEPARATOR).unwrap_or(("", name))
    }
}

/// Ids of records for these ids of objects: safe, short and (but for a clash of hashes) unique. They
/// stay the same from import to import.
pub(super) fn record_ids(numbers: &[Number], ids: &Ids) -> Vec<String> {
    let names = || numbers.iter().map(|number| ids.name(*number));
    let mut count: FxHashMap<String, u32> = FxHashMap::default();
    for name in names() {
        *count.entry(safe_id(name)).or_default() += 1;
    }
    let record_id = |name| {
        let safe = safe_id(name);
        let fits = safe.len() <= MAX_ID && count.get(&safe) == Some(&1);
        if fits { safe } else { hashed_id(&safe, name) }
    };
    names().map(record_id).collect()
}

/// An id in the letters allowed for a record, with its agency if it does not name it.
fn safe_id((agency, id): (&str, &str)) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let whole = match agency {
        "" => id.to_owned(),
        agency if id.contains(agency) => id.to_owned(),
        agency => format!("{agency}.{id}"),
    };
    whole.chars().map(safe).collect()
}

/// The beginning of an id that is too long or not unique, and a hash (FNV-1a) of it all.
fn hashed_id(safe: &str, (agency, id): (&str, &str)) -> String {
    let bytes = agency.bytes().chain([0]).chain(id.bytes());
    let hash = bytes
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // Safe ids are ASCII.
    let head: String = safe.chars().take(MAX_ID - 9).collect();
    format!("{head}-{hash:08x}")
}
