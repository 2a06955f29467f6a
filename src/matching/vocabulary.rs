//! The words the catalog knows: for reading misspelt words, taking compounds apart, and finding
//! the idea behind a word.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::{
    catalog::Lexicon,
    text::{
        german::{skeleton, stem},
        tokens,
    },
};

/// Shortest word that is read as another one when misspelt: below, too many words are near.
const MIN_TYPO_LEN: usize = 5;
/// From this length on, two letters may differ.
const TWO_TYPOS_LEN: usize = 9;
/// Shortest part of a compound, in letters of the skeleton.
const MIN_PART: usize = 3;
/// Longest word that is looked at for parts or typos; a longer one is noise.
const MAX_WORD: usize = 40;

/// The words the catalog knows.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// Folded words with the number of services that use them, in order of the word.
    words: Vec<(String, u32)>,
    stems: FxHashSet<String>,
    /// Skeletons with one letter deleted (and whole), to the words that give them.
    deletions: FxHashMap<u64, Vec<u32>>,
    concepts: FxHashMap<String, Vec<u16>>,
}

/// A known word near a misspelt one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Near<'a> {
    /// The known word.
    pub word: &'a str,
    /// Letters that differ.
    pub distance: usize,
}

impl Vocabulary {
    /// Collects the words of all expressions; each comes with the number of services that use it.
    pub fn build(mut words: Vec<(String, u32)>, lexicon: &Lexicon) -> Self {
        words.sort_unstable();
        words.dedup_by(|a, b| a.0 == b.0);
        let mut vocabulary = Self { words, ..Self::default() };
        for (at, (word, _)) in vocabulary.words.iter().enumerate() {
            let skeleton = skeleton(word);
            vocabulary.stems.insert(stem(&skeleton).to_owned());
            if word.len() >= MIN_TYPO_LEN && word.len() <= MAX_WORD {
                for_deletions(&skeleton, |hash| {
                    vocabulary.deletions.entry(hash).or_default().push(at as u32);
                });
            }
        }
        for (at, concept) in lexicon.concepts.iter().enumerate() {
            for word in &concept.words {
                let expression: Vec<_> = tokens(word)
                    .iter()
                    .map(|token| stem(&skeleton(&token.folded)).to_owned())
                    .collect();
                let concepts = vocabulary.concepts.entry(expression.join(" ")).or_default();
                if !concepts.contains(&(at as u16)) {
                    concepts.push(at as u16);
                }
            }
        }
        vocabulary
    }

    /// Whether any expression holds a word of this stem.
    pub fn knows(&self, stem: &str) -> bool {
        self.stems.contains(stem)
    }

    /// The ideas an expression of stems stands for.
    pub fn concepts(&self, expression: &str) -> &[u16] {
        self.concepts.get(expression).map_or(&[], Vec::as_slice)
    }

    /// The known word a misspelt one is meant to be: at most one letter off from five letters on,
    /// two from nine on; the nearest, then the most used.
    pub fn nearest(&self, folded: &str, misspelt: &str) -> Option<Near<'_>> {
        let length = misspelt.chars().count();
        if !(MIN_TYPO_LEN..=MAX_WORD).contains(&length)
            || folded.bytes().all(|b| b.is_ascii_digit())
        {
            return None;
        }
        let budget = if length >= TWO_TYPOS_LEN { 2 } else { 1 };
        let mut best: Option<(usize, usize, u32, u32)> = None;
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        for_deletions(misspelt, |hash| {
            for &at in self.deletions.get(&hash).into_iter().flatten() {
                if !seen.insert(at) {
                    continue;
                }
                let (word, uses) = &self.words[at as usize];
                let known = skeleton(word);
                let distance = strsim::osa_distance(misspelt, &known);
                if distance > budget || (distance > 0 && differs_in_first_letter(misspelt, &known))
                {
                    continue;
                }
                let plain = strsim::osa_distance(folded, word);
                let rank = (distance, plain, u32::MAX - uses, at);
                if best.is_none_or(|best| rank < best) {
                    best = Some(rank);
                }
            }
        });
        best.map(|(distance, plain, _, at)| Near {
            word: &self.words[at as usize].0,
            distance: distance.max(plain.min(2)),
        })
    }

    /// The stems of a compound's parts, if all of it can be cut into known words; empty otherwise.
    pub fn parts(&self, skeleton: &str) -> Vec<String> {
        if skeleton.len() < 2 * MIN_PART + 1 || skeleton.len() > MAX_WORD || !skeleton.is_ascii() {
            return Vec::new();
        }
        let mut parts = Vec::new();
        self.split(skeleton, 0, &mut parts);
        parts
    }

    /// Cuts off the longest known end whose rest is known too (or can be cut once more).
    fn split(&self, word: &str, depth: usize, parts: &mut Vec<String>) -> bool {
        for cut in MIN_PART..=word.len().saturating_sub(MIN_PART) {
            let (left, right) = word.split_at(cut);
            let right_stem = stem(right);
            if right_stem.len() < MIN_PART || !self.knows(right_stem) || is_affix(right) {
                continue;
            }
            if let Some(left_stem) = self.known_first_part(left) {
                parts.push(left_stem);
                parts.push(right_stem.to_owned());
                return true;
            }
            if depth < 2 && self.split(left, depth + 1, parts) {
                parts.push(right_stem.to_owned());
                return true;
            }
        }
        false
    }

    /// The first part of a compound, with or without its linking letters.
    fn known_first_part(&self, part: &str) -> Option<String> {
        if is_affix(part) {
            return None;
        }
        for link in ["", "s", "es", "n", "en", "er", "e"] {
            let Some(bare) = part.strip_suffix(link) else { continue };
            if bare.len() >= MIN_PART && self.knows(stem(bare)) && !is_affix(bare) {
                return Some(stem(bare).to_owned());
            }
        }
        None
    }
}

