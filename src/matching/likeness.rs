//! How like a question the names of some entries are: by the words they share and how rare those are
//! in the catalog.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{
    Matcher, Query,
    expressions::Word,
    features::{Extracted, Key, Kind, Role, any_number, extract},
    stopwords,
    vocabulary::Vocabulary,
};
use crate::text::tokens;

/// A word that neither an entry nor the catalog holds weighs so much of what the rarest weighs.
const UNKNOWN: f32 = 0.5;

/// What a summary says counts so much of what the name says.
const SUMMARY: f32 = 0.7;
/// How much the name's likeness counts, and how much it counts that the question is explained.
const NAME: f32 = 0.5;

/// What entries are called, by feature. Entries are numbered by whoever adds them.
#[derive(Debug, Default)]
pub(super) struct Likeness {
    vocabulary: Vocabulary,
    /// Each feature, to the names that hold it and its share there.
    names: FxHashMap<Key, Vec<(u32, f32)>>,
    /// The entry of each name.
    entry_of: Vec<u32>,
    /// Each feature, to the entries that hold it anywhere and how much it counts there.
    texts: FxHashMap<Key, Vec<(u32, f32)>>,
}

/// How like a question an entry is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Like {
    /// The number of the entry.
    pub entry: u32,
    /// Cosine of the question and the nearest of its names, 0 to 1.
    pub cosine: f32,
    /// The part of the question, by rarity, that its names and its summary hold, 0 to 1.
    pub cover: f32,
}

impl Like {
    /// How well it fits, 0 to 1.
    pub fn likeness(&self) -> f32 {
        NAME * self.cosine + (1.0 - NAME) * self.cover
    }
}

impl Likeness {
    /// No entry yet; of which words they will consist, says `vocabulary`.
    pub fn new(vocabulary: Vocabulary) -> Self {
        Self { vocabulary, ..Self::default() }
    }

    /// Whether a folded word, in just this form, is one of an entry's.
    pub fn knows(&self, folded: &str) -> bool {
        self.vocabulary.services_with(folded) > 0
    }

    /// Adds an entry with its names and what else is said of it.
    pub fn add<'a>(
        &mut self,
        entry: u32,
        names: impl IntoIterator<Item = &'a String>,
        summary: Option<&str>,
        matcher: &Matcher,
    ) {
        let mut seen = FxHashSet::default();
        let mut bag: FxHashMap<Key, f32> = FxHashMap::default();
        for name in names.into_iter().filter(|name| seen.insert(name.to_lowercase())) {
            let mut vector = self.weights(name, matcher);
            for (key, _) in &vector {
                bag.insert(*key, 1.0);
            }
            let norm = vector.iter().map(|(_, w)| w * w).sum::<f32>().sqrt();
            vector.iter_mut().for_each(|(_, weight)| *weight /= norm.max(f32::MIN_POSITIVE));
            let number = self.entry_of.len() as u32;
            for (key, share) in vector {
                self.names.entry(key).or_default().push((number, share));
            }
            self.entry_of.push(entry);
        }
        for (key, _) in summary.iter().flat_map(|text| self.weights(text, matcher)) {
            bag.entry(key).or_insert(SUMMARY);
        }
        for (key, counts) in bag {
            self.texts.entry(key).or_default().push((entry, counts));
        }
    }

    fn weights(&self, text: &str, matcher: &Matcher) -> Vec<(Key, f32)> {
        let words = tokens(text);
        let roles = vec![Role::default(); words.len()];
        weights(&extract(&words, &roles, &self.vocabulary), matcher)
    }

    /// The entries that hold and share a word with a question, in no order.
    pub fn find(&self, query: &Query, matcher: &Matcher, holds: impl Fn(u32) -> bool) -> Vec<Like> {
        let extracted = extract(&query.tokens, &query.roles, &self.vocabulary);
        let vector = weights(&extracted, matcher);
        let norm = self.norm(&extracted, &vector, matcher);
        let length = norm.sqrt().max(f32::MIN_POSITIVE);
        let mut cosines: FxHashMap<u32, f32> = FxHashMap::default();
        let mut covers: FxHashMap<u32, f32> = FxHashMap::default();
        for (key, weight) in &vector {
            for (number, share) in self.names.get(key).into_iter().flatten() {
                if holds(self.entry_of[*number as usize]) {
                    *cosines.entry(*number).or_default() += weight * share / length;
                }
            }
            for (entry, counts) in self.texts.get(key).into_iter().flatten() {
                if holds(*entry) {
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
        let cosine = |entry| likest.get(&entry).copied().unwrap_or_default();
        covers
            .into_iter()
            .map(|(entry, cover)| Like { entry, cosine: cosine(entry), cover })
            .collect()
    }

    /// The squared length of a question, as far as its features count.
    fn norm(&self, extracted: &Extracted, vector: &[(Key, f32)], matcher: &Matcher) -> f32 {
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
            let is_known = self.texts.contains_key(key);
            let may_be_missing = is_a_word || self.vocabulary.is_beside();
            if is_known || may_be_missing && matcher.index.feature(*key).is_some() {
                1.0
            } else if is_a_word {
                UNKNOWN
            } else {
                0.0
            }
        };
        vector.iter().map(|(key, w)| (w * counts(key)).powi(2)).sum()
    }
}

/// Words without filler, in one line.
pub(super) fn telling<'a>(words: impl Iterator<Item = &'a str>) -> String {
    words.filter(|word| !stopwords::is_stop(word)).collect::<Vec<_>>().join(" ")
}

/// The words of names and summaries with how often they stand there, but for filler: so that they are
/// no typing errors of others, and their compounds can be taken apart.
pub(super) fn words<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<Word> {
    let mut counts: FxHashMap<String, u32> = FxHashMap::default();
    for token in texts.flat_map(|text| tokens(text)) {
        if !stopwords::is_stop(&token.folded) {
            *counts.entry(any_number(&token.folded).into_owned()).or_default() += 1;
        }
    }
    let word = |(folded, count)| Word { folded, services: count, expressions: count };
    counts.into_iter().map(word).collect()
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
