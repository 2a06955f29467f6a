//! The words the catalog knows: for reading misspelt words, taking compounds apart, and finding
//! the idea behind a word.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::{cores, expressions::Word, hash::Fnv};
use crate::{
    catalog::Lexicon,
    text::{
        german::{skeleton, stem},
        tokens,
    },
};

/// Shortest word that is read as another one when misspelt: below, too many words are near.
const MIN_TYPO_LEN: usize = 5;
/// A word one letter shorter may lack a letter of a common one ("nict", "perso" without its "s").
const MIN_LACKING_LEN: usize = MIN_TYPO_LEN - 1;
/// From this length on, two letters may differ.
const TWO_TYPOS_LEN: usize = 9;
/// Shortest word whose first letter may be mistyped.
const MIN_FIRST_LETTER_LEN: usize = 7;
/// Shortest word in use that may be somebody's typing error.
const MIN_RARE_TYPO_LEN: usize = 7;
/// A word in use is taken for a misspelt other one only if that is used by so many times more
/// services.
const MUCH_MORE_COMMON: u32 = 12;
/// Shortest part of a compound, in letters of the skeleton.
const MIN_PART: usize = 3;
/// Longest word that is looked at for parts or typos; a longer one is noise.
const MAX_WORD: usize = 40;

/// The words the catalog knows.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// In order of the word.
    words: Vec<Word>,
    stems: FxHashSet<String>,
    /// Where each word is, by its hash.
    by_hash: FxHashMap<u64, u32>,
    /// Words and their skeletons, whole and with one letter deleted, to the words that give them.
    /// Sorted by hash: half a million short lists would cost more than they hold.
    deletions: Vec<(u64, u32)>,
    /// Those of common words alone: all that a word in use can be a misspelling of.
    common_deletions: Vec<(u64, u32)>,
    /// The expressions of the lexicon, and what they begin with, which stands for no idea by itself.
    concepts: FxHashMap<Stems, Vec<u16>>,
    /// The greater one that it stands beside.
    greater: Option<Arc<Self>>,
}

/// One or several stems, hashed: an expression of the lexicon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Stems(Fnv);

impl Default for Stems {
    fn default() -> Self {
        Self(Fnv::new(b'e'))
    }
}

impl Stems {
    /// Takes in the next stem.
    pub fn push(&mut self, stem: &str) {
        self.0.write(stem.as_bytes());
        self.0.write(b" ");
    }
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
    /// Collects the words of all expressions.
    pub fn build(words: Vec<Word>, lexicon: &Lexicon) -> Self {
        let mut vocabulary = Self::of_words(words);
        vocabulary.add_concepts(lexicon);
        vocabulary
    }

    /// The words of a few expressions beside those of a whole catalog: its ideas are shared, and a
    /// word that it knows is no misspelt one of theirs.
    pub fn beside(words: Vec<Word>, greater: &Arc<Self>) -> Self {
        Self { greater: Some(greater.clone()), ..Self::of_words(words) }
    }

    /// Whether it stands beside a greater one.
    pub fn is_beside(&self) -> bool {
        self.greater.is_some()
    }

    fn of_words(mut words: Vec<Word>) -> Self {
        words.sort_unstable();
        let mut vocabulary = Self { deletions: deletions(&words), words, ..Self::default() };
        for (at, Word { folded, .. }) in vocabulary.words.iter().enumerate() {
            vocabulary.by_hash.insert(hash_of([folded, ""]), at as u32);
            let skeleton = skeleton(folded);
            let stem = stem(&skeleton);
            if !vocabulary.stems.contains(stem) {
                vocabulary.stems.insert(stem.to_owned());
            }
        }
        let words = &vocabulary.words;
        let is_common = |(_, at): &&(u64, u32)| words[*at as usize].services >= MUCH_MORE_COMMON;
        vocabulary.common_deletions =
            vocabulary.deletions.iter().filter(is_common).copied().collect();
        vocabulary
    }