/// Typos hardly ever hit the first letter, and words that differ there are other words.
fn differs_in_first_letter(a: &str, b: &str) -> bool {
    let swapped = a.chars().next() == b.chars().nth(1) && a.chars().nth(1) == b.chars().next();
    a.chars().next() != b.chars().next() && !swapped
}

/// Beginnings and endings that are words by themselves, but no parts of a compound.
fn is_affix(part: &str) -> bool {
    matches!(
        part,
        "aus"
            | "ein"
            | "auf"
            | "for"
            | "mit"
            | "weg"
            | "ung"
            | "ungen"
            | "heit"
            | "keit"
            | "lich"
            | "ben"
            | "ent"
            | "fer"
            | "ges"
            | "ten"
            | "den"
            | "der"
            | "die"
            | "das"
            | "des"
            | "ter"
            | "nis"
            | "bar"
            | "ich"
            | "sie"
            | "ist"
            | "und"
            | "unter"
            | "uber"
            | "hin"
            | "her"
            | "bei"
            | "zur"
            | "zum"
            | "fon"
            | "als"
            | "hat"
            | "man"
            | "fur"
            | "nach"
            | "sein"
            | "rat"
    )
}

/// Hashes of a word and of the word with each one letter left out.
fn for_deletions(word: &str, mut each: impl FnMut(u64)) {
    use std::hash::Hasher;
    let hash = |parts: [&str; 2]| {
        let mut hasher = rustc_hash::FxHasher::default();
        for part in parts {
            part.bytes().for_each(|byte| hasher.write_u8(byte));
        }
        hasher.finish()
    };
    each(hash([word, ""]));
    for (at, c) in word.char_indices() {
        each(hash([&word[..at], &word[at + c.len_utf8()..]]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(words: &[&str]) -> Vocabulary {
        let words = words.iter().map(|word| ((*word).to_owned(), 1)).collect();
        Vocabulary::build(words, &Lexicon::default())
    }

    #[test]
    fn misspelt_words_are_read_as_the_near_known_one() {
        let known =
            vocabulary(&["personalausweis", "fuehrerschein", "wohngeld", "hund", "kindergeld"]);
        let check = |typed: &str, expected: Option<&str>| {
            let near = known.nearest(typed, &skeleton(typed));
            assert_eq!(near.map(|near| near.word), expected, "{typed}");
        };
        check("personalauswies", Some("personalausweis"));
        check("persnalausweiss", Some("personalausweis"));
        check("fuherschein", Some("fuehrerschein"));
        check("wohngled", Some("wohngeld"));
        check("hudn", None);
        check("kindergarten", None);
    }

    #[test]
    fn compounds_are_cut_into_known_words_only() {
        let known = vocabulary(&[
            "bewohner",
            "park",
            "ausweis",
            "verlaengerung",
            "hund",
            "steuer",
            "geburt",
            "urkunde",
        ]);
        let parts = |word: &str| known.parts(&skeleton(word));
        assert_eq!(parts("hundesteuer"), ["hund", "steur"]);
        assert_eq!(parts("geburtsurkunde"), ["geburt", "urkund"]);
        assert_eq!(
            parts("bewohnerparkausweisverlaengerung"),
            ["bewon", "park", "ausweis", "ferlangerung"]
        );
        assert!(parts("sporthalle").is_empty());
    }
}
