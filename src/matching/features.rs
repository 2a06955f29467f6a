//! From words to features: what of a text is compared with what people say of a service.

use std::borrow::Cow;

use super::{
    hash::Fnv,
    stopwords,
    vocabulary::{Stems, Vocabulary},
};
use crate::text::{
    Spoken, Token,
    german::{separable_verb, separated_verbs, skeleton, stem},
};

/// The key of a feature: a hash of its kind and text. Two features share a key with a chance of
/// about one in 10^13 for a whole catalog.
pub type Key = u64;

/// What each kind of feature counts. Relations between them were found by comparing on questions
/// that were set apart for tuning; see `docs/matching.md`.
pub mod weight {
    /// A word's stem.
    pub const WORD: f32 = 1.0;
    /// A word like "ich": it keeps word pairs apart and says little else.
    pub const STOP: f32 = 0.15;
    /// A word that asks for a facet ("kosten"): the service is elsewhere in the sentence.
    pub const FACET: f32 = 0.25;
    /// The vocabulary's word in place of a misspelt one.
    pub const CORRECTED: f32 = 0.85;
    /// A separable verb put together again.
    pub const VERB: f32 = 1.0;
    /// One part of a compound.
    pub const PART: f32 = 0.55;
    /// Two neighbouring words.
    pub const PAIR: f32 = 0.5;
    /// Four letters of a word's spelling skeleton.
    pub const GRAM: f32 = 0.33;
    /// A shared idea behind a colloquial or foreign word.
    pub const CONCEPT: f32 = 0.9;
}

/// One feature of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// What it is.
    pub key: Key,
    /// How much it counts, before its rarity.
    pub weight: f32,
    /// Which word of the text it comes from.
    pub token: u16,
    /// Its kind, for explanations and coverage.
    pub kind: Kind,
}

/// The kinds of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "see `weight`")]
pub enum Kind {
    Word,
    Part,
    Pair,
    Gram,
    Concept,
}

/// How a word of the text is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// As a word of the question.
    #[default]
    Content,
    /// It asked for a facet.
    Facet,
    /// It named a place: not compared.
    Place,
    /// It named a day, or is a number that means nothing here: not compared.
    Masked,
}

impl Role {
    /// Whether the word is not compared at all.
    pub fn is_left_out(self) -> bool {
        matches!(self, Self::Place | Self::Masked)
    }
}

/// A word that was read as another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// As typed.
    pub typed: String,
    /// As understood.
    pub read: String,
    /// Letters that differ.
    pub distance: usize,
}

/// What a word gives by itself, whatever stands beside it.
#[derive(Debug)]
pub struct WordFeatures {
    /// The stem of what it is read as.
    pub stem: String,
    /// Whether it is filler.
    pub is_stop: bool,
    /// Stem, parts and letter runs.
    pub features: Vec<Feature>,
}

impl WordFeatures {
    /// Takes a folded word of the catalog apart.
    pub fn of(folded: &str, vocabulary: &Vocabulary) -> Self {
        let word =
            Word { folded: Cow::Borrowed(folded), typed: folded, role: Role::Content, at: 0 };
        let mut out = Extracted::default();
        let stem = word_features(&word, vocabulary, &mut out);
        Self { stem, is_stop: word.is_stop(), features: out.features }
    }
}

/// The features of a text and how its words were read.
#[derive(Debug, Clone, Default)]
pub struct Extracted {
    /// All features, in the order of the text.
    pub features: Vec<Feature>,
    /// Misspelt words.
    pub corrections: Vec<Correction>,
    /// Ideas found (position of the word, position of the concept in the lexicon).
    pub concepts: Vec<(u16, u16)>,
}

/// Takes a question apart: unknown words are read as near known ones.
pub fn extract(tokens: &[Token], roles: &[Role], vocabulary: &Vocabulary) -> Extracted {
    let spoken: Vec<Spoken<'_>> = tokens.iter().map(Spoken::from).collect();
    let words = words(&spoken, roles);
    let mut out = take_apart(&words, vocabulary, |word, out| Stemmed::of(word, vocabulary, out));
    joined_features(&words, vocabulary, &mut out);
    out
}