    fn add_concepts(&mut self, lexicon: &Lexicon) {
        for (at, concept) in lexicon.concepts.iter().enumerate() {
            for word in &concept.words {
                let mut expression = Stems::default();
                for token in tokens(word) {
                    expression.push(stem(&skeleton(&token.folded)));
                    self.concepts.entry(expression).or_default();
                }
                let concepts = self.concepts.entry(expression).or_default();
                if !concepts.contains(&(at as u16)) {
                    concepts.push(at as u16);
                }
            }
        }
    }

    /// Whether any expression holds a word of this stem.
    pub fn knows(&self, stem: &str) -> bool {
        self.stems.contains(stem)
    }

    /// The ideas an expression of stems stands for; `None` if no longer one begins so either.
    pub fn concepts(&self, expression: &Stems) -> Option<&[u16]> {
        let concepts = self.greater.as_ref().map_or(&self.concepts, |greater| &greater.concepts);
        concepts.get(expression).map(Vec::as_slice)
    }

    /// The known word a misspelt one is meant to be: at most one letter off from five letters on,
    /// two from nine on, as typed or in its spelling skeleton; the nearest, then the most used.
    /// A word that hardly anybody uses is read so only if the other one is common.
    pub fn nearest(&self, folded: &str, misspelt: &str) -> Option<Near<'_>> {
        let length = folded.chars().count();
        if !(MIN_LACKING_LEN..=MAX_WORD).contains(&length)
            || folded.bytes().all(|b| b.is_ascii_digit())
            || self.greater.as_ref().is_some_and(|greater| greater.knows(stem(misspelt)))
        {
            return None;
        }
        let own_uses = self.services_with(folded);
        let lacking = length < MIN_TYPO_LEN;
        let deletions =
            if own_uses > 0 || lacking { &self.common_deletions } else { &self.deletions };
        let mut best: Option<((usize, usize, u32, u32), usize)> = None;
        let mut seen: FxHashSet<u32> = FxHashSet::default();
        let mut consider = |hash| {
            for at in with_deletion(deletions, hash) {
                let Word { folded: word, services: uses, expressions } = &self.words[at as usize];
                let common = own_uses == 0 || *uses >= own_uses * MUCH_MORE_COMMON;
                if !common || !seen.insert(at) {
                    continue;
                }
                let (rough, plain) = if lacking {
                    (None, lacks_one(folded, word).then_some(1))
                } else {
                    (near_enough(misspelt, &skeleton(word)), near_enough(folded, word))
                };
                let Some(distance) = rough.into_iter().chain(plain).min() else { continue };
                // What a single expression holds may be a typing error itself.
                let doubt = usize::from(*expressions == 1);
                let rank = (distance + doubt, plain.unwrap_or(2), u32::MAX - uses, at);
                if best.is_none_or(|(best, _)| rank < best) {
                    best = Some((rank, distance.max(plain.unwrap_or(2))));
                }
            }
        };
        for_deletions(misspelt, &mut consider);
        if misspelt != folded {
            for_deletions(folded, &mut consider);
        }
        best.map(|((.., at), distance)| Near { word: &self.words[at as usize].folded, distance })
    }

    /// How many services use a word, in just this form.
    pub fn services_with(&self, folded: &str) -> u32 {
        self.word(folded).map_or(0, |word| word.services)
    }

    fn word(&self, folded: &str) -> Option<&Word> {
        let word = &self.words[*self.by_hash.get(&hash_of([folded, ""]))? as usize];
        (word.folded == folded).then_some(word)
    }

    /// Whether a word is used so little that it may be somebody's typing error in the catalog:
    /// only once, and long enough that no other word is likely to be near ("Ziegen" and "ziehen"
    /// are).
    pub fn is_rare(&self, folded: &str) -> bool {
        self.word(folded)
            .is_none_or(|word| word.expressions <= 1 && folded.len() >= MIN_RARE_TYPO_LEN)
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

/// Words and their skeletons, whole and with one letter deleted, hashed, with the place of the word
/// that gives them; sorted.
fn deletions(words: &[Word]) -> Vec<(u64, u32)> {
    let shares = cores::even_runs(words.iter().map(|word| word.folded.len()));
    let runs = cores::over(shares, |share| {
        let mut run = Vec::new();
        for at in share {
            let word = &words[at].folded;
            if word.len() >= MIN_TYPO_LEN && word.len() <= MAX_WORD {
                let mut add = |hash| run.push((hash, at as u32));
                let skeleton = skeleton(word);
                for_deletions(&skeleton, &mut add);
                // A typo may change what the skeleton is: "soerrmuell" for "sperrmuell".
                if skeleton != *word {
                    for_deletions(word, &mut add);
                }
            }
        }
        run.sort_unstable();
        run.dedup();
        run
    });
    let mut deletions = runs.concat();
    // Merges the runs: this sort sees what is sorted already.
    deletions.sort();
    deletions
}

/// The words that have this hash among their deletions.
fn with_deletion(deletions: &[(u64, u32)], hash: u64) -> impl Iterator<Item = u32> {
    let start = deletions.partition_point(|(other, _)| *other < hash);
    deletions[start..].iter().take_while(move |(other, _)| *other == hash).map(|&(_, at)| at)
}

/// Whether a word is another one without one of its inner letters.
fn lacks_one(typed: &str, known: &str) -> bool {
    let inner = known.char_indices().skip(1);
    known.len() == typed.len() + 1
        && inner.into_iter().any(|(at, c)| {
            let (before, after) = (&known[..at], &known[at + c.len_utf8()..]);
            typed.strip_prefix(before) == Some(after)
        })
}

/// The letters in which two spellings differ, if that is within the budget of their length.
fn near_enough(typed: &str, known: &str) -> Option<usize> {
    let length = typed.chars().count();
    let budget = match length {
        ..MIN_TYPO_LEN => 0,
        MIN_TYPO_LEN..TWO_TYPOS_LEN => 1,
        _ => 2,
    };
    let distance = strsim::osa_distance(typed, known);
    (distance <= budget && may_begin_so(typed, known, distance, length)).then_some(distance)
}

/// Typos hardly ever hit the first letter, and words that differ there are other words: unless the
/// first two are swapped, or a long word begins with the key beside the right one ("berloren").
fn may_begin_so(typed: &str, known: &str, distance: usize, length: usize) -> bool {
    let (mut typed, mut known) = (typed.chars(), known.chars());
    let (a, b) = (typed.next(), known.next());
    if a == b || (a == known.next() && typed.next() == b) {
        return true;
    }
    let beside = |(a, b): (char, char)| {
        matches!((place_of(a), place_of(b)), (Some((x, row)), Some((u, other)))
            if row.abs_diff(other) <= 1 && x.abs_diff(u) <= 2)
    };
    distance == 1 && length >= MIN_FIRST_LETTER_LEN && a.zip(b).is_some_and(beside)
}

/// Where a letter is on a German keyboard: half keys from the left, row.
fn place_of(letter: char) -> Option<(usize, usize)> {
    ["qwertzuiop", "asdfghjkl", "yxcvbnm"]
        .iter()
        .enumerate()
        .find_map(|(row, keys)| Some((2 * keys.find(letter)? + row, row)))
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
    each(hash_of([word, ""]));
    for (at, c) in word.char_indices() {
        each(hash_of([&word[..at], &word[at + c.len_utf8()..]]));
    }
}

fn hash_of(parts: [&str; 2]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = rustc_hash::FxHasher::default();
    for part in parts {
        part.bytes().for_each(|byte| hasher.write_u8(byte));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vocabulary(words: &[&str]) -> Vocabulary {
        let word = |word: &&str| Word { folded: (*word).to_owned(), services: 1, expressions: 1 };
        let words = words.iter().map(word).collect();
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
        check("pohngeld", None);
        check("eohngeld", Some("wohngeld"));
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
