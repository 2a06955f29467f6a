//! What foreign catalogs call their services, found beside the trained model.
//!
//! A town's own catalog holds hundreds of services that no other place has, and special cases of
//! those that all have. They come with a name and perhaps some search words: too little to train
//! on, and they change with every import. So they form a second index, searched by plain likeness
//! and only where they hold. The names that the town gives to services of ours are in it too: a
//! local service is meant only if it is more like the question than those.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Matcher, Query,
    likeness::{self, Like, Likeness, telling},
    vocabulary::Vocabulary,
};
use crate::{
    catalog::{Catalog, LocalEntry, Service},
    ids::{RegionKey, ServiceId},
    text::tokens,
};

/// The entries of foreign catalogs, by what they are called.
#[derive(Debug, Default)]
pub struct LocalIndex {
    likeness: Likeness,
    entries: Vec<Entry>,
    by_id: FxHashMap<ServiceId, usize>,
    here: FxHashMap<RegionKey, Vec<u32>>,
    /// Names without filler, to the entries that have them.
    called: FxHashMap<String, Vec<u32>>,
}

#[derive(Debug)]
struct Entry {
    ours: Option<ServiceId>,
    part: bool,
    service: Service,
}

/// An entry that is like a question.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalMatch {
    /// What is meant: one of our services, or an entry of its own (`berlin:324190`).
    pub service: ServiceId,
    /// The service of ours that it is, or is a special case of.
    pub ours: Option<ServiceId>,
    /// How well it fits, 0 to 1.
    pub likeness: f32,
    /// Cosine of the question and the nearest of its names, 0 to 1.
    pub cosine: f32,
    /// The part of the question, by rarity, that its names and its summary hold, 0 to 1.
    pub cover: f32,
}

impl LocalMatch {
    pub(super) fn of(like: &Like, service: ServiceId, ours: Option<ServiceId>) -> Self {
        let Like { cosine, cover, .. } = *like;
        Self { service, ours, likeness: like.likeness(), cosine, cover }
    }

    /// Whether it is one of our services and nothing else.
    pub fn is_ours(&self) -> bool {
        self.ours.as_ref() == Some(&self.service)
    }
}

impl LocalIndex {
    /// Takes the entries of foreign catalogs apart. How rare a word is, the catalog knows better than
    /// the few names of a town: there, words of every day are rare.
    pub fn build(entries: Vec<LocalEntry>, catalog: &Catalog, matcher: &Matcher) -> Self {
        let texts = entries.iter().flat_map(|entry| names(entry).chain(&entry.summary));
        let vocabulary = Vocabulary::build(likeness::words(texts), &catalog.lexicon);
        let mut index = Self { likeness: Likeness::new(vocabulary), ..Self::default() };
        for (at, entry) in (0u32..).zip(entries) {
            index.likeness.add(at, names(&entry), entry.summary.as_deref(), matcher);
            for name in std::iter::once(&entry.name).chain(&entry.official) {
                // What stands in brackets is an abbreviation or a hint.
                let name = name.split('(').next().unwrap_or(name);
                let called = telling(tokens(name).iter().map(|token| token.folded.as_str()));
                index.called.entry(called).or_default().push(at);
            }
            for region in &entry.regions {
                index.here.entry(*region).or_default().push(at);
            }
            let of = entry.ours.as_ref().and_then(|id| catalog.service(id));
            index.by_id.insert(entry.id.clone(), at as usize);
            let service = entry.service(of);
            index.entries.push(Entry { ours: entry.ours, part: entry.part, service });
        }
        index
    }

    /// A service that only foreign catalogs know.
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.by_id.get(id).map(|at| &self.entries[*at].service)
    }

    /// The service of ours that an entry is, or is a special case of.
    pub fn ours(&self, id: &ServiceId) -> Option<&ServiceId> {
        self.entries[*self.by_id.get(id)?].ours.as_ref()
    }

    /// Whether an entry is only a special case of a service of ours.
    pub fn is_part(&self, id: &ServiceId) -> bool {
        self.by_id.get(id).is_some_and(|at| self.entries[*at].part)
    }

    /// The entry of a place's own, or special case, that is called just so.
    pub fn called(&self, query: &Query, place: RegionKey) -> Option<&ServiceId> {
        let words = query.tokens.iter().zip(&query.roles);
        let words = words.filter(|(_, role)| !role.is_left_out());
        let entries = self.called.get(&telling(words.map(|(token, _)| token.folded.as_str())))?;
        let holds = |at: &&u32| {
            place.chain().any(|key| self.here.get(&key).is_some_and(|here| here.contains(at)))
        };
        let entry = &self.entries[*entries.iter().find(holds)? as usize];
        (entry.ours.is_none() || entry.part).then_some(&entry.service.id)
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries that hold at a place and are like a question, most like first; those that are
    /// the same service of ours count once.
    pub fn find(
        &self,
        query: &Query,
        matcher: &Matcher,
        place: RegionKey,
        at_most: usize,
    ) -> Vec<LocalMatch> {
        let here: FxHashSet<u32> =
            place.chain().filter_map(|region| self.here.get(&region)).flatten().copied().collect();
        if here.is_empty() {
            return Vec::new();
        }
        let mut best: FxHashMap<&ServiceId, (u32, LocalMatch)> = FxHashMap::default();
        for like in self.likeness.find(query, matcher, |entry| here.contains(&entry)) {
            let (entry, likeness) = (like.entry, like.likeness());
            let Entry { ours, part, service } = &self.entries[entry as usize];
            let id = ours.as_ref().filter(|_| !part).unwrap_or(&service.id);
            let found = LocalMatch::of(&like, id.clone(), ours.clone());
            match best.get_mut(id) {
                Some(known) if (known.1.likeness, entry) >= (likeness, known.0) => {}
                Some(known) => *known = (entry, found),
                None => {
                    best.insert(id, (entry, found));
                }
            }
        }
        let mut found: Vec<(u32, LocalMatch)> = best.into_values().collect();
        found.sort_by(|a, b| b.1.likeness.total_cmp(&a.1.likeness).then(a.0.cmp(&b.0)));
        found.truncate(at_most);
        found.into_iter().map(|(_, found)| found).collect()
    }
}

/// All that an entry is called.
fn names(entry: &LocalEntry) -> impl Iterator<Item = &String> {
    std::iter::once(&entry.name).chain(&entry.official).chain(&entry.says)
}