/// Takes an expression of the catalog apart, but for what its words give by themselves, which is
/// worked out once for all expressions and left to `with_word`. That is called with each word, and
/// with where it stands if it stands there as it is; it returns what it knows of the word.
pub fn extract_expression<'v>(
    spoken: &[Spoken<'_>],
    vocabulary: &Vocabulary,
    mut with_word: impl FnMut(&str, Option<usize>) -> Option<&'v WordFeatures>,
) -> Extracted {
    take_apart(&words(spoken, &[]), vocabulary, |word, out| {
        let at = matches!(word.folded, Cow::Borrowed(_)).then_some(usize::from(word.at));
        match with_word(&word.folded, at) {
            Some(known) => Stemmed { stem: Cow::Borrowed(&known.stem), is_stop: known.is_stop },
            None => Stemmed::of(word, vocabulary, out),
        }
    })
}

fn take_apart<'v>(
    words: &[Word<'_>],
    vocabulary: &Vocabulary,
    mut stemmed: impl FnMut(&Word<'_>, &mut Extracted) -> Stemmed<'v>,
) -> Extracted {
    let features = Vec::with_capacity(2 * words.len());
    let mut out = Extracted { features, ..Extracted::default() };
    let stems: Vec<Stemmed<'v>> = words
        .iter()
        .map(|word| match word.role {
            Role::Place | Role::Masked => Stemmed::default(),
            Role::Content | Role::Facet => stemmed(word, &mut out),
        })
        .collect();
    pair_features(&stems, words, &mut out);
    concept_features(words, &stems, vocabulary, &mut out);
    out
}

/// What a word is to its neighbours.
#[derive(Debug, Default)]
struct Stemmed<'v> {
    /// The stem of what it is read as.
    stem: Cow<'v, str>,
    /// Whether it is filler.
    is_stop: bool,
}

impl Stemmed<'_> {
    /// Takes a word apart, and notes what it gives by itself.
    fn of(word: &Word<'_>, vocabulary: &Vocabulary, out: &mut Extracted) -> Self {
        let stem = Cow::Owned(word_features(word, vocabulary, out));
        Self { stem, is_stop: word.is_stop() }
    }
}

/// A word as it is compared.
struct Word<'a> {
    folded: Cow<'a, str>,
    typed: &'a str,
    role: Role,
    /// Which word of the text it is.
    at: u16,
}

impl Word<'_> {
    fn is_stop(&self) -> bool {
        stopwords::is_stop(&self.folded)
    }
}

/// The words of a text, a separable verb in one piece where its particle stood: "ich melde mein
/// Auto ab" reads as "ich mein Auto abmelden".
fn words<'a>(spoken: &[Spoken<'a>], roles: &[Role]) -> Vec<Word<'a>> {
    let verbs = separated_verbs(spoken);
    let to_a_place = roles.contains(&Role::Place);
    let mut words = Vec::with_capacity(spoken.len());
    for (at, word) in spoken.iter().enumerate() {
        if verbs.iter().any(|verb| verb.verb_at == at) {
            continue;
        }
        let folded = match verbs.iter().find(|verb| verb.particle_at == at) {
            Some(verb) => Cow::Owned(format!("{}en", verb.verb)),
            // "Ich ziehe nach Köln": with a place, which is masked, somebody moves house.
            None if to_a_place && is_moving(word.folded) => Cow::Borrowed("hergezogen"),
            None => any_number(word.folded),
        };
        let role = roles.get(at).copied().unwrap_or_default();
        words.push(Word { folded, typed: word.typed, role, at: at as u16 });
    }
    words
}

/// A form of "ziehen".
fn is_moving(folded: &str) -> bool {
    let present = folded.strip_prefix("zieh").is_some_and(|rest| rest.len() <= 2);
    present || matches!(folded, "gezogen" | "zog" | "zogen")
}

/// A word with a number in it, as for any number: what is true of "10jährigen" is of "12jährigen".
/// Short ones are names ("b2", "34a").
pub fn any_number(folded: &str) -> Cow<'_, str> {
    const MIN_LETTERS: usize = 4;
    let digits = folded.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || folded.len() - digits < MIN_LETTERS {
        return Cow::Borrowed(folded);
    }
    let mut out = String::with_capacity(folded.len());
    for c in folded.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !out.ends_with('0') {
            out.push('0');
        }
    }
    Cow::Owned(out)
}

