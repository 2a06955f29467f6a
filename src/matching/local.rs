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
    expressions::Word,
    features::{Extracted, Key, Kind, Role, any_number, extract},
    stopwords,
    vocabulary::Vocabulary,
};
use crate::{
    catalog::{Catalog, LocalEntry, Service},
    ids::{RegionKey, ServiceId},
    text::tokens,
};

/// A word that neither an entry nor the catalog holds weighs so much of what the rarest weighs.
const UNKNOWN: f32 = 0.5;

/// What a summary says counts so much of what the name says.
const SUMMARY: f32 = 0.7;
/// How much the name's likeness counts, and how much it counts that the question is explained.
const NAME: f32 = 0.5;

/// The entries of foreign catalogs, by what they are called.
#[derive(Debug, Default)]
pub struct LocalIndex {
    vocabulary: Vocabulary,
    entries: Vec<Entry>,
    by_id: FxHashMap<ServiceId, usize>,
    here: FxHashMap<RegionKey, Vec<u32>>,
    /// Names without filler, to the entries that have them.
    called: FxHashMap<String, Vec<u32>>,
    /// Each feature, to the names that hold it and its share there.
    names: FxHashMap<Key, Vec<(u32, f32)>>,
    /// The entry of each name.
    entry_of: Vec<u32>,
    /// Each feature, to the entries that hold it anywhere and how much it counts there.
    texts: FxHashMap<Key, Vec<(u32, f32)>>,
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
    /// Whether it is one of our services and nothing else.
    pub fn is_ours(&self) -> bool {
        self.ours.as_ref() == Some(&self.service)
    }
}

impl LocalIndex {
    /// Takes the entries of foreign catalogs apart. How rare a word is, the catalog knows better than
    /// the few names of a town: there, words of every day are rare.
    pub fn build(entries: Vec<LocalEntry>, catalog: &Catalog, matcher: &Matcher) -> Self {
        let mut index = Self { vocabulary: vocabulary(&entries, catalog), ..Self::default() };
        for (at, entry) in (0u32..).zip(entries) {
            let names = std::iter::once(&entry.name).chain(&entry.official).chain(&entry.says);
            let mut seen = FxHashSet::default();
            let mut bag: FxHashMap<Key, f32> = FxHashMap::default();
            for name in names.filter(|name| seen.insert(name.to_lowercase())) {
                let mut vector = index.weights(name, matcher);
                for (key, _) in &vector {
                    bag.insert(*key, 1.0);
                }
                let norm = vector.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
                vector.iter_mut().for_each(|(_, weight)| *weight /= norm.max(f32::MIN_POSITIVE));
                let number = index.entry_of.len() as u32;
                for (key, share) in vector {
                    index.names.entry(key).or_default().push((number, share));
                }
                index.entry_of.push(at);
            }
            for (key, _) in entry.summary.iter().flat_map(|text| index.weights(text, matcher)) {
                bag.entry(key).or_insert(SUMMARY);
            }
            for (key, counts) in bag {
                index.texts.entry(key).or_default().push((at, counts));
            }
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

    fn weights(&self, text: &str, matcher: &Matcher) -> Vec<(Key, f32)> {
        let words = tokens(text);
        let roles = vec![Role::default(); words.len()];
        weights(&extract(&words, &roles, &self.vocabulary), matcher)
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
        let extracted = extract(&query.tokens, &query.roles, &self.vocabulary);
        let vector = weights(&extracted, matcher);
        let is_known = |key: &Key| self.texts.contains_key(key);
        // Of a word that no entry holds, only the word itself counts against.
        let words: FxHashSet<Key> = extracted
            .features
            .iter()
            .filter(|feature| feature.kind == Kind::Word)
            .map(|feature| feature.key)
            .collect();
        let counts = |key: &Key| {
            // A word that the catalog knows is no slip: what it says is missing here.
            let is_a_word = words.contains(key);
            if is_known(key) || is_a_word && matcher.index.feature(*key).is_some() {
                1.0
            } else if is_a_word {
                UNKNOWN
            } else {
                0.0
            }
        };
        let norm: f32 = vector.iter().map(|(key, w)| (w * counts(key)).powi(2)).sum();
        let length = norm.sqrt().max(f32::MIN_POSITIVE);
        let mut cosines: FxHashMap<u32, f32> = FxHashMap::default();
        let mut covers: FxHashMap<u32, f32> = FxHashMap::default();
        for (key, weight) in &vector {
            for (number, share) in self.names.get(key).into_iter().flatten() {
                if here.contains(&self.entry_of[*number as usize]) {
                    *cosines.entry(*number).or_default() += weight * share / length;
                }
            }
            for (entry, counts) in self.texts.get(key).into_iter().flatten() {
                if here.contains(entry) {
                    *covers.entry(*entry).or_default() +=
                        counts * weight * weight / norm.max(f32::MIN_POSITIVE);
                }
            }
        }
        let mut likest: FxHashMap<u32, f32> = FxHashMap::default();
        for (number, cosine) in cosines {
            let best = likest.entry(self.entry_of[number as usize]).or_default();
            *best = best.max(cosine);
        }
        let mut best: FxHashMap<&ServiceId, (u32, LocalMatch)> = FxHashMap::default();
        for (entry, cover) in covers {
            let cosine = likest.get(&entry).copied().unwrap_or_default();
            let Entry { ours, part, service } = &self.entries[entry as usize];
            let id = ours.as_ref().filter(|_| !part).unwrap_or(&service.id);
            let likeness = NAME * cosine + (1.0 - NAME) * cover;
            let found =
                LocalMatch { service: id.clone(), ours: ours.clone(), likeness, cosine, cover };
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

/// Words without filler, in one line.
fn telling<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.filter(|word| !stopwords::is_stop(word)).collect::<Vec<_>>().join(" ")
}

/// Each feature once, with its greatest weight, by its rarity in the catalog.
fn weights(extracted: &Extracted, matcher: &Matcher) -> Vec<(Key, f32)> {
    let index = &matcher.index;
    let rarity = |key| index.feature(key).map_or(index.unknown_rarity, |id| index.rarity(id));
    let mut weights: Vec<(Key, f32)> = extracted
        .features
        .iter()
        .map(|feature| (feature.key, feature.weight * rarity(feature.key)))
        .collect();
    weights.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
    weights.dedup_by_key(|(key, _)| *key);
    weights
}

/// The words of the entries, so that they are no typing errors of others, and their compounds can be
/// taken apart.
fn vocabulary(entries: &[LocalEntry], catalog: &Catalog) -> Vocabulary {
    let mut counts: FxHashMap<String, u32> = FxHashMap::default();
    for entry in entries {
        let names = std::iter::once(&entry.name).chain(&entry.official).chain(&entry.says);
        for text in names.chain(&entry.summary) {
            for token in tokens(text) {
                if !stopwords::is_stop(&token.folded) {
                    *counts.entry(any_number(&token.folded).into_owned()).or_default() += 1;
                }
            }
        }
    }
    let word = |(folded, count)| Word { folded, services: count, expressions: count };
    Vocabulary::build(counts.into_iter().map(word).collect(), &catalog.lexicon)
}