impl Extracted {
    fn push(&mut self, key: Key, weight: f32, token: u16, kind: Kind) {
        self.features.push(Feature { key, weight, token, kind });
    }

    /// Stem, parts and letter runs of a word.
    fn word(&mut self, skeleton: &str, scale: f32, at: u16, vocabulary: &Vocabulary) {
        self.push(key(b'w', stem(skeleton)), weight::WORD * scale, at, Kind::Word);
        let parts = vocabulary.parts(skeleton);
        for part in &parts {
            self.push(key(b'w', part), weight::PART * scale, at, Kind::Part);
        }
        // "blauekarte" is like "blaue Karte".
        for pair in parts.windows(2) {
            self.push(pair_key(&pair[0], &pair[1]), weight::PAIR * scale, at, Kind::Pair);
        }
        self.grams(skeleton, scale, at);
    }

    fn grams(&mut self, skeleton: &str, scale: f32, token: u16) {
        for_grams(skeleton, |gram| {
            self.push(key(b'g', gram), weight::GRAM * scale, token, Kind::Gram);
        });
    }
}

/// The features of one word; returns the stem of what it was read as.
fn word_features(word: &Word<'_>, vocabulary: &Vocabulary, out: &mut Extracted) -> String {
    let at = word.at;
    if let Some(verb) = separable_verb(&word.folded) {
        let skeleton = skeleton(&verb);
        out.push(key(b'w', stem(&skeleton)), weight::VERB, at, Kind::Word);
    }
    let skeleton = skeleton(&word.folded);
    let stemmed = stem(&skeleton);
    if word.is_stop() {
        // Apart from other words: "mit" is not "Miete", whose stem and skeleton it shares.
        out.push(key(b's', &word.folded), weight::STOP, at, Kind::Word);
        return stemmed.to_owned();
    }
    let scale = if word.role == Role::Facet { weight::FACET } else { 1.0 };
    if (!vocabulary.knows(stemmed) || vocabulary.is_rare(&word.folded))
        && let Some(near) = vocabulary.nearest(&word.folded, &skeleton)
        && *near.word != *word.folded
    {
        let near_skeleton = crate::text::german::skeleton(near.word);
        let near_stem = stem(&near_skeleton);
        if near_stem != stemmed {
            out.corrections.push(Correction {
                typed: word.typed.to_owned(),
                read: near.word.to_owned(),
                distance: near.distance,
            });
            if stopwords::is_stop(near.word) {
                out.push(key(b's', near.word), weight::STOP, at, Kind::Word);
                return near_stem.to_owned();
            }
            out.word(&near_skeleton, scale * weight::CORRECTED, at, vocabulary);
            return near_stem.to_owned();
        }
    }
    out.word(&skeleton, scale, at, vocabulary);
    stemmed.to_owned()
}

/// Pairs of neighbouring words, stop words skipped over.
fn pair_features(stems: &[Stemmed<'_>], words: &[Word<'_>], out: &mut Extracted) {
    let mut last: Option<&str> = None;
    for (Stemmed { stem, is_stop }, word) in stems.iter().zip(words) {
        if word.role.is_left_out() || *is_stop {
            continue;
        }
        if let Some(last) = last {
            out.push(pair_key(last, stem), weight::PAIR, word.at, Kind::Pair);
        }
        last = Some(stem);
    }
}

/// "Führer schein": two words that the vocabulary knows as one. Expressions of the catalog are taken
/// as they are written.
fn joined_features(words: &[Word<'_>], vocabulary: &Vocabulary, out: &mut Extracted) {
    for pair in words.windows(2) {
        let [first, second] = pair else { continue };
        if first.role.is_left_out() || second.role.is_left_out() || second.folded.len() < 3 {
            continue;
        }
        let joined = format!("{}{}", first.folded, second.folded);
        if joined.len() < 7 || first.is_stop() && second.is_stop() {
            continue;
        }
        let skeleton = skeleton(&joined);
        let stemmed = stem(&skeleton);
        if vocabulary.knows(stemmed) {
            out.push(key(b'w', stemmed), weight::CORRECTED, second.at, Kind::Word);
            out.grams(&skeleton, weight::CORRECTED, second.at);
        }
    }
}

/// The ideas behind single words and up to three neighbouring ones.
fn concept_features(
    words: &[Word<'_>],
    stems: &[Stemmed<'_>],
    vocabulary: &Vocabulary,
    out: &mut Extracted,
) {
    for start in 0..words.len() {
        let mut expression = Stems::default();
        for (word, Stemmed { stem, .. }) in words.iter().zip(stems).skip(start).take(3) {
            if word.role.is_left_out() {
                break;
            }
            expression.push(stem);
            // Hardly any word begins an expression of the lexicon.
            let Some(concepts) = vocabulary.concepts(&expression) else { break };
            for &concept in concepts {
                if !out.concepts.iter().any(|(_, found)| *found == concept) {
                    out.concepts.push((words[start].at, concept));
                    let key = concept_key(concept);
                    out.push(key, weight::CONCEPT, words[start].at, Kind::Concept);
                }
            }
        }
    }
}

fn concept_key(concept: u16) -> Key {
    key(b'c', &concept.to_string())
}

fn pair_key(first: &str, second: &str) -> Key {
    let mut hash = Fnv::new(b'p');
    hash.write(first.as_bytes());
    hash.write(b" ");
    hash.write(second.as_bytes());
    hash.finish()
}

fn key(kind: u8, text: &str) -> Key {
    let mut hash = Fnv::new(kind);
    hash.write(text.as_bytes());
    hash.finish()
}

/// Letters of a run. Runs of three and five beside those of four find nothing more.
const GRAM_LEN: usize = 4;

/// Calls back with each run of letters of `^word$`.
fn for_grams(word: &str, mut each: impl FnMut(&str)) {
    if word.chars().count() < 3 {
        return;
    }
    let framed = format!("^{word}$");
    let bounds: Vec<usize> =
        framed.char_indices().map(|(at, _)| at).chain([framed.len()]).collect();
    for run in bounds.windows(GRAM_LEN + 1) {
        each(&framed[run[0]..run[GRAM_LEN]]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalog::Lexicon, text::tokens};

    fn folded(text: &str, masked: &[usize]) -> Vec<String> {
        let tokens = tokens(text);
        let spoken: Vec<Spoken<'_>> = tokens.iter().map(Spoken::from).collect();
        let role = |at| if masked.contains(&at) { Role::Place } else { Role::Content };
        let roles: Vec<Role> = (0..tokens.len()).map(role).collect();
        words(&spoken, &roles).into_iter().map(|word| word.folded.into_owned()).collect()
    }

    #[test]
    fn a_verb_in_two_parts_is_read_as_one() {
        assert_eq!(folded("ich melde mein auto ab", &[]), ["ich", "mein", "auto", "abmelden"]);
    }

    #[test]
    fn going_to_a_place_is_moving_house() {
        assert_eq!(folded("wir ziehen nach köln", &[2, 3])[1], "hergezogen");
        assert_eq!(folded("wir ziehen eine hecke", &[])[1], "ziehen");
    }

    #[test]
    fn numbers_in_words_count_alike() {
        assert_eq!(any_number("10jaehrigen"), any_number("7jaehrigen"));
        assert_eq!(any_number("34a"), "34a");
        assert_eq!(any_number("115"), "115");
    }

    #[test]
    fn a_typing_error_in_the_catalog_is_read_as_the_word_that_is_meant() {
        use crate::matching::expressions::Word;
        let word = |folded: &str, services| Word {
            folded: folded.to_owned(),
            services,
            expressions: services,
        };
        let known =
            [word("beantragen", 40), word("beantragn", 1), word("ziehen", 40), word("ziegen", 1)];
        let vocabulary = Vocabulary::build(known.to_vec(), &Lexicon::default());
        let stem_of = |folded| WordFeatures::of(folded, &vocabulary).stem;
        assert_eq!(stem_of("beantragn"), stem_of("beantragen"));
        assert_ne!(stem_of("ziegen"), stem_of("ziehen"), "goats are not a typing error");
    }
}
